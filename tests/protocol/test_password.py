"""Asking a board whether it takes a password, and what exactly is sent to it."""

from base64 import b64encode

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import BoardSilent, NotABoard, WrongPassword
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import StartBoard
from tests.protocol.conftest import ClientOf, Play
from tests.protocol.wire import Wire, WireServer
from tests.virtual_board import VirtualBoard

PASSWORDS = ["password", "", "pä ß:x", " ", ":", "\t\x7f", "'\"%00", "漢字", "x" * 300, "caf\udce9"]
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
@pytest.mark.parametrize("password", PASSWORDS)
async def test_the_right_password_is_taken(
    start_board: StartBoard, client_of: ClientOf, password: str, library: str
) -> None:
    """Any bytes of a C string can be one, the empty one included; nothing is uploaded for it."""
    board = await start_board(password=password, library=library)
    await client_of(board).check_password(password)
    assert [(request.line, request.content_length, request.password) for request in board.requests] == [
        ("POST /sketch HTTP/1.1", 0, password)
    ]
    assert not board.flashed


@pytest.mark.parametrize("wrong", ["", "Password", "password ", "passwor", "pä ß:x", "pass\0word"])
async def test_a_wrong_password_is_told_from_the_right_one(
    board: VirtualBoard, client_of: ClientOf, wrong: str
) -> None:
    """The board compares all of it."""
    with pytest.raises(WrongPassword):
        await client_of(board).check_password(wrong)


async def test_the_head_is_one_segment_and_spelled_exactly(play: Play) -> None:
    """A board reads just these two headers, in this spelling, and has a second for each line."""
    segments: list[bytes] = []

    async def reply(wire: Wire) -> None:
        segments.append(await wire.segment())
        await wire.head()
        await wire.send(BAD_REQUEST)

    client, server = await play(reply)
    await client.check_password("")
    await client.check_password("pä ß:x")
    assert segments == [
        b"POST /sketch HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"Connection: close\r\n"
        b"Authorization: Basic %s\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n" % (server.port, credentials)
        for credentials in (b"YXJkdWlubzo=", b64encode("arduino:pä ß:x".encode()))
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_whatever_the_session_adds_is_left_out(loopback: None) -> None:
    """It may be anybody's: its cookies, its headers and its proxy are not for a board."""
    heads: list[bytes] = []

    async def reply(wire: Wire) -> None:
        heads.append(await wire.head())
        await wire.send(BAD_REQUEST)

    async def meddle(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        request.headers["X-Meddled"] = "yes"
        return await handler(request)

    async with (
        WireServer(reply) as server,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit_per_host=1),
            cookies={"session": "1"},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            auth=aiohttp.BasicAuth("somebody", "else"),
            headers={"content-length": "3", "User-Agent": "x"},
            middlewares=(meddle,),
            proxy="http://127.0.0.9:1",
            raise_for_status=True,
            timeout=aiohttp.ClientTimeout(total=0.001),
        ) as session,
    ):
        for _ in range(2):
            await BoardClient(session, "127.0.0.1", server.port).check_password("")
        assert [[line.split(b":")[0] for line in head.split(b"\r\n")] for head in heads] == [
            [b"POST /sketch HTTP/1.1", b"Host", b"Connection", b"Authorization", b"Content-Length", b"", b""]
        ] * 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n",
    ],
)
async def test_other_servers_neither_take_nor_refuse_a_password(play: Play, answer: bytes) -> None:
    """Nobody shall be told that a password is right, or wrong, by a router."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.send(answer)

    client, _ = await play(reply)
    with pytest.raises(NotABoard):
        await client.check_password("password")


async def test_a_board_may_leave_the_question_unanswered(play: Play) -> None:
    """That says nothing about the password."""

    async def wait(wire: Wire) -> None:
        assert not await wire.was_reset()

    client, _ = await play(wait, answer=0.1)
    with pytest.raises(BoardSilent):
        await client.check_password("password")
