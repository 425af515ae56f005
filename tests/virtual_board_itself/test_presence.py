"""When a board is there, when it is deaf, and how it looks while it is away."""

import asyncio
from dataclasses import replace

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.raw import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    SILENCE,
    Connection,
    ask,
    body_taken,
    head,
    upload,
)

WHOAMI = b"GET / HTTP/1.1\r\n\r\n"
IMAGE = bytes(512)


async def is_silent(board: VirtualBoard) -> bool:
    """Whether an attempt to connect gets no reply at all."""
    try:
        async with asyncio.timeout(0.15), Connection(board):
            return False
    except TimeoutError:
        return True


async def gets_no_answer(connection: Connection) -> bool:
    """Whether an open connection stays open and quiet."""
    try:
        async with asyncio.timeout(0.15):
            await connection.answer()
    except TimeoutError:
        return True
    return False


async def test_others_wait_while_one_is_served(board: VirtualBoard) -> None:
    async with Connection(board) as first, Connection(board) as second:
        await first.send(WHOAMI[:5])
        await second.send(WHOAMI)
        assert await gets_no_answer(second)
        await first.send(WHOAMI[5:])
        assert await first.answer() == NOT_FOUND
        assert await second.answer() == NOT_FOUND


async def test_a_stalled_peer_makes_it_deaf_until_that_peer_closes(board: VirtualBoard) -> None:
    async with Connection(board) as stalled, Connection(board) as other:
        await stalled.send(head(512) + IMAGE[:100])
        await other.send(WHOAMI)
        assert await gets_no_answer(other)
        stalled.half_close()
        assert await stalled.answer() == SILENCE
        assert await other.answer() == NOT_FOUND


async def test_it_is_deaf_for_the_pause_behind_an_answer(start_board: StartBoard) -> None:
    board = await start_board(pause=0.3, library="ArduinoOTA")
    async with Connection(board) as first:
        await first.send(WHOAMI)
        assert (await first.segment()).startswith(b"HTTP/1.1 ")
        async with Connection(board) as second:
            await second.send(WHOAMI)
            assert await gets_no_answer(second)
            assert (await second.answer()).startswith(b"HTTP/1.1 404 Not Found\r\n")


async def test_after_a_flash_it_refuses_connections_until_it_is_back(board: VirtualBoard) -> None:
    started = asyncio.create_task(board.next_event("away"))
    assert await upload(board, IMAGE) == OK
    await started
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)


async def test_or_it_does_not_react_at_all_until_it_is_back(start_board: StartBoard) -> None:
    board = await start_board(away_as="silent", away=0.5)
    await board.power_off()
    assert await is_silent(board)
    assert await is_silent(board)
    await board.power_on()
    assert await ask(board, WHOAMI) == NOT_FOUND


async def test_what_waited_when_it_went_silent_is_reset_when_it_is_back(start_board: StartBoard) -> None:
    board = await start_board(away_as="silent")
    async with Connection(board) as served, Connection(board) as waiting:
        await served.send(head(512) + IMAGE[:100])
        await body_taken(board, 100)
        await board.power_off()
        assert await gets_no_answer(served)
        assert await gets_no_answer(waiting)
        await board.power_on()
        for connection in (served, waiting):
            with pytest.raises(ConnectionResetError):
                await connection.answer()


async def test_while_it_copies_it_may_accept_connections_that_nothing_answers(start_board: StartBoard) -> None:
    board = await start_board(accept_while_copying=True, copy_time=0.4)
    copying = asyncio.create_task(board.next_event("copying"))
    assert await upload(board, IMAGE) == OK
    await copying
    async with Connection(board) as waiting:
        await waiting.send(WHOAMI)
        assert await gets_no_answer(waiting)
        with pytest.raises(ConnectionResetError):
            await waiting.answer()


async def test_the_copy_begins_only_after_the_pause(start_board: StartBoard) -> None:
    board = await start_board(pause=0.3)
    copying = asyncio.create_task(board.next_event("copying"))
    assert await upload(board, IMAGE) == OK
    assert "copying" not in [event.kind for event in board.events]
    await copying


async def test_after_a_wifi_drop_the_server_stays_closed_until_the_power_was_off(board: VirtualBoard) -> None:
    await board.drop_wifi()
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)
    await board.power_off()
    await board.power_on()
    assert await ask(board, WHOAMI) == NOT_FOUND


async def test_it_can_move_to_another_address(board: VirtualBoard) -> None:
    before = board.address
    await board.renumber("127.0.0.8")
    assert (before, board.address) == ("127.0.0.7", "127.0.0.8")
    assert await ask(board, head(0)) == BAD_REQUEST


async def test_options_can_change_while_it_runs(board: VirtualBoard) -> None:
    board.options = replace(board.options, password="new", name="Attic")
    assert await ask(board, head(0, "new")) == BAD_REQUEST
    assert board.name == "Attic"


async def test_many_boards_live_in_one_process(start_board: StartBoard) -> None:
    boards = [await start_board(address=f"127.0.1.{number}", password=str(number)) for number in range(1, 21)]
    answers = await asyncio.gather(*(ask(board, head(0, board.password)) for board in boards))
    assert set(answers) == {BAD_REQUEST}
