"""Ask a board, and upload to it."""

from base64 import b64encode
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp.hdrs import METH_GET, METH_POST
from yarl import URL

from ..errors import (
    AnswerLost,
    BoardError,
    BoardSilent,
    BoardUnreachable,
    NotABoard,
    SketchTooLarge,
    StorageFailed,
    UploadCut,
    UploadRejected,
    UploadStalled,
    WrongPassword,
)
from ..libraries import OTA_PORT, Library
from ..sketch.checks import INTERNAL_STORAGE
from .exchange import ConnectionCut, Exchange, Patience, Silence
from .response import Answer
from .transfer import Assure, Transfer

# The only two headers that a board reads, and only when they are spelled like this.
AUTHORIZATION = "Authorization"
CONTENT_LENGTH = "Content-Length"
UPLOAD_PATH = "/sketch"
USER = "arduino"
# A sketch looks for requests once in a loop: what else the loop does may take this many seconds.
ANSWER_WITHIN = 10.0
# How many seconds without a byte taken end an upload. No board is known to pause that long and go on.
STALL_AFTER = 30.0


def _credentials(password: str) -> str:
    """Return what a board compares the Authorization header with, as a whole and byte by byte.

    Bytes that are not UTF-8 may be given as surrogate escapes.
    """
    return f"Basic {b64encode(f'{USER}:{password}'.encode(errors='surrogateescape')).decode()}"


class BoardClient:
    """A board at an address.

    It handles one request at a time and does nothing else meanwhile: do not ask it twice at once.
    """

    def __init__(
        self, session: aiohttp.ClientSession, host: str, port: int = OTA_PORT, assure: Assure | None = None
    ) -> None:
        """Name a board by host name or IP address.

        `assure` is awaited with the peer's IP address for every connection. Another board may have got the address, and
        must not get the password: where there is one to be sent, `assure` comes before the first byte. Elsewhere it
        comes last, because a connection without a request costs a sketch two seconds. What it raises ends the request.
        """
        self._session = session
        self._host = host
        self._port = port
        self._assure = assure

    async def identify(self, *, timeout: float = ANSWER_WITHIN) -> Library:
        """Find out whether a board is there, and which library its sketch uses.

        It answers 404 to any request that is no upload. `timeout` counts in seconds, for the connection and again
        for the answer.

        Raises BoardUnreachable, BoardSilent or NotABoard.
        """
        question = Transfer()
        answer, library = await self._ask(METH_GET, "/", {}, question, timeout)
        if answer.status != 404:
            raise NotABoard(f"It answered with status {answer.status} where a board answers with 404")
        if self._assure is not None:
            await self._assure(question.peer)
        return library

    async def check_password(self, password: str, *, timeout: float = ANSWER_WITHIN) -> None:
        """Ask a board whether it takes a password; nothing on it changes.

        The board looks at the password first, and only then at an upload of no length: it answers 401 or 400.
        `timeout` counts in seconds, for the connection and again for the answer.

        Raises WrongPassword, BoardUnreachable, BoardSilent or NotABoard.
        """
        headers = {AUTHORIZATION: _credentials(password), CONTENT_LENGTH: "0"}
        answer, _ = await self._ask(METH_POST, UPLOAD_PATH, headers, Transfer(assure=self._assure), timeout)
        match answer.status:
            case 400:
                return
            case 401:
                raise WrongPassword("The board wants another password")
            case status:
                raise NotABoard(f"It answered with status {status} where a board answers with 400 or 401")

    async def upload(
        self,
        image: bytes,
        password: str,
        *,
        on_progress: Callable[[int], None] | None = None,
        before_last: Callable[[], Awaitable[None]] | None = None,
        stall_after: float = STALL_AFTER,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        """Upload an image. Once this returns, the board has answered 200 and replaces its sketch.

        `on_progress` is called with the number of bytes that the board has taken, which only grows. `before_last` is
        awaited when the board has taken all but the last piece: until it returns, the board cannot flash.
        `stall_after` is for how many seconds the board may take nothing, and `answer_within` how many seconds it has
        for the answer once it has taken everything. However this ends, the connection has ended with it.

        A wrong password costs the whole upload: the board reads everything before it says so.

        Raises, when nothing was applied: BoardUnreachable, NotABoard, WrongPassword, StorageFailed, SketchTooLarge,
        UploadRejected, UploadCut or UploadStalled. Raises AnswerLost when the board may flash or not.
        """
        transfer = Transfer(image, self._assure)
        headers = {AUTHORIZATION: _credentials(password), CONTENT_LENGTH: str(len(image))}
        patience = Patience(connect=ANSWER_WITHIN, stall=stall_after, answer=answer_within)
        try:
            answer = await self._exchange(METH_POST, UPLOAD_PATH, headers, transfer, patience).run(
                on_progress, before_last
            )
        except (ConnectionCut, Silence, NotABoard) as error:
            raise _failed(error, transfer) from None
        match answer.status:
            case 200 if transfer.complete:
                return
            case 200:
                raise UploadCut(transfer.taken, transfer.size)
            case 401:
                raise WrongPassword("The board wants another password")
            case 413:
                raise SketchTooLarge(f"The board has no room for {transfer.size} bytes")
            case 500 if transfer.size > INTERNAL_STORAGE:
                # ArduinoOTA 1.0.8 and later do not even open their internal storage for such a sketch.
                raise SketchTooLarge(f"The board has no room for {transfer.size} bytes")
            case 500:
                raise StorageFailed("The board could not open its storage")
            case status:
                raise UploadRejected(status)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], transfer: Transfer, timeout: float
    ) -> tuple[Answer, Library]:
        """Send a request without a body; return the answer, and the library that answers like that."""
        patience = Patience(connect=timeout, stall=timeout, answer=timeout)
        try:
            answer = await self._exchange(method, path, headers, transfer, patience).run()
        except ConnectionCut:
            raise BoardSilent("The connection ended without an answer") from None
        except Silence as error:
            raise BoardSilent(f"No answer came within {error.seconds:g} seconds") from None
        if answer.headers is None:
            raise BoardSilent("The connection ended in the middle of the answer")
        if (library := answer.library) is None:
            raise NotABoard(f"It answered with status {answer.status}, but not the way a board does")
        return answer, library

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], transfer: Transfer, patience: Patience
    ) -> Exchange:
        try:
            url = URL.build(scheme="http", host=self._host, port=self._port, path=path)
        except ValueError:
            raise BoardUnreachable(f"There can be no host named {self._host!r}") from None
        return Exchange(self._session, method, url, {"Connection": "close", **headers}, transfer, patience)


def _failed(error: ConnectionCut | Silence | NotABoard, transfer: Transfer) -> BoardError:
    """Return what it means that no answer came to an upload."""
    if transfer.complete:
        return AnswerLost("The board may have the whole sketch, and its answer did not arrive")
    match error:
        case NotABoard():
            return error
        case Silence(seconds=seconds):
            return UploadStalled(transfer.taken, transfer.size, seconds)
    return UploadCut(transfer.taken, transfer.size)
