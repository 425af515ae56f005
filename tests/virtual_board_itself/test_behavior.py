"""What sketches do besides serving, and what becomes of a board that runs them."""

import asyncio
from dataclasses import replace

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.behavior import HALF_OF_THE_FLASH, Behavior, StorageName, behavior_of, has_loader
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.virtual_board_itself.listener import Listener
from tests.virtual_board_itself.raw import BAD_REQUEST, NOT_FOUND, OK, Connection, ask, body_taken, head, upload

WHOAMI = b"GET / HTTP/1.1\r\n\r\n"
PLAIN = build_sketch(password="plain")
WITH_LOADER = build_sketch(password="loaded", size=48 * 1024, quirks=Quirks(sdu=True))
LARGE = 253_952


async def until(board: VirtualBoard, kind: str) -> None:
    """Wait until the last thing that happened was of this kind."""
    while board.events[-1].kind != kind:
        await asyncio.sleep(0.005)


async def press_reset(board: VirtualBoard) -> None:
    """Press the reset button."""
    await board.power_off()
    await board.power_on()


async def test_a_loop_that_is_elsewhere_serves_one_connection_a_turn(start_board: StartBoard) -> None:
    """In the order in which they came, whether or not anybody waits any more."""
    board = await start_board(behavior=Behavior(loop=0.2))
    async with Connection(board) as given_up:
        await given_up.send(head(0, "given up"))
    assert await ask(board, head(0)) == BAD_REQUEST
    assert await ask(board, WHOAMI) == NOT_FOUND
    assert [request.password for request in board.requests] == ["given up", "password", None]


async def test_a_watchdog_resets_the_board_in_the_middle_of_an_upload(start_board: StartBoard) -> None:
    board = await start_board(behavior=Behavior(watchdog=0.3), away=0.2)
    async with Connection(board) as connection:
        await connection.send(head(4096) + bytes(4000))
        await body_taken(board, 4000)
        with pytest.raises(ConnectionResetError):
            await connection.answer()
    assert "watchdog" in [event.kind for event in board.events]
    assert board.flashed == []
    assert await ask(board, head(0)) == BAD_REQUEST


async def test_with_too_little_memory_it_stands_still_at_an_upload(start_board: StartBoard) -> None:
    """Questions do not hurt it; its Wi-Fi module goes on accepting connections afterwards."""
    board = await start_board(behavior=Behavior(crashes_at_upload=True))
    assert await ask(board, head(0)) == BAD_REQUEST
    async with Connection(board) as connection, Connection(board) as other:
        await connection.send(head(len(PLAIN)) + PLAIN[:100])
        await until(board, "stands_still")
        await other.send(WHOAMI)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other.answer()
    assert board.flashed == []
    await press_reset(board)
    assert await ask(board, head(0)) == BAD_REQUEST


async def test_without_an_inlined_reset_it_stands_still_behind_the_copy(start_board: StartBoard) -> None:
    """The next sketch is complete, and starts once somebody presses reset."""
    board = await start_board(behavior=Behavior(hangs_after_copy=True))
    assert await upload(board, PLAIN) == OK
    await until(board, "stands_still")
    assert board.flashed == [PLAIN]
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)
    await press_reset(board)
    assert await ask(board, head(0, "plain")) == BAD_REQUEST
    assert not board.behavior.hangs_after_copy, "that was the sketch before"


@pytest.mark.parametrize("storage", ["sd", "serial_flash"])
async def test_without_a_loader_what_is_stored_stays_stored(start_board: StartBoard, storage: StorageName) -> None:
    """The old sketch starts again, for ever."""
    board = await start_board(behavior=Behavior(storage=storage), storage_size=LARGE)
    for _ in range(2):
        assert await upload(board, WITH_LOADER) == OK
        await until(board, "listening")
    assert board.flashed == []
    assert board.password == "password"
    assert [event.kind for event in board.events].count("stored") == 2


async def test_a_loader_puts_what_is_stored_in_place(start_board: StartBoard) -> None:
    board = await start_board(behavior=Behavior(storage="sd", loader=True), storage_size=LARGE)
    assert await upload(board, WITH_LOADER) == OK
    await until(board, "listening")
    assert board.flashed == [WITH_LOADER]
    assert await ask(board, head(0, "loaded")) == BAD_REQUEST
    assert board.behavior == Behavior(storage="sd", loader=True)


async def test_a_loader_makes_a_brick_of_a_sketch_without_one(start_board: StartBoard) -> None:
    board = await start_board(behavior=Behavior(storage="sd", loader=True), storage_size=LARGE)
    assert await upload(board, PLAIN) == OK
    await until(board, "started")
    assert not board.ota_inside
    await press_reset(board)
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)
    await board.flash_over_usb(WITH_LOADER)
    assert await ask(board, head(0, "loaded")) == BAD_REQUEST


def test_what_a_sketch_does_is_read_out_of_its_image_where_that_tells() -> None:
    assert has_loader(WITH_LOADER)
    assert not has_loader(PLAIN)
    assert behavior_of(WITH_LOADER, {}, Behavior(storage="serial_flash")) == Behavior(
        storage="serial_flash", loader=True
    )
    erases_itself = build_sketch(size=HALF_OF_THE_FLASH + 4)
    assert behavior_of(erases_itself, {}, Behavior()).crashes_at_upload


async def test_losing_power_behind_a_200_starts_the_old_sketch_again(start_board: StartBoard) -> None:
    board = await start_board(power_loss_behind_answer=True)
    assert await upload(board, PLAIN) == OK
    await until(board, "listening")
    assert (board.flashed, board.password) == ([], "password")
    assert await upload(board, PLAIN) == OK
    await until(board, "listening")
    assert (board.flashed, board.password) == ([PLAIN], "plain")


async def test_losing_the_wifi_in_the_middle_of_an_upload_lasts_until_a_reset(start_board: StartBoard) -> None:
    board = await start_board(fault=Fault(1000, "wifi_drop"))
    async with Connection(board) as connection:
        await connection.send(head(len(PLAIN)) + PLAIN)
        await until(board, "wifi_dropped")
    with pytest.raises(ConnectionRefusedError):
        await ask(board, WHOAMI)
    await press_reset(board)
    assert await ask(board, head(0)) == BAD_REQUEST
    assert board.flashed == []


async def test_a_sketch_without_mdns_is_not_heard(start_board: StartBoard) -> None:
    """It can be flashed like any other."""
    board = await start_board(mdns=True, behavior=Behavior(announces=False), library="ArduinoOTA")
    listener = Listener(board.address)
    # One that is just starting would not answer either.
    await asyncio.sleep(1.05)
    listener.ask()
    assert await listener.answers() == []
    listener.close()
    assert (await upload(board, PLAIN)).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.slow
async def test_a_question_waits_for_the_loop_to_come_round(start_board: StartBoard) -> None:
    board = await start_board(mdns=True, behavior=Behavior(loop=0.8))
    listener = Listener(board.address)
    await asyncio.sleep(1.0)
    listener.ask()
    heard = await listener.answers(within=2.0)
    listener.close()
    assert [address for address, _ in heard] == [board.address]


async def test_the_options_of_a_running_board_change_its_behavior(board: VirtualBoard) -> None:
    board.options = replace(board.options, behavior=Behavior(crashes_at_upload=True))
    async with Connection(board) as connection:
        await connection.send(head(100) + bytes(100))
        await until(board, "stands_still")
