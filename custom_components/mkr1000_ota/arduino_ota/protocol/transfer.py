"""The body of a request on its way to a board, at the pace at which the board takes it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fcntl import ioctl
import socket
import struct
import sys
from termios import FIONREAD, TIOCOUTQ
import time
from typing import NoReturn, override

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from ..errors import BoardError

CHUNK = 4096
# Seconds between looks at whether the board has taken what was handed over. Nothing tells when that happens.
TAKEN_INTERVAL = 0.001
# On, and no time: closing then drops what is unsent and tells the peer at once (RST).
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
SOCKET_OPTIONS = (
    # The kernel shall take little more than the board can, which has 2 to 3 KB of room: what waits in it is not known any
    # more once a connection is cut. Less costs more turns of the event loop than the transfer. Linux books twice that.
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 8192),
    # A response has less than 200 bytes. Who sends more shall not keep the event loop busy for long at a time.
    (socket.SOL_SOCKET, socket.SO_RCVBUF, 2048),
    # A request may wait for its answer while the board restarts, and the board never learns of it. Asked every second
    # whether the connection still stands, a board that is back says that it does not (RST). That it says nothing proves
    # nothing, and must not end the connection: the number of questions is larger than any wait is long.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 120),
)

# Takes the IP address of a peer that has just accepted a connection; raises a BoardError if nothing must be sent to it.
type VerifyPeer = Callable[[str], Awaitable[None]]


def _count(transport: asyncio.WriteTransport, question: int) -> int | None:
    """Ask the kernel for a number of bytes; None where it does not know, or the connection is gone."""
    try:
        answer = ioctl(transport.get_extra_info("socket").fileno(), question, bytes(4))
    except OSError, ValueError:
        return None
    return int.from_bytes(answer, sys.byteorder)


class Transfer(Payload):
    """A request's head and body, handed to the connection chunk by chunk.

    The last chunk is held back until `release_last_chunk()`. Until then the board cannot have the whole body, whatever
    happens, and so cannot apply it.
    """

    # Nothing has to be closed behind it.
    _autoclose = True

    def __init__(self, body: bytes = b"", verify_peer: VerifyPeer | None = None) -> None:
        super().__init__(body)
        self._verify_peer = verify_peer
        # Never copied.
        self._body = memoryview(body)
        self._transport: asyncio.WriteTransport | None = None
        self._handed_over = 0
        self.taken = 0
        self._moved_at = time.monotonic()
        self._released = asyncio.Event()
        self.at_last_chunk: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # When the peer accepted the connection, in seconds of time.monotonic().
        self.connected_at: float | None = None
        self.complete = False
        self.peer = ""
        self.refusal: BoardError | None = None

    @property
    @override
    def size(self) -> int:
        return len(self._body)

    @property
    def idle(self) -> float:
        """For how many seconds the board has neither accepted the connection nor taken a byte."""
        return time.monotonic() - self._moved_at

    def measure(self) -> int:
        """Find out how many bytes of the body the board has taken: acknowledged, not merely out of our hands."""
        if (transport := self._transport) is not None and not transport.is_closing():
            waiting = transport.get_write_buffer_size() + (_count(transport, TIOCOUTQ) or 0)
            if (taken := self._handed_over - waiting) > self.taken:
                self.taken = taken
                self._moved_at = time.monotonic()
        return self.taken

    def release_last_chunk(self) -> None:
        self._moved_at = time.monotonic()
        self._released.set()

    def abandon(self) -> bool:
        """End the connection so that the board hears of it at once; return False if none stands.

        It is deaf until it does, and the ordinary end (FIN) would wait behind what it does not take. What is unsent
        must not reach it later either, when nobody reckons with it anymore.
        """
        if (transport := self._transport) is None or transport.get_extra_info("socket").fileno() < 0:
            return False
        if transport.get_write_buffer_size() or _count(transport, TIOCOUTQ) != 0:
            with suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
        return True

    @override
    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the head in one segment, then the body as fast as the board takes it."""
        self.connected_at = self._moved_at = time.monotonic()
        # aiohttp must not repeat the request by itself, as it does where a connection ends early.
        self._consumed = True
        transport = writer.transport
        assert transport is not None
        self._transport = transport
        self.peer = transport.get_extra_info("peername")[0]
        if self._verify_peer is not None:
            try:
                await self._verify_peer(self.peer)
            except BoardError as refusal:
                self.refusal = refusal
                raise
        # Raises if the connection has ended already.
        writer.send_headers()
        for option in SOCKET_OPTIONS:
            transport.get_extra_info("socket").setsockopt(*option)
        transport.set_write_buffer_limits(high=0)
        last = max(0, self.size - 1) // CHUNK * CHUNK
        for start in range(0, self.size, CHUNK):
            if start == last and not self._released.is_set():
                await self._hold_back(last)
            # A peer that answers early and closes makes the next write fail, and a failed write ends the connection
            # with the answer unread.
            if _count(transport, FIONREAD):
                return
            chunk = self._body[start : start + CHUNK]
            self.complete = start == last
            self._handed_over += len(chunk)
            await writer.write(chunk)
            await writer.drain()
            self.measure()
        self.complete = True

    async def _hold_back(self, last: int) -> None:
        """Wait until the board lacks nothing but the last chunk, and then until that may go."""
        while self.measure() < last:
            await asyncio.sleep(TAKEN_INTERVAL)
        self.at_last_chunk.set_result(None)
        await self._released.wait()

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:
        raise TypeError("A sketch is not text")
