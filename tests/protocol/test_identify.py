"""Finding out whether a board is there."""

import asyncio
from contextlib import suppress
from gzip import compress
import socket
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import BoardSilent, BoardUnreachable, NotABoard
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import StartBoard
from tests.protocol.conftest import ClientOf, Play
from tests.protocol.wire import Wire, WireServer
from tests.virtual_board import Fault, VirtualBoard

WIFI101OTA = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"
ARDUINOOTA = (
    b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-type: text/plain\r\nContent-length: 9\r\n\r\nNot Found"
)


@pytest.mark.parametrize("library", list(Library))
async def test_a_board_is_known_by_its_answer(start_board: StartBoard, client_of: ClientOf, library: Library) -> None:
    """The libraries answer differently."""
    board = await start_board(library=library.value)
    assert await client_of(board).identify() is library


async def test_one_short_request_is_all_it_takes(board: VirtualBoard, client_of: ClientOf) -> None:
    """The sketch stands still meanwhile, so it must not be asked twice."""
    await client_of(board).identify()
    assert [(request.line, request.content_length, request.password) for request in board.requests] == [
        ("GET / HTTP/1.1", -1, None)
    ]


async def test_a_board_that_is_off_is_unreachable(board: VirtualBoard, client_of: ClientOf) -> None:
    """Its address refuses connections."""
    await board.power_off()
    with pytest.raises(BoardUnreachable, match="Nothing accepts a connection"):
        await client_of(board).identify()


async def test_an_address_that_swallows_connections_is_unreachable(
    start_board: StartBoard, client_of: ClientOf
) -> None:
    """Nothing answers the attempt to connect, and that is given up in time."""
    board = await start_board(away_as="silent")
    await board.power_off()
    with pytest.raises(BoardUnreachable):
        await client_of(board, connect=0.1).identify()


class _NobodyKnows(AbstractResolver):
    @override
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        raise OSError(None, "no such name")

    @override
    async def close(self) -> None:
        pass


async def test_an_unknown_name_is_unreachable(loopback: None) -> None:
    """A board's name may be known to nobody."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=_NobodyKnows())) as session:
        with pytest.raises(BoardUnreachable):
            await BoardClient(session, "arduino.local").identify()


@pytest.mark.parametrize("host", ["", "a b", "a/b", "[::1]", "a@b", "a:5", "\ud800"])
async def test_an_impossible_name_is_unreachable(session: aiohttp.ClientSession, host: str) -> None:
    """Whatever is typed as an address is no reason to fall over."""
    with pytest.raises(BoardUnreachable):
        await BoardClient(session, host).identify()


class _LastWords(AbstractResolver):
    """Finds the address just before its connector is closed."""

    connector: aiohttp.TCPConnector

    @override
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        await self.connector.close()
        return [
            ResolveResult(hostname=host, host="127.0.0.7", port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    @override
    async def close(self) -> None:
        pass


async def test_a_session_that_ends_meanwhile_reaches_nobody(board: VirtualBoard) -> None:
    """It is not ours: somebody else may close it."""
    resolver = _LastWords()
    resolver.connector = aiohttp.TCPConnector(resolver=resolver)
    async with aiohttp.ClientSession(connector=resolver.connector) as session:
        with pytest.raises(BoardUnreachable):
            await BoardClient(session, "arduino.local", board.port).identify()


async def test_a_board_that_another_peer_keeps_deaf_is_silent(start_board: StartBoard, client_of: ClientOf) -> None:
    """It is there, but the connection is all it gives."""
    board = await start_board(fault=Fault(at=100, kind="stall"))
    client = client_of(board)
    upload = asyncio.create_task(client.upload(bytes(8192), board.password))
    await board.next_event("request")
    with pytest.raises(BoardSilent, match=r"0\.2 seconds"):
        await client_of(board, answer=0.2, stall=0.2).identify()
    upload.cancel()
    await asyncio.wait({upload})
    assert await client.identify() is Library.WIFI101OTA


async def test_a_connection_that_ends_without_an_answer_is_silence(play: Play) -> None:
    """It is not tried again behind the caller's back."""

    async def close(wire: Wire) -> None:
        await wire.head()

    client, server = await play(close)
    with pytest.raises(BoardSilent):
        await client.identify()
    assert server.connections == 1


async def test_a_connection_that_is_reset_is_silence(play: Play) -> None:
    """So does a board that is just restarting."""

    async def reset(wire: Wire) -> None:
        await wire.head()
        wire.reset()

    client, server = await play(reset)
    with pytest.raises(BoardSilent):
        await client.identify()
    assert server.connections == 1


async def test_an_answer_that_breaks_off_is_silence(play: Play) -> None:
    """Half an answer does not tell a board from anything else."""

    async def break_off(wire: Wire) -> None:
        await wire.head()
        await wire.send(WIFI101OTA[:30])

    client, _ = await play(break_off)
    with pytest.raises(BoardSilent, match="in the middle"):
        await client.identify()


async def test_an_answer_that_trickles_for_ever_is_silence(play: Play) -> None:
    """A byte now and then does not keep us waiting longer than we were told to."""

    async def trickle(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 404 Not Found\r\n", *([b"a"] * 1000), gap=0.01)

    client, _ = await play(trickle, answer=0.2)
    with pytest.raises(BoardSilent):
        await client.identify()


@pytest.mark.parametrize(("answer", "library"), [(WIFI101OTA, Library.WIFI101OTA), (ARDUINOOTA, Library.ARDUINOOTA)])
async def test_a_reset_right_behind_the_answer_changes_nothing(play: Play, answer: bytes, library: Library) -> None:
    """WiFi101 closes with whatever it has not read."""

    async def reset(wire: Wire) -> None:
        await wire.head()
        await wire.send(answer)
        wire.reset()

    client, _ = await play(reset)
    assert await client.identify() is library


async def test_an_answer_may_come_in_pieces(play: Play) -> None:
    """Each print() of the library becomes a segment of its own."""

    async def dribble(wire: Wire) -> None:
        await wire.head()
        await wire.send(*(WIFI101OTA[at : at + 6] for at in range(0, len(WIFI101OTA), 6)), gap=0.005)

    client, _ = await play(dribble)
    assert await client.identify() is Library.WIFI101OTA


async def test_an_end_of_connection_that_gets_lost_is_not_waited_for(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer has been complete before."""
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.protocol.exchange.END_TIMEOUT", 0.1)

    async def stay(wire: Wire) -> None:
        await wire.head()
        await wire.send(WIFI101OTA)
        await wire.was_reset()

    client, _ = await play(stay)
    assert await client.identify() is Library.WIFI101OTA


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nConnection: close\r\n\r\n", id="another server"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", id="keeps the connection"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", id="no headers at all"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n", id="lower case"),
        pytest.param(b"HTTP/1.1 404 Not found\r\nConnection: close\r\n\r\n", id="another reason"),
        pytest.param(b"HTTP/1.1 404\r\nConnection: close\r\n\r\n", id="no reason"),
        pytest.param(b"HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\n", id="another version"),
        pytest.param(WIFI101OTA + b"nothing here", id="a body"),
        pytest.param(ARDUINOOTA.replace(b"Content-type", b"Content-Type"), id="another spelling"),
        pytest.param(ARDUINOOTA.replace(b"length: 9", b"length: 8"), id="another length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", id="there is something"),
        pytest.param(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n", id="wants a password for anything"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", id="sends us elsewhere"),
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n", id="not even HTTP"),
        pytest.param(b"\0" * 70000, id="bytes"),
    ],
)
async def test_other_servers_are_no_boards(play: Play, answer: bytes) -> None:
    """That something answers 404 proves nothing."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.send(answer)

    client, server = await play(reply)
    with pytest.raises(NotABoard):
        await client.identify()
    assert server.connections == 1


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param((b"HTTP/1.1 404 Not Found\r\n", b"a: b\r\n" * 1000), id="headers"),
        pytest.param((b"a" * 1000,), id="a line"),
        pytest.param((WIFI101OTA, b"a" * 1000), id="a body"),
        pytest.param((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", compress(bytes(1 << 20))), id="zeros"),
    ],
)
async def test_who_sends_without_end_is_no_board(play: Play, flood: tuple[bytes, ...]) -> None:
    """The connection ends long before the flood does."""
    ended = asyncio.Event()

    async def pour(wire: Wire) -> None:
        await wire.head()
        with suppress(ConnectionError):
            await wire.send(*flood)
            while True:
                await wire.send(flood[-1])
        ended.set()

    client, server = await play(pour)
    with pytest.raises(NotABoard):
        await client.identify()
    await ended.wait()
    assert server.connections == 1


async def test_who_always_asks_for_patience_is_not_waited_for(play: Play) -> None:
    """Responses that announce another one are none."""

    async def pour(wire: Wire) -> None:
        await wire.head()
        while True:
            await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    client, _ = await play(pour, answer=0.2)
    with pytest.raises(BoardSilent):
        await client.identify()


async def test_a_board_may_have_an_ipv6_address(session: aiohttp.ClientSession, loopback_of_both_kinds: None) -> None:
    """The head names it in brackets."""
    heads: list[bytes] = []

    async def reply(wire: Wire) -> None:
        heads.append(await wire.head())
        await wire.send(WIFI101OTA)

    async with WireServer(reply, "::1") as server:
        assert await BoardClient(session, "::1", server.port).identify() is Library.WIFI101OTA
        assert f"Host: [::1]:{server.port}\r\n".encode() in heads[0]


async def test_a_busy_sketch_may_take_its_time(play: Play) -> None:
    """A connection that says nothing costs a sketch two seconds; whoever comes next is answered after that."""

    async def late(wire: Wire) -> None:
        await wire.head()
        await asyncio.sleep(0.3)
        await wire.send(WIFI101OTA)

    client, _ = await play(late)
    assert await client.identify() is Library.WIFI101OTA
