"""One request to a board and its response, on a connection of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import time
from typing import Any

import aiohttp
from aiohttp.hdrs import CONTENT_TYPE, HOST
from aiohttp.http import RawResponseMessage
from yarl import URL

from .. import errors, limits
from .response import REASONS, Response
from .transfer import Transfer

# How often to see how far the board is, in seconds.
PROGRESS_INTERVAL = 0.05
# The end of the connection follows a board's response at once, half a second later with ArduinoOTA.
END_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTimeouts:
    """How many seconds a request waits."""

    # A board that is there accepts a connection at once, however busy its sketch is: its Wi-Fi module does that. The
    # attempt is repeated after 1 and 3 s.
    connect: float = 5.0
    # For the next byte of a body to be taken. More than a loop takes, and no board is known to pause that long.
    stall: float = 30.0
    # For the whole body to be taken. A board takes the largest in some 15 s; who takes a byte now and then is none.
    body: float = 300.0
    # A sketch looks for a request once in a loop, and what else the loop does may take this long. Whoever gives up
    # earlier and asks again makes it worse: requests that were given up are answered before new ones (protocol.md).
    answer: float = 25.0


@dataclass(slots=True)
class Exchange:
    """One request and its response: nobody else uses the connection, and it is gone afterwards.

    `headers` are sent as they are spelled, with Host and nothing else.
    """

    session: aiohttp.ClientSession
    method: str
    url: URL
    headers: Mapping[str, str] = field(repr=False)
    transfer: Transfer
    timeouts: RequestTimeouts
    on_progress: Callable[[int], None] | None = None
    before_last_chunk: Callable[[], Awaitable[None]] | None = None
    _reported: int = 0

    async def run(self) -> Response:
        """Send, and wait for the response.

        Raises BoardUnreachable, NotABoard if it is no HTTP that comes back, BoardSilent, UploadCut or UploadStalled if
        nothing does, AnswerLost instead of these where the board may have the whole body, whatever the callbacks raise,
        and the BoardError of whoever refuses the peer.
        """
        request = asyncio.create_task(self._send())
        try:
            await self._follow(request)
            if not self.transfer.complete:
                # An early response, if any: there is no more to say, and nobody listens.
                self.transfer.abandon()
            response = await self._read(request)
            if self.transfer.complete:
                self._report(self.transfer.size)
            return response
        finally:
            abandoned = self.transfer.abandon()
            if request.cancel() or abandoned:
                # The connection ends in a turn of the event loop.
                await asyncio.wait({request})
            if not request.cancelled() and request.exception() is None:
                request.result().close()

    async def _follow(self, request: asyncio.Task[aiohttp.ClientResponse]) -> None:
        """Watch the transfer until a response begins or the request fails."""
        transfer, before_last_chunk = self.transfer, self.before_last_chunk
        if before_last_chunk is None:
            transfer.release_last_chunk()
        while not request.done():
            events: set[asyncio.Future[Any]] = {request}
            if before_last_chunk is not None:
                events.add(transfer.at_last_chunk)
            await asyncio.wait(events, timeout=PROGRESS_INTERVAL, return_when=asyncio.FIRST_COMPLETED)
            taken = transfer.measure()
            self._report(taken)
            if request.done():
                return
            began, is_taken = transfer.connected_at, taken >= transfer.size
            if began is not None and not is_taken and time.monotonic() - began >= self.timeouts.body:
                raise self._unanswered(errors.UploadCut(taken, transfer.size))
            allowed = self.timeouts.answer if is_taken else self.timeouts.stall
            if before_last_chunk is not None and transfer.at_last_chunk.done():
                await before_last_chunk()
                before_last_chunk = None
                transfer.release_last_chunk()
            elif began is not None and transfer.idle >= allowed:
                if not transfer.size:
                    raise errors.BoardSilent(f"No answer came within {allowed:g} seconds")
                raise self._unanswered(errors.UploadStalled(taken, transfer.size, allowed))

    def _report(self, taken: int) -> None:
        if self.on_progress is not None and taken > self._reported:
            self._reported = taken
            self.on_progress(taken)

    async def _read(self, request: asyncio.Task[aiohttp.ClientResponse]) -> Response:
        """Read what the request brought, or say why it brought nothing.

        What aiohttp raises is not passed on, not even as a cause: it carries the head, and so the password.
        """
        transfer = self.transfer
        if transfer.refusal is not None:
            raise transfer.refusal
        try:
            response = request.result()
        except aiohttp.ClientResponseError, aiohttp.ClientPayloadError:
            raise self._unanswered(errors.NotABoard("What answers there does not speak HTTP as a board does")) from None
        except (aiohttp.ClientError, OSError) as error:
            match error:
                case aiohttp.ServerDisconnectedError(message=RawResponseMessage(version=version, code=code)) if (
                    code in REASONS
                ):
                    return Response(version, code, REASONS[code], None)
                case aiohttp.ClientConnectorDNSError():
                    raise errors.HostUnknown("There is no host of this name") from None
            if transfer.connected_at is None:
                raise errors.BoardUnreachable("Nothing accepts a connection there") from None
            if not transfer.size:
                raise errors.BoardSilent("The connection ended without an answer") from None
            raise self._unanswered(errors.UploadCut(transfer.taken, transfer.size)) from None
        body = b""
        # The status is known: a connection that ends roughly behind it changes nothing.
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(END_TIMEOUT):
                body = await response.content.read(limits.BOARD_BODY)
        assert response.version is not None
        return Response(response.version, response.status, response.reason or "", response.raw_headers, body)

    def _unanswered(self, error: errors.BoardError) -> errors.BoardError:
        """Return the error of an exchange without a response: what was sent may have been applied all the same."""
        if self.transfer.size and self.transfer.complete:
            return errors.AnswerLost("The board may have the whole sketch, and its answer did not arrive")
        return error

    async def _send(self) -> aiohttp.ClientResponse:
        return await self.session.request(
            self.method,
            self.url,
            data=self.transfer,
            allow_redirects=False,
            auto_decompress=False,
            max_field_size=limits.BOARD_LINE,
            max_headers=limits.BOARD_HEADERS,
            max_line_size=limits.BOARD_LINE,
            middlewares=(self._bare,),
            raise_for_status=False,
            read_bufsize=limits.BOARD_BODY,
            skip_auto_headers=(CONTENT_TYPE,),
            timeout=aiohttp.ClientTimeout(connect=self.timeouts.connect, sock_connect=self.timeouts.connect),
        )

    async def _bare(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Leave out whatever the session adds: a board reads two headers and has 1 s for each line."""
        host = request.headers[HOST]
        request.headers.clear()
        request.headers[HOST] = host
        request.headers.update(self.headers)
        request.proxy = None
        return await handler(request)
