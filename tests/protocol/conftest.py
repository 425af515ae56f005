"""Clients for boards, and peers that are none."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import aiohttp
import pytest
import pytest_socket

from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from tests.protocol.wire import Script, WireServer
from tests.virtual_board import VirtualBoard


class ClientOf(Protocol):
    """Makes a client for a board; `timeouts` are those that a test shortens."""

    def __call__(self, board: VirtualBoard, **timeouts: float) -> BoardClient: ...


class Play(Protocol):
    """Plays a script to the client that comes with it; `timeouts` are those that a test shortens."""

    async def __call__(self, script: Script, **timeouts: float) -> tuple[BoardClient, WireServer]: ...


@pytest.fixture
async def session(loopback: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that nobody has configured."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client_of(session: aiohttp.ClientSession) -> ClientOf:
    """Make a client for a board."""

    def make(board: VirtualBoard, **timeouts: float) -> BoardClient:
        return BoardClient(session, board.address, board.port, timeouts=RequestTimeouts(**timeouts))

    return make


@pytest.fixture
async def play(session: aiohttp.ClientSession) -> AsyncIterator[Play]:
    """Play a script to the client that comes with it."""
    async with AsyncExitStack() as stack:

        async def start(script: Script, **timeouts: float) -> tuple[BoardClient, WireServer]:
            server = await stack.enter_async_context(WireServer(script))
            timed = RequestTimeouts(**timeouts)
            return BoardClient(session, "127.0.0.1", server.port, timeouts=timed), server

        yield start


@pytest.fixture
def loopback_of_both_kinds(loopback: None) -> None:
    """Allow ::1 as well."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", "::1"])
