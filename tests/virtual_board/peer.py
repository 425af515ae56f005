"""The board's end of one connection, read and written the way WiFi101 and WiFiNINA do it."""

import asyncio
from collections.abc import Iterable
import select
import socket

from tests.virtual_board.port import End, reset
from tests.virtual_board.wifi_module import WifiModule

GAP = 1.0
"""Stream::setTimeout's default, in seconds: how long one missing byte is waited for."""
LATENCY = 0.005
"""Seconds between the last byte and the answer, in which the module can tell the sketch what else has come."""
SEGMENT = 1400
"""Bytes that the Wi-Fi module hands over at most in one read."""
WHITESPACE = b" \t\n\v\f\r"


class Peer:
    """One accepted connection."""

    def __init__(self, connection: socket.socket, address: tuple[str, int], module: WifiModule) -> None:
        """Take over an accepted connection."""
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = address
        self.gone = False
        """Nothing can be sent any more, whatever the sketch still makes of what it has heard."""
        self._module = module
        self._connection = connection
        self._unread = bytearray()
        self._has_ended = False
        """The peer has closed, be it only its own half."""

    @property
    def connected(self) -> bool:
        """What the library says when it is asked for that, which may end the connection."""
        if not self._unread and not self._module.closes_with_peer:
            self._receive(SEGMENT)
            if not self._unread and self._has_ended:
                self._end()
        return not self.gone

    @property
    def has_sent(self) -> bool:
        """Whether anything came that has not been taken yet."""
        return bool(self._unread) or (not self.gone and self._receive(SEGMENT))

    async def line(self) -> bytes:
        """What comes before a newline, or before nothing came for a second; without white space around it."""
        line = bytearray()
        while (byte := await self._byte()) not in (None, b"\n"):
            line += byte or b""
        return bytes(line).strip(WHITESPACE)

    async def take(self, limit: int) -> tuple[bytes, bool]:
        """Up to `limit` bytes, none once the peer has gone; and whether they had to be waited for."""
        waited = False
        while not self._unread and not self._receive(limit) and self.connected and not self._unread:
            waited = True
            await self._arrival(None)
        return self._pop(limit), waited

    async def surplus(self) -> int:
        """How many bytes came behind the expected ones; they are dropped. Finds out whether the peer has gone, too."""
        await self._arrival(LATENCY)
        while self._receive(SEGMENT):
            pass
        return len(self._pop(len(self._unread)))

    def send(self, segments: Iterable[bytes]) -> bool:
        """Send each piece as a segment of its own, if the module does; False if the peer cannot get them any more."""
        if self.gone:
            return False
        if self._module.coalesces:
            first, *others = segments
            segments = [first, b"".join(others)]
        try:
            for segment in segments:
                self._connection.send(segment)
        except OSError:
            self.gone = True
        return not self.gone

    async def until_gone(self) -> None:
        """Take nothing; return when the end of the connection has arrived, behind bytes that can still be taken.

        A peer that closes while bytes are unsent ends nothing: its FIN waits behind them, only a reset gets through.
        """
        if self._has_ended:
            return
        with select.epoll() as hang_up:
            hang_up.register(self._connection, select.EPOLLRDHUP)
            await _readable(hang_up, None)

    @property
    def closed(self) -> bool:
        """Whether this end has been closed or reset."""
        return self._connection.fileno() < 0

    def close(self) -> None:
        """End the connection in good order; the module hands over one more read before that."""
        if self._module.closes_with_peer:
            self._receive(SEGMENT)
        self._connection.close()

    def reset(self, end: End = reset) -> None:
        """End the connection with a reset, or in another way, if it has not ended."""
        if not self.closed:
            end(self._connection)

    async def _byte(self) -> bytes | None:
        """The next byte, or None a second later; Stream::timedRead() waits that long for a closed connection, too."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GAP
        if not self._unread and not self._has_ended and not self._receive(SEGMENT):
            await self._arrival(GAP)
            self._receive(SEGMENT)
        if not self._unread and self._has_ended:
            await asyncio.sleep(until - loop.time())
        return self._pop(1) or None

    async def _arrival(self, within: float | None) -> None:
        """Wait until something has come, at most so many seconds; not for a peer that has gone."""
        if not self._has_ended:
            await _readable(self._connection, within)

    def _receive(self, limit: int) -> bool:
        """Take what the kernel has; whether that was anything, nothing also if the peer has gone."""
        if self._has_ended:
            return False
        try:
            received = self._connection.recv(limit)
        except BlockingIOError:
            return False
        except OSError:
            received = b""
        if not received:
            self._has_ended = True
            if self._module.closes_with_peer:
                self._end()
        self._unread += received
        return bool(received)

    def _end(self) -> None:
        self.gone = True
        self._connection.close()

    def _pop(self, limit: int) -> bytes:
        taken = bytes(self._unread[:limit])
        del self._unread[:limit]
        return taken


async def _readable(connection: socket.socket | select.epoll, within: float | None) -> bool:
    """Wait until there is something to read, or at most so many seconds; say which."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        async with asyncio.timeout(within):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(connection)
    return True
