"""The TCP port of a board as the network sees it: open, refused, or silent."""

import asyncio
from collections.abc import Callable
import errno
import socket
import struct

from tests.virtual_board.wifi_module import WifiModule

FILLERS = 8
TCP_REPAIR = 19
"""Linux: in this state a connection can be closed without anything being sent."""
ESTABLISHED = b"\x01"
"""First byte of TCP_INFO: TCP_ESTABLISHED."""


type End = Callable[[socket.socket], None]


class Port:
    """Keeps an address and a port, in one of three conditions."""

    def __init__(self) -> None:
        """Begin as refused: nothing listens."""
        self._listener: socket.socket | None = None
        self._parked: list[socket.socket] = []

    def open(self, address: str, port: int, module: WifiModule) -> int:
        """Accept connections from now on; the port, which is chosen if 0 was asked for.

        Whatever a silent port had swallowed is reset.
        """
        self.refuse()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Before listen(), or the kernel advertises 64 KB to whoever connects and takes as much for the board.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, module.receive_window)
        listener.bind((address, port))
        listener.listen(module.waiting_connections)
        self._listener = listener
        return int(listener.getsockname()[1])

    async def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """Wait for a connection to the open port."""
        if self._listener is None:
            raise OSError(errno.ENOTCONN, "the port is not open")
        return await asyncio.get_running_loop().sock_accept(self._listener)

    def accept_waiting(self) -> tuple[socket.socket, tuple[str, int]] | None:
        """Accept the next connection if one waits."""
        try:
            return self._listener.accept() if self._listener is not None else None
        except BlockingIOError:
            return None

    def refuse(self, end: End | None = None) -> None:
        """Refuse connections, and end those that wait: with a reset if nothing else is said."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in self._parked:
            (end or reset)(connection)
        self._parked.clear()

    def silence(self, address: str, port: int, module: WifiModule) -> None:
        """Let attempts to connect vanish, and leave those that wait without a word.

        Linux drops a SYN while the backlog is full, so it is filled up with connections of our own.
        """
        if self._listener is None:
            self.open(address, port, module)
        listener = self._listener
        assert listener is not None
        listener.listen(0)
        self._park_waiting(listener)
        for _ in range(FILLERS):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            self._parked.append(filler)
            filler.connect_ex(listener.getsockname())
            if filler.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != ESTABLISHED:
                return
        raise OSError(errno.ENOBUFS, "the backlog cannot be filled up")

    def _park_waiting(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return
            self._parked.append(connection)


def forget(connection: socket.socket) -> None:
    """Close without a word, as a processor does that starts anew: whatever still comes over it gets a reset.

    Without the right to administer networks the reset comes at once, unasked.
    """
    try:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        reset(connection)
    connection.close()


def reset(connection: socket.socket) -> None:
    """Close with a reset instead of a good end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
