"""No password is sent to a peer before it is known who that is: another board may have got the address."""

import asyncio

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.protocol.wire import Wire, WireServer
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


async def test_a_refused_peer_gets_nothing(session: aiohttp.ClientSession) -> None:
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(wire: Wire) -> None:
        try:
            await received.put(await wire.take(1))
        except ConnectionResetError:
            await received.put(b"")

    async def refuse(_peer: str) -> None:
        raise AnotherBoard("Somebody else")

    async with WireServer(listen) as server:
        client = BoardClient(session, "127.0.0.1", server.port, refuse)
        with pytest.raises(AnotherBoard):
            await client.check_password("sesame")
        with pytest.raises(AnotherBoard):
            await client.upload(build_sketch(), "sesame")
        assert [await received.get(), await received.get()] == [b"", b""]


async def test_a_question_without_a_password_is_asked_first(
    session: aiohttp.ClientSession, board: VirtualBoard
) -> None:
    """A connection without a request would cost the sketch two seconds."""

    async def refuse(_peer: str) -> None:
        raise AnotherBoard("Somebody else")

    with pytest.raises(AnotherBoard):
        await BoardClient(session, board.address, board.port, refuse).identify()
    assert [request.status for request in board.requests] == [404]


async def test_every_connection_is_looked_at(session: aiohttp.ClientSession, board: VirtualBoard) -> None:
    peers: list[str] = []

    async def agree(peer: str) -> None:
        peers.append(peer)

    client = BoardClient(session, board.address, board.port, agree)
    await client.identify()
    await client.check_password("password")
    await client.upload(build_sketch(), "password")
    assert peers == [board.address] * 3
    assert [request.status for request in board.requests] == [404, 400, 200]


async def test_a_look_that_fails_otherwise_sends_nothing_either(
    session: aiohttp.ClientSession, board: VirtualBoard
) -> None:
    """It is a mistake of ours then, and looks like a connection that ended; the password is safe all the same."""

    async def fail(_peer: str) -> None:
        raise LookupError

    client = BoardClient(session, board.address, board.port, fail)
    with pytest.raises(Exception, match="ended"):
        await client.check_password("sesame")
    assert not any(request.password for request in board.requests)
