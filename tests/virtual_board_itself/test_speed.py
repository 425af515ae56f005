"""A board is as slow as asked for, and twenty of them are no slower than one."""

import asyncio
import time

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.raw import OK, Connection, body_taken, head, upload

BOARD_SPEED = 50e-6
SIZE = 24_000


async def seconds_for(board: VirtualBoard, size: int) -> float:
    """How long an upload takes."""
    began = time.monotonic()
    assert await upload(board, bytes(size)) == OK
    return time.monotonic() - began


@pytest.mark.slow
async def test_one_board_and_twenty_at_once_take_the_time_asked_for(start_board: StartBoard) -> None:
    boards = [await start_board(seconds_per_byte=BOARD_SPEED) for _ in range(20)]
    began = time.process_time()
    took = await asyncio.gather(*(seconds_for(board, SIZE) for board in boards))
    used = time.process_time() - began
    assert min(took) > SIZE * BOARD_SPEED
    assert max(took) < SIZE * BOARD_SPEED * 1.3
    assert used < max(took)


@pytest.mark.slow
async def test_time_without_bytes_is_not_made_up_for(start_board: StartBoard) -> None:
    board = await start_board(seconds_per_byte=BOARD_SPEED)
    async with Connection(board) as connection:
        await connection.send(head(8_000) + bytes(100))
        await body_taken(board, 100)
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await connection.send(bytes(7_900))
        assert await connection.answer() == OK
    assert 7_900 * BOARD_SPEED < time.monotonic() - began < 7_900 * BOARD_SPEED * 1.3


async def test_without_a_speed_it_is_as_fast_as_it_can(start_board: StartBoard) -> None:
    board = await start_board()
    assert await seconds_for(board, 65_536) < 0.5
