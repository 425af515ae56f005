"""One request to a board and its answer, on a connection of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from aiohttp.hdrs import CONTENT_TYPE, HOST
from aiohttp.http import RawResponseMessage
from yarl import URL

from ..errors import BoardUnreachable, NotABoard
from .response import REASONS, Answer
from .transfer import Transfer

# How often to see how far the board is.
LOOK = 0.05
# The end of the connection follows a board's answer at once, half a second later with ArduinoOTA.
END_WITHIN = 1.0
# More than the longest body that a board sends, "Internal Server Error".
LONGEST_BODY = 64


class ConnectionCut(Exception):
    """The connection was accepted and ended without an answer."""


class Silence(Exception):
    """The board neither took a byte nor answered for as long as was allowed."""

    def __init__(self, seconds: float) -> None:
        """State how long that was."""
        super().__init__(f"Nothing happened for {seconds:g} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many seconds to wait: for the connection, for the next byte to be taken, for the answer after that."""

    connect: float
    stall: float
    answer: float


class Exchange:
    """One request and its answer: nobody else uses the connection, and it is gone afterwards."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        transfer: Transfer,
        patience: Patience,
    ) -> None:
        """Prepare the request. `headers` are sent as they are spelled, with Host and nothing else."""
        self._session = session
        self._method = method
        self._url = url
        self._headers = headers
        self._transfer = transfer
        self._patience = patience
        self._reported = 0

    async def run(
        self,
        on_progress: Callable[[int], None] | None = None,
        before_last: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer:
        """Send, and wait for the answer.

        Raises BoardUnreachable, ConnectionCut, NotABoard if it is no HTTP that comes back, Silence, whatever the
        callbacks raise, and the BoardError of whoever refuses the peer.
        """
        request = asyncio.create_task(self._send())
        answered = False
        try:
            await self._follow(request, on_progress, before_last)
            if not self._transfer.complete:
                # An early answer, if any: there is no more to say, and nobody listens.
                self._transfer.abandon()
            answer = await self._read(request)
            if answered := self._transfer.complete:
                self._report(self._transfer.size, on_progress)
        finally:
            if not answered:
                self._transfer.abandon()
            request.cancel()
            await asyncio.wait({request})
            if not request.cancelled() and request.exception() is None:
                request.result().close()
        return answer

    async def _follow(
        self,
        request: asyncio.Task[aiohttp.ClientResponse],
        on_progress: Callable[[int], None] | None,
        before_last: Callable[[], Awaitable[None]] | None,
    ) -> None:
        """Watch the transfer until an answer begins or the request fails."""
        transfer = self._transfer
        events: set[asyncio.Future[None] | asyncio.Task[aiohttp.ClientResponse]] = {request}
        if before_last is None:
            transfer.let_go()
        else:
            events.add(transfer.at_last_piece)
        while not request.done():
            await asyncio.wait(events, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            taken = transfer.measure()
            self._report(taken, on_progress)
            if before_last is not None and transfer.at_last_piece.done() and not request.done():
                events = {request}
                await before_last()
                before_last = None
                transfer.let_go()
                continue
            allowed = self._patience.stall if taken < transfer.size else self._patience.answer
            if transfer.connected and transfer.idle >= allowed and not request.done():
                raise Silence(allowed)

    def _report(self, taken: int, on_progress: Callable[[int], None] | None) -> None:
        if on_progress is not None and taken > self._reported:
            self._reported = taken
            on_progress(taken)

    async def _read(self, request: asyncio.Task[aiohttp.ClientResponse]) -> Answer:
        """Read what the request brought, or say why it brought nothing.

        What aiohttp raises is not passed on, not even as a cause: it carries the head, and so the password.
        """
        if (refusal := self._transfer.refusal) is not None:
            raise refusal
        try:
            response = request.result()
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise BoardUnreachable(str(error)) from None
        except aiohttp.ClientResponseError, aiohttp.ClientPayloadError:
            raise NotABoard("What answers there does not speak HTTP") from None
        except aiohttp.ServerDisconnectedError as error:
            if (answer := _beginning_of_answer(error)) is None:
                raise ConnectionCut from None
            return answer
        except (aiohttp.ClientError, OSError) as error:
            if not self._transfer.connected:
                raise BoardUnreachable(str(error)) from None
            raise ConnectionCut from None
        body = b""
        # The status is known: a connection that ends roughly behind it changes nothing.
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(END_WITHIN):
                body = await response.content.read(LONGEST_BODY)
        assert response.version is not None
        return Answer(response.version, response.status, response.reason or "", response.raw_headers, body)

    async def _send(self) -> aiohttp.ClientResponse:
        return await self._session.request(
            self._method,
            self._url,
            data=self._transfer,
            allow_redirects=False,
            raise_for_status=False,
            skip_auto_headers=(CONTENT_TYPE,),
            middlewares=(self._bare,),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._patience.connect, sock_connect=self._patience.connect, sock_read=None
            ),
        )

    async def _bare(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Leave out whatever the session adds: a board reads two headers and has 1 s for each line."""
        host = request.headers[HOST]
        request.headers.clear()
        request.headers[HOST] = host
        request.headers.update(self._headers)
        request.update_proxy(None, None, None)
        return await handler(request)


def _beginning_of_answer(error: aiohttp.ServerDisconnectedError) -> Answer | None:
    """Return what came of an answer if that was the status at least."""
    match error.message:
        case RawResponseMessage(version=version, code=code) if code in REASONS:
            return Answer(version, code, REASONS[code], None)
    return None
