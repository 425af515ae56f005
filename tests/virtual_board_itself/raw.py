"""The plainest of peers: what it sends is what the test says, byte for byte."""

import asyncio
from base64 import b64encode
import fcntl
import socket
import struct
import sys
import termios
from types import TracebackType
from typing import Self

from tests.virtual_board import VirtualBoard

STOCK_PASSWORD = "password"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n"
WRONG_SIZE = b"HTTP/1.1 414 Payload size wrong\r\nConnection: close\r\n\r\n"
SERVER_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n"
SILENCE = b""


def authorization(password: str = STOCK_PASSWORD) -> bytes:
    """The header that a board with this password wants."""
    return b"Authorization: Basic " + b64encode(b"arduino:" + password.encode())


def head(length: int, password: str = STOCK_PASSWORD) -> bytes:
    """The whole head of an upload."""
    return b"POST /sketch HTTP/1.1\r\nContent-Length: %d\r\n" % length + authorization(password) + b"\r\n\r\n"


class Connection:
    """One TCP connection to a board."""

    def __init__(self, to: VirtualBoard | tuple[str, int], *, send_buffer: int | None = None) -> None:
        """Not connected yet."""
        self._target = (to.address, to.port) if isinstance(to, VirtualBoard) else to
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if send_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)

    async def __aenter__(self) -> Self:
        """Connect."""
        await asyncio.get_running_loop().sock_connect(self._socket, self._target)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._socket.close()

    async def send(self, octets: bytes) -> None:
        """Hand all of it to the kernel."""
        await asyncio.get_running_loop().sock_sendall(self._socket, octets)

    async def send_all_that_fits(self) -> int:
        """Hand over what there is room for, until there is none any more; return how much of it the board's end has."""
        sent, refused = 0, 0
        while refused < 20:
            try:
                sent += self._socket.send(bytes(512))
                refused = 0
            except BlockingIOError:
                refused += 1
                await asyncio.sleep(0.005)
        return sent - self.unsent()

    def unsent(self) -> int:
        """How many bytes the kernel of the board has not taken yet."""
        return int.from_bytes(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def tcp_info(self) -> bytes:
        """Linux's struct tcp_info."""
        return self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Drop the connection as a crashed peer does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    async def segment(self) -> bytes:
        """What comes next; nothing if the board has closed. Raises ConnectionResetError."""
        return await asyncio.get_running_loop().sock_recv(self._socket, 4096)

    async def answer(self) -> bytes:
        """All that the board sends until it closes. Raises ConnectionResetError."""
        answer = b""
        while segment := await self.segment():
            answer += segment
        return answer


async def ask(board: VirtualBoard, request: bytes, *, half_close: bool = False) -> bytes:
    """Send a request in one piece and return the answer."""
    async with Connection(board) as connection:
        await connection.send(request)
        if half_close:
            connection.half_close()
        return await connection.answer()


async def upload(board: VirtualBoard, image: bytes, password: str = STOCK_PASSWORD) -> bytes:
    """Upload an image and return the answer."""
    return await ask(board, head(len(image), password) + image)


async def body_taken(board: VirtualBoard, size: int) -> None:
    """Wait until the board has taken so many bytes of the body of its last request."""
    while not board.requests or board.requests[-1].body_bytes < size:
        await asyncio.sleep(0.001)
