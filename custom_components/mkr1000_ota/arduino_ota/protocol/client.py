"""Ask a board, and upload to it."""

from base64 import b64encode
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp.hdrs import AUTHORIZATION, CONTENT_LENGTH, METH_GET, METH_POST
from yarl import URL

from .. import errors
from ..hardware import LARGEST_SKETCH, Storage
from ..libraries import OTA_PORT, Library
from .exchange import Exchange, RequestTimeouts
from .transfer import Transfer, VerifyPeer

DEFAULT_TIMEOUTS = RequestTimeouts()


def _credentials(password: str) -> str:
    """Return what a board compares the Authorization header with, as a whole and byte by byte.

    Bytes that are not UTF-8 may be given as surrogate escapes. Raises WrongPassword for what no bytes stand for.
    """
    try:
        return f"Basic {b64encode(f'arduino:{password}'.encode(errors='surrogateescape')).decode()}"
    except UnicodeEncodeError:
        raise errors.WrongPassword("No sketch can want such a password") from None


class BoardClient:
    """A board at `host`, a name or an IP address, and `port`; whoever learns that it has got others changes them.

    It handles one request at a time and does nothing else meanwhile: do not ask it twice at once.

    `verify_peer` is awaited with the peer's IP address for every connection. Another board may have got the address, and
    must not get the password: where there is one to be sent, `verify_peer` comes before the first byte. Elsewhere it
    comes last, because a connection without a request costs a sketch two seconds. What it raises ends the request.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int = OTA_PORT,
        verify_peer: VerifyPeer | None = None,
        timeouts: RequestTimeouts | None = None,
    ) -> None:
        self._session = session
        self.host = host
        self.port = port
        self._verify_peer = verify_peer
        self._timeouts = timeouts or DEFAULT_TIMEOUTS
        # When it accepted the connection of the last request, by time.monotonic(): no restart since, until its response.
        self.connected_at = 0.0

    async def identify(self) -> Library:
        """Find out whether a board is there, and which library its sketch uses.

        It answers 404 to any request that is no upload.

        Raises BoardUnreachable, BoardSilent or NotABoard.
        """
        transfer = Transfer()
        status, library = await self._ask(METH_GET, "/", {}, transfer)
        if status != 404:
            raise errors.NotABoard(f"It answered with status {status} where a board answers with 404")
        if self._verify_peer is not None:
            await self._verify_peer(transfer.peer)
        return library

    async def check_password(self, password: str) -> Library:
        """Ask a board whether it takes a password, and return the library of its sketch; nothing on it changes.

        The board looks at the password first, and only then at an upload of no length: it answers 401 or 400.

        Raises WrongPassword, BoardUnreachable, BoardSilent or NotABoard.
        """
        headers: dict[str, str] = {AUTHORIZATION: _credentials(password), CONTENT_LENGTH: "0"}
        status, library = await self._ask(METH_POST, "/sketch", headers, Transfer(verify_peer=self._verify_peer))
        match status:
            case 400:
                return library
            case 401:
                raise errors.WrongPassword("The board wants another password")
        raise errors.NotABoard(f"It answered with status {status} where a board answers with 400 or 401")

    async def upload(
        self,
        image: bytes,
        password: str,
        *,
        on_progress: Callable[[int], None] | None = None,
        before_last_chunk: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Upload an image. Once this returns, the board has answered 200 and replaces its sketch.

        `on_progress` is called with the number of bytes that the board has taken, which only grows. `before_last_chunk`
        is awaited when the board has taken all but the last chunk: until it returns, the board cannot flash. However
        this ends, the connection has ended with it.

        A wrong password costs the whole upload: the board reads everything before it says so.

        Raises, when nothing was applied: BoardUnreachable, NotABoard, WrongPassword, StorageFailed, SketchTooLarge,
        UploadRejected, UploadCut or UploadStalled. Raises AnswerLost when the board may flash or not.
        """
        transfer = Transfer(image, self._verify_peer)
        headers: dict[str, str] = {AUTHORIZATION: _credentials(password), CONTENT_LENGTH: str(len(image))}
        exchange = self._exchange(METH_POST, "/sketch", headers, transfer)
        exchange.on_progress, exchange.before_last_chunk = on_progress, before_last_chunk
        response = await exchange.run()
        match response.status:
            case 200 if transfer.complete:
                return
            case 200:
                raise errors.UploadCut(transfer.taken, transfer.size)
            case 401:
                raise errors.WrongPassword("The board wants another password")
            case 413 | 500 if response.status == 413 or transfer.size > LARGEST_SKETCH[Storage.INTERNAL]:
                # ArduinoOTA 1.0.8 and later do not even open their internal storage for such a sketch.
                raise errors.SketchTooLarge(f"The board has no room for {transfer.size} bytes")
            case 500:
                raise errors.StorageFailed("The board could not open its storage")
            case status:
                raise errors.UploadRejected(status)

    async def _ask(self, method: str, path: str, headers: dict[str, str], transfer: Transfer) -> tuple[int, Library]:
        """Send a request without a body; return the status of the response, and the library that answers like that."""
        response = await self._exchange(method, path, headers, transfer).run()
        if response.headers is None:
            raise errors.BoardSilent("The connection ended in the middle of the answer")
        if (library := response.library) is None:
            raise errors.NotABoard(f"It answered with status {response.status}, but not the way a board does")
        self.connected_at = transfer.connected_at or 0.0
        return response.status, library

    def _exchange(self, method: str, path: str, headers: dict[str, str], transfer: Transfer) -> Exchange:
        try:
            url = URL.build(scheme="http", host=self.host, port=self.port, path=path)
        except ValueError:
            raise errors.HostUnknown(f"There can be no host named {self.host!r}") from None
        return Exchange(self._session, method, url, {"Connection": "close", **headers}, transfer, self._timeouts)
