"""What happens to a body, and when it is flashed."""

import asyncio
import struct

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.raw import (
    OK,
    SILENCE,
    UNAUTHORIZED,
    WRONG_SIZE,
    Connection,
    ask,
    body_taken,
    head,
    upload,
)

IMAGE = bytes(range(256)) * 20
DATA_SEGMENTS_RECEIVED = 152
"""Offset of tcpi_data_segs_in."""


async def flashed(board: VirtualBoard) -> bytes:
    """What the board flashes next, or has flashed."""
    while not board.flashed:
        await board.next_event("flashing")
    return board.flashed[-1]


async def test_a_complete_sketch_is_confirmed_and_flashed(board: VirtualBoard) -> None:
    assert await upload(board, IMAGE) == OK
    assert await flashed(board) == IMAGE
    assert [(request.password, request.content_length, request.body_bytes) for request in board.requests] == [
        ("password", len(IMAGE), len(IMAGE))
    ]


async def test_the_answer_comes_as_eight_tiny_segments(board: VirtualBoard) -> None:
    async with Connection(board) as connection:
        await connection.send(head(len(IMAGE)) + IMAGE)
        assert await connection.answer() == OK
        (segments,) = struct.unpack_from("I", connection.tcp_info(), DATA_SEGMENTS_RECEIVED)
    assert segments == 8


async def test_a_body_longer_than_announced_has_the_wrong_size_and_is_not_applied(board: VirtualBoard) -> None:
    assert await ask(board, head(len(IMAGE)) + IMAGE + b"!") == WRONG_SIZE
    await answers_again(board)
    assert board.flashed == []


@pytest.mark.parametrize("missing", [1, 1000, len(IMAGE)])
async def test_a_body_cut_short_gets_silence_and_is_not_applied(board: VirtualBoard, missing: int) -> None:
    assert await ask(board, head(len(IMAGE)) + IMAGE[:-missing], half_close=True) == SILENCE
    await answers_again(board)
    assert (board.flashed, board.requests[0].status) == ([], None)
    assert board.requests[0].body_bytes == len(IMAGE) - missing


async def test_a_peer_that_dies_in_the_middle_changes_nothing(board: VirtualBoard) -> None:
    async with Connection(board) as connection:
        await connection.send(head(len(IMAGE)) + IMAGE[:1000])
        await body_taken(board, 1000)
        connection.reset()
    await answers_again(board)
    assert board.flashed == []


async def test_half_closing_behind_the_last_byte_flashes_without_an_answer(board: VirtualBoard) -> None:
    assert await ask(board, head(len(IMAGE)) + IMAGE, half_close=True) == SILENCE
    assert await flashed(board) == IMAGE
    assert board.requests[0].status is None


async def test_dying_behind_the_last_byte_flashes_too(start_board: StartBoard) -> None:
    board = await start_board(seconds_per_byte=50e-6)
    async with Connection(board) as connection:
        await connection.send(head(1024) + bytes(1024))
    assert await flashed(board) == bytes(1024)
    assert board.requests[0].status is None


@pytest.mark.parametrize(
    "sent",
    [b"POST /ske", b"POST /sketch HTTP/1.1\r\nContent-Le", head(len(IMAGE)) + IMAGE[:1000], head(8) + bytes(9)],
    ids=["request line", "header", "body", "surplus"],
)
async def test_the_end_that_a_peer_makes_is_answered_at_once(start_board: StartBoard, sent: bytes) -> None:
    """The module closes its end, too, while the sketch goes on waiting, for what is missing or behind its answer."""
    board = await start_board(library="ArduinoOTA", pause=60.0)
    async with asyncio.timeout(5):
        assert await ask(board, sent, half_close=True) == SILENCE
    assert board.busy
    assert "answered" not in [event.kind for event in board.events]


@pytest.mark.parametrize("over", [1, 2, 3])
async def test_up_to_three_bytes_that_begin_a_page_are_lost_though_confirmed(board: VirtualBoard, over: int) -> None:
    assert await upload(board, IMAGE + b"abc"[:over]) == OK
    assert await flashed(board) == IMAGE


@pytest.mark.parametrize("over", [4, 5, 63])
async def test_any_other_size_arrives_whole(board: VirtualBoard, over: int) -> None:
    image = IMAGE + bytes(over)
    assert await upload(board, image) == OK
    assert await flashed(board) == image


async def test_a_file_on_a_card_never_loses_bytes(start_board: StartBoard) -> None:
    board = await start_board(storage_size=253_952)
    assert await upload(board, bytes(130_001)) == OK
    assert await flashed(board) == bytes(130_001)


async def test_the_old_sketch_runs_on_when_an_upload_fails(board: VirtualBoard) -> None:
    assert await upload(board, IMAGE, password="wrong") == UNAUTHORIZED
    assert await ask(board, head(len(IMAGE)) + IMAGE[:-1], half_close=True) == SILENCE
    await answers_again(board)
    assert (board.name, board.password, board.flashed) == ("Arduino", "password", [])


async def test_the_kernel_takes_no_more_than_a_board_would(start_board: StartBoard) -> None:
    board = await start_board()
    async with Connection(board) as busy, Connection(board, send_buffer=4096) as connection:
        await busy.send(b"G")
        assert 2000 <= await connection.send_all_that_fits() <= 3200


async def answers_again(board: VirtualBoard) -> None:
    """Wait until the board is through with what it had been sent."""
    assert await ask(board, head(8, "somebody else's") + bytes(8)) == UNAUTHORIZED
