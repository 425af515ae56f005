"""A way from the ordinary network of this machine into the private one that Home Assistant is in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
import socket

_PIECE = 64 * 1024


def listen(port: int) -> socket.socket:
    """Open a port to this machine alone, any free one if that is taken.

    The socket stays in the network of this moment, wherever the process goes afterwards.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


@asynccontextmanager
async def relay(outside: socket.socket, port: int) -> AsyncIterator[None]:
    """Hand everything that comes to a listening socket on to a port of 127.0.0.1, and back."""
    server = await asyncio.start_server(partial(_connect, port), sock=outside)
    async with server:
        yield
        server.close_clients()


async def _connect(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        answers, inside = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, inside), _copy(answers, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
