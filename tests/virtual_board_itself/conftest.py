"""Boards for tests, and the loopback network to reach them by."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_socket

from tests.virtual_board import BoardOptions, VirtualBoard

type StartBoard = Callable[..., Awaitable[VirtualBoard]]

QUICK: dict[str, Any] = {"address": "127.0.0.7", "pause": 0.0, "copy_time": 0.0, "away": 0.1}


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    """Allow all of the loopback network, where every board can have an address of its own."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.0/8"])
    yield
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
async def start_board() -> AsyncIterator[StartBoard]:
    """Start boards that lose no time where none is asked for; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> VirtualBoard:
            return await stack.enter_async_context(VirtualBoard(BoardOptions(**(QUICK | options))))

        yield start


@pytest.fixture
async def board(start_board: StartBoard) -> VirtualBoard:
    """A board as the stock example makes it."""
    return await start_board()
