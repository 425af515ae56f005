"""The sockets of WiFiNINA, on the MKR WiFi 1010 and the NANO 33 IoT, where a peer can tell them from WiFi101's."""

import asyncio
import struct
from typing import Any

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import BoardOptions
from tests.virtual_board_itself.raw import SILENCE, Connection, ask, authorization, body_taken, head
from tests.virtual_board_itself.test_uploads import DATA_SEGMENTS_RECEIVED

IMAGE = bytes(range(256)) * 20
WHOAMI = b"GET / HTTP/1.1\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-type: text/plain\r\nContent-length: 2\r\n\r\nOK"


@pytest.fixture
def haste(haste: dict[str, Any]) -> dict[str, Any]:
    """A board with the other module."""
    return haste | {"model": "nano_33_iot", "library": "ArduinoOTA"}


def test_wifi101ota_does_not_run_there() -> None:
    with pytest.raises(ValueError, match="nano_33_iot"):
        BoardOptions(model="nano_33_iot", library="WiFi101OTA")


async def test_it_takes_an_upload(start_board: StartBoard) -> None:
    board = await start_board(model="mkrwifi1010")
    assert await ask(board, head(len(IMAGE)) + IMAGE) == OK
    assert board.flashed == [IMAGE]


async def test_a_silent_connection_costs_nothing(start_board: StartBoard) -> None:
    """The server hands a connection over when something has come; one that ends before is forgotten."""
    board = await start_board()
    async with Connection(board):
        async with Connection(board):
            pass
        assert (await ask(board, WHOAMI)).startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert [request.line for request in board.requests] == ["GET / HTTP/1.1"]


async def test_a_request_that_was_given_up_is_served_all_the_same(start_board: StartBoard) -> None:
    board = await start_board()
    async with Connection(board) as busy, Connection(board) as given_up:
        await busy.send(head(10) + b"1")
        await body_taken(board, 1)
        await given_up.send(head(0, "given up"))
        await asyncio.sleep(0.05)
    assert (await ask(board, head(0))).startswith(b"HTTP/1.1 400 ")
    assert [request.password for request in board.requests] == ["password", "given up", "password"]


async def test_while_it_serves_one_more_is_accepted(start_board: StartBoard) -> None:
    """LwIP ignores further attempts, and hears them when they are repeated."""
    board = await start_board()
    async with Connection(board) as busy:
        await busy.send(head(10) + b"1")
        await body_taken(board, 1)
        async with Connection(board) as waiting:
            await waiting.send(WHOAMI)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2), Connection(board):
                    pass
            await busy.send(bytes(9))
            assert (await busy.answer()).startswith(b"HTTP/1.1 200 ")


async def test_small_pieces_are_put_together(start_board: StartBoard) -> None:
    """Fourteen prints of the library: all but the first wait for its acknowledgement."""
    board = await start_board()
    async with Connection(board) as connection:
        await connection.send(head(len(IMAGE)) + IMAGE)
        assert await connection.answer() == OK
        (segments,) = struct.unpack_from("I", connection.tcp_info(), DATA_SEGMENTS_RECEIVED)
    assert segments == 2


async def test_half_a_close_behind_the_last_byte_flashes_without_an_answer(start_board: StartBoard) -> None:
    """The library asks whether the peer is connected, which ends the connection."""
    board = await start_board(seconds_per_byte=20e-6)
    assert await ask(board, head(len(IMAGE)) + IMAGE, half_close=True) == SILENCE
    assert board.flashed == [IMAGE]


async def test_half_a_close_behind_a_question_is_answered(start_board: StartBoard) -> None:
    """There the library does not ask."""
    board = await start_board()
    question = b"POST /sketch HTTP/1.1\r\n" + authorization() + b"\r\nContent-Length: 0\r\n\r\n"
    assert (await ask(board, question, half_close=True)).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_the_kernel_takes_more_than_for_the_other_module(start_board: StartBoard) -> None:
    board = await start_board()
    async with Connection(board) as busy, Connection(board, send_buffer=4096) as connection:
        await busy.send(head(10) + b"1")
        assert 4000 <= await connection.send_all_that_fits() <= 8000
