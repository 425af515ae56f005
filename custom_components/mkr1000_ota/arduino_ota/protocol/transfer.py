"""The body of a request on its way to a board, at the pace at which the board takes it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fcntl import ioctl
import socket
import struct
from termios import FIONREAD, TIOCOUTQ
from typing import NoReturn, override

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from ..errors import BoardError

# The kernel shall take little more than the board can, which has 2 to 3 KB of room: where it does not tell what waits
# in it, progress is wrong by that much. Smaller values cost more turns of the event loop than the transfer itself.
# Linux books twice the second one.
PIECE = 4096
SEND_BUFFER = 8192
# Seconds between looks at whether the board has taken what was handed over. Nothing tells when that happens.
LOOK_AGAIN = 0.001
INT = struct.Struct("i")
# On, and no time: closing then drops what is unsent and tells the peer at once (RST).
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


# Takes the IP address of a peer that has just accepted a connection. Raises a BoardError if nothing must be sent to it.
type Assure = Callable[[str], Awaitable[None]]


def _count(transport: asyncio.WriteTransport, question: int) -> int | None:
    """Ask the kernel for a number of bytes; None where it does not know, or the connection is gone."""
    try:
        answer = ioctl(transport.get_extra_info("socket").fileno(), question, bytes(INT.size))
    except OSError, ValueError:
        return None
    count: int = INT.unpack(answer)[0]
    return count


class Transfer(Payload):
    """A request's head and body, handed to the connection piece by piece.

    The last piece is held back until `let_go()`. Until then the board cannot have the whole body, whatever
    happens, and so cannot apply it.
    """

    _autoclose = True

    def __init__(self, body: bytes = b"", assure: Assure | None = None) -> None:
        """Prepare to send `body`, which is never copied, to a peer that `assure` agrees with."""
        super().__init__(body)
        self._assure = assure
        self._body = memoryview(body)
        self._transport: asyncio.WriteTransport | None = None
        self._handed_over = 0
        self.taken = 0
        self._loop = asyncio.get_running_loop()
        self._moved_at = self._loop.time()
        self._may_end = asyncio.Event()
        self.at_last_piece: asyncio.Future[None] = self._loop.create_future()
        self.connected = False
        self.complete = False
        self.peer = ""
        self.refusal: BoardError | None = None

    @property
    @override
    def size(self) -> int:
        """Length of the body in bytes."""
        return len(self._body)

    def measure(self) -> int:
        """Find out how many bytes of the body the board has taken: acknowledged, not merely out of our hands."""
        if (transport := self._transport) is not None and not transport.is_closing():
            waiting = transport.get_write_buffer_size() + (_count(transport, TIOCOUTQ) or 0)
            if (taken := self._handed_over - waiting) > self.taken:
                self.taken = taken
                self.touch()
        return self.taken

    @property
    def idle(self) -> float:
        """For how many seconds the board has neither accepted the connection nor taken a byte."""
        return self._loop.time() - self._moved_at

    def touch(self) -> None:
        """Start to count idle seconds anew."""
        self._moved_at = self._loop.time()

    def let_go(self) -> None:
        """Allow the last piece to go."""
        self.touch()
        self._may_end.set()

    def abandon(self) -> None:
        """End the connection so that the board hears of it at once.

        It is deaf until it does, and the ordinary end (FIN) would wait behind what it does not take. What is unsent
        must not reach it later either, when nobody reckons with it any more.
        """
        if (transport := self._transport) is None:
            return
        if transport.get_write_buffer_size() or _count(transport, TIOCOUTQ) != 0:
            with suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()

    @override
    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the head in one segment, then the body as fast as the board takes it."""
        # A request that failed must not be repeated by itself: aiohttp asks this before it does.
        self._consumed = True
        self.connected = True
        self.touch()
        transport = writer.transport
        assert transport is not None
        self._transport = transport
        self.peer = transport.get_extra_info("peername")[0]
        if self._assure is not None:
            try:
                await self._assure(self.peer)
            except BoardError as refusal:
                self.refusal = refusal
                raise
        # Raises if the connection has ended already.
        writer.send_headers()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        transport.set_write_buffer_limits(high=0)
        last = max(0, self.size - 1) // PIECE * PIECE
        for start in range(0, self.size, PIECE):
            if start == last:
                await self._hold_back(last)
            if self._answered_early(transport):
                return
            self.complete = start == last
            await self._hand_over(writer, self._body[start : start + PIECE])
        self.complete = True

    async def _hold_back(self, last: int) -> None:
        """Wait until the board lacks nothing but the last piece, and then until that may go."""
        if self._may_end.is_set():
            return
        while self.measure() < last:
            await asyncio.sleep(LOOK_AGAIN)
        self.at_last_piece.set_result(None)
        await self._may_end.wait()

    async def _hand_over(self, writer: AbstractStreamWriter, piece: memoryview) -> None:
        self._handed_over += len(piece)
        await writer.write(piece)
        await writer.drain()
        self.measure()

    @staticmethod
    def _answered_early(transport: asyncio.WriteTransport) -> bool:
        """Tell whether there is something to read, so that writing on could only lose it.

        A peer that answers early and closes makes the next write fail, and a failed write ends the connection
        with the answer unread.
        """
        return bool(_count(transport, FIONREAD))

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:
        """Refuse: a sketch is not text."""
        raise TypeError("A sketch is not text")
