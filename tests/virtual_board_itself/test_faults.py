"""What can be made to go wrong."""

import asyncio

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board_itself.raw import (
    NOT_FOUND,
    OK,
    SILENCE,
    UNAUTHORIZED,
    Connection,
    ask,
    body_taken,
    head,
    upload,
)

IMAGE = bytes(range(256)) * 8
PLACES = [0, 1, len(IMAGE) // 2, len(IMAGE) - 1, len(IMAGE)]
WHOAMI = b"GET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("place", PLACES)
async def test_a_reset_at_any_byte_flashes_nothing_and_happens_once(start_board: StartBoard, place: int) -> None:
    board = await start_board(fault=Fault(place, "reset"))
    with pytest.raises(ConnectionResetError):
        await upload(board, IMAGE)
    assert (board.flashed, board.requests[0].body_bytes) == ([], place)
    assert await upload(board, IMAGE) == OK


@pytest.mark.parametrize("place", PLACES)
async def test_losing_power_at_any_byte_starts_the_old_sketch_again(start_board: StartBoard, place: int) -> None:
    board = await start_board(fault=Fault(place, "power_loss"))
    back = asyncio.create_task(board.next_event("listening"))
    with pytest.raises(ConnectionResetError):
        await upload(board, IMAGE)
    await back
    assert (board.flashed, board.password) == ([], "password")
    assert await ask(board, WHOAMI) == NOT_FOUND


async def test_a_stall_lasts_until_the_peer_has_gone(start_board: StartBoard) -> None:
    board = await start_board(fault=Fault(1000, "stall"))
    async with Connection(board) as connection:
        await connection.send(head(len(IMAGE)) + IMAGE[:-1])
        await body_taken(board, 1000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await connection.answer()
        assert board.requests[0].body_bytes == 1000
        connection.reset()
    assert await ask(board, WHOAMI) == NOT_FOUND
    assert board.flashed == []


async def test_what_had_arrived_before_the_peer_went_is_still_taken_after_a_stall(start_board: StartBoard) -> None:
    board = await start_board(fault=Fault(1000, "stall"))
    assert await ask(board, head(len(IMAGE)) + IMAGE, half_close=True) == SILENCE
    assert board.flashed == [IMAGE]


async def test_a_stall_may_also_end_by_itself(start_board: StartBoard) -> None:
    board = await start_board(fault=Fault(1000, "stall", seconds=0.1))
    assert await upload(board, IMAGE) == OK


async def test_faults_happen_to_bodies_that_are_thrown_away_too(start_board: StartBoard) -> None:
    board = await start_board(fault=Fault(10, "reset"))
    with pytest.raises(ConnectionResetError):
        await upload(board, IMAGE, password="wrong")
    assert await upload(board, IMAGE, password="wrong") == UNAUTHORIZED


async def test_an_answer_can_get_lost_though_the_sketch_is_flashed(start_board: StartBoard) -> None:
    closed = await start_board(lose_answer="closed")
    assert await upload(closed, IMAGE) == SILENCE
    resetting = await start_board(lose_answer="reset")
    with pytest.raises(ConnectionResetError):
        await upload(resetting, IMAGE)
    silent = await start_board(lose_answer="silent", away=0.3)
    with pytest.raises(ConnectionResetError):
        await upload(silent, IMAGE)
    for board in (closed, resetting, silent):
        assert (board.flashed, board.requests[0].status) == ([IMAGE], None)
        assert board.options.lose_answer is None


@pytest.mark.parametrize("fate", ["dead", "blank"])
async def test_losing_power_while_copying_is_the_end_until_a_cable_comes(start_board: StartBoard, fate: str) -> None:
    board = await start_board(power_loss_while_copying=fate, away=0.01)
    lost = asyncio.create_task(board.next_event("away"))
    assert await upload(board, IMAGE) == OK
    await lost
    await board.power_off()
    await board.power_on()
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)
    assert board.ota_inside is False


async def test_a_board_may_never_come_back(start_board: StartBoard) -> None:
    board = await start_board(comes_back=False, away=0.01, away_as="silent")
    started = asyncio.create_task(board.next_event("started"))
    assert await upload(board, IMAGE) == OK
    await started
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await ask(board, WHOAMI)


async def kinds_until(board: VirtualBoard, last: str) -> list[str]:
    """The kinds of all events until one of this kind."""
    while board.events[-1].kind != last:
        await asyncio.sleep(0.005)
    return [event.kind for event in board.events]


async def test_all_that_happens_is_told_in_order(start_board: StartBoard) -> None:
    board = await start_board(comes_back=False, away=0.01)
    assert await upload(board, IMAGE) == OK
    assert await kinds_until(board, "started") == [
        "started",
        "listening",
        "request",
        "answered",
        "flashing",
        "copying",
        "away",
        "started",
    ]
