"""The other end of a connection, for tests that want something no board does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import socket
import struct
from typing import Self

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# As small as a board's, so that the kernel does not take a whole image for a peer that reads nothing.
RECEIVE_WINDOW = 2304


class Wire:
    """One accepted connection."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over an accepted connection."""
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def segment(self) -> bytes:
        """Wait for something, and look at all of it without taking it."""
        connection = self._connection
        while True:
            with suppress(BlockingIOError):
                return connection.recv(65536, socket.MSG_PEEK)
            await asyncio.sleep(0.001)

    async def head(self) -> bytes:
        """Take a request up to its empty line."""
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            head += await self._receive(1)
        return bytes(head)

    async def take(self, count: int) -> bytes:
        """Take so many bytes, or what comes of them."""
        taken = bytearray()
        while len(taken) < count and (received := await self._receive(min(count - len(taken), 1400))):
            taken += received
        return bytes(taken)

    async def send(self, *segments: bytes, gap: float = 0.0) -> None:
        """Send each piece as a segment of its own."""
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for segment in segments:
            await self._loop.sock_sendall(self._connection, segment)
            await asyncio.sleep(gap)

    def send_at_once(self, answer: bytes) -> None:
        """Send something before anybody else gets to do anything."""
        self._connection.send(answer)

    async def was_reset(self) -> bool:
        """Read until the connection ends; whether that was a reset."""
        try:
            while await self._receive(1400):
                pass
        except ConnectionResetError:
            return True
        return False

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def reset(self) -> None:
        """End the connection roughly: what the peer has not read yet is still there, then it gets an error."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._connection.close()

    async def _receive(self, limit: int) -> bytes:
        return await self._loop.sock_recv(self._connection, limit)


type Script = Callable[[Wire], Awaitable[None]]


class WireServer:
    """Plays a script to whoever connects."""

    def __init__(self, script: Script, address: str = "127.0.0.1") -> None:
        """Listen at an address, from the moment on that this is entered."""
        self.connections = 0
        self._script = script
        self._listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._listener.setblocking(False)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_WINDOW)
        self._listener.bind((address, 0))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self._playing: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Begin."""
        self._playing = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; what went wrong in the script comes out here."""
        self._playing.cancel()
        with suppress(asyncio.CancelledError):
            await self._playing
        self._listener.close()

    async def _play(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
                self.connections += 1
                group.create_task(self._one(connection))

    async def _one(self, connection: socket.socket) -> None:
        # A script ends when its peer has gone, however it meant to go on.
        with connection, suppress(ConnectionError):
            await self._script(Wire(connection))
