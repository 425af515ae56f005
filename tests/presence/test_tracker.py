"""Whether a board is there is known from one question a minute for all, and at most a look at one of them."""

import asyncio
from dataclasses import replace
import logging
from pathlib import Path
import time
from typing import Literal

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mkr1000_ota.arduino_ota.protocol import client
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.presence import tracker as presence
from custom_components.mkr1000_ota.presence.tracker import CHECK_INTERVAL, async_get_tracker
from tests.conftest import AddBoard, Hear, Offer, StartBoard, Welcome
from tests.support.actions import CONNECTIVITY, install, reauths, until
from tests.support.looking import heard_ago, leave_unheard, look, passwords, questions, settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

ESTABLISHED = "01"


def logged(caplog: pytest.LogCaptureFixture, words: str) -> int:
    """How often something was said."""
    return sum(words in record.getMessage() for record in caplog.records if record.levelno >= logging.INFO)


def connections(board: VirtualBoard) -> int:
    """How many connections to a board the kernel has, served or waiting."""
    peer = ":".join(
        (
            bytes(int(part) for part in reversed(board.address.split("."))).hex().upper(),
            f"{board.port:04X}",
        )
    )
    lines = [line.split() for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()]
    return sum(line[2] == peer and line[3] == ESTABLISHED for line in lines)


async def test_boards_that_are_heard_cost_one_question_a_minute(
    home: HomeAssistant, welcome: Welcome, start_board: StartBoard, hear: Hear
) -> None:
    """However many there are; who is asked goes round, so that every address is looked at in its turn."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 6)]
    await welcome(*boards)
    for board in boards:
        board.requests.clear()

    for _ in range(len(boards)):
        await look(home)
        for board in boards:
            await hear(board)
    await settled(home)

    assert [len(questions(board)) for board in boards] == [1] * len(boards)
    assert not any(passwords(board) for board in boards)


@pytest.mark.usefixtures("nobody_is_heard")
async def test_a_board_that_is_not_heard_is_asked_before_it_is_called_unavailable(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear
) -> None:
    await add_board(board)
    await look(home, 2)
    assert home.states.is_state(CONNECTIVITY, "on")

    await board.power_off()
    await look(home)
    assert home.states.is_state(CONNECTIVITY, "off")

    await board.power_on()
    await look(home)
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_whoever_asks_for_an_update_of_an_entity_has_the_board_asked(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    assert home.states.is_state(CONNECTIVITY, "on")
    await board.power_off()
    await coordinator.async_refresh()
    assert home.states.is_state(CONNECTIVITY, "off")
    assert not passwords(board)


async def test_a_board_that_missed_a_question_is_asked_directly(
    home: HomeAssistant, welcome: Welcome, start_board: StartBoard
) -> None:
    """Besides the one whose turn it is."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 5)]
    await welcome(*boards)
    for board in boards:
        board.requests.clear()
    heard_ago(home, boards[1].address, CHECK_INTERVAL.total_seconds() * 1.2)
    heard_ago(home, boards[2].address, CHECK_INTERVAL.total_seconds() * 1.8)
    await look(home)
    assert [bool(questions(board)) for board in boards] == [True, False, True, False]


async def test_a_board_that_was_heard_before_it_is_set_up_need_not_be_heard_again(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear
) -> None:
    await hear(board)
    await add_board(board)
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords(board) == []


async def test_it_is_looked_after_once_a_minute(home: HomeAssistant, welcome: Welcome, board: VirtualBoard) -> None:
    await welcome(board)
    board.requests.clear()
    async_fire_time_changed(home, dt_util.utcnow() + CHECK_INTERVAL)
    await settled(home)
    assert len(questions(board)) == 1


async def test_going_and_coming_back_are_logged_once_each(
    home: HomeAssistant,
    welcome: Welcome,
    board: VirtualBoard,
    hear: Hear,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await welcome(board)
    await leave_unheard(home, board)
    await look(home, 2)
    assert logged(caplog, "does not respond") == 1
    assert logged(caplog, "is back") == 0

    await board.power_on()
    for _ in range(3):
        await hear(board)
        await look(home)
    assert logged(caplog, "does not respond") == 1
    assert logged(caplog, "is back") == 1


@pytest.mark.slow
async def test_a_board_that_is_flashed_is_not_disturbed(
    home: HomeAssistant, welcome: Welcome, offer: Offer, board: VirtualBoard, hear: Hear
) -> None:
    """Nothing but the upload is connected to it, whatever is heard of it, and whoever wants to know how it is."""
    [entry] = await welcome(board)
    image = build_sketch(name="Garden", password="sesame", version="2.0", size=20_000)
    await offer(entry, {"garden.bin": image})
    board.options = replace(board.options, seconds_per_byte=150e-6)
    coordinator = entry.runtime_data.coordinator
    seen: list[int] = []

    flash = home.async_create_task(install(home))
    while not flash.done():
        await asyncio.sleep(0.05)
        if coordinator.state.stage is Stage.UPLOADING and 0 < coordinator.state.taken < len(image) / 2:
            await hear(board, name="Garden")
            asked = asyncio.gather(async_get_tracker(home).async_check(dt_util.utcnow()), coordinator.async_refresh())
            await asyncio.wait_for(asked, 1)
        # Near its end, the connection may be gone before the stage is.
        if coordinator.state.stage is Stage.UPLOADING and 0 < coordinator.state.taken < len(image) / 2:
            seen.append(connections(board))
    await flash

    assert set(seen) == {1}
    assert len(seen) > 5
    assert board.flashed == [image]


async def test_a_thousand_boards_that_are_away_are_asked_a_few_at_a_time(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are asked all the same: not every network passes multicast on."""
    monkeypatch.setattr(presence, "OFFLINE_PER_ROUND", 2)
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 6)]
    entries = [await add_board(board) for board in boards]
    for board in boards:
        await board.power_off()
    await look(home)
    coordinators = [entry.runtime_data.coordinator for entry in entries]
    assert [coordinator.data for coordinator in coordinators] == [False] * 5

    for board in boards:
        await board.power_on()
    found = []
    for _ in range(3):
        await look(home)
        found.append(sum(coordinator.data for coordinator in coordinators))
    assert found == [2, 4, 5]


async def test_a_look_does_not_begin_before_the_last_one_has_ended(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """It takes seconds to give up on a board that does not even refuse a connection."""
    entry = await add_board(board)
    await settled(home)
    board.options = replace(board.options, away_as="silent")
    await board.power_off()
    asking = home.async_create_task(async_get_tracker(home).async_check(dt_util.utcnow()))
    async with asyncio.timeout(1):
        await async_get_tracker(home).async_check(dt_util.utcnow())
    assert not asking.done()
    assert entry.runtime_data.coordinator.data is None
    await board.power_on()
    await asking


async def test_a_board_that_is_heard_while_a_round_asks_it_in_vain_is_asked_again(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    """The question in vain may take seconds more, and the next query is a minute away."""
    await welcome(board)
    await leave_unheard(home, board)
    lock = home.config_entries.async_entries(DOMAIN)[0].runtime_data.coordinator.lock
    async with lock:
        await board.power_on()
        await hear(board)
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "on")


@pytest.mark.slow
async def test_a_thousand_boards_that_are_offline_do_not_delay_one_that_is_heard(
    home: HomeAssistant, welcome: Welcome, start_board: StartBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every slot of the round is taken by a board that takes its time not to respond."""
    monkeypatch.setattr(presence, "QUERY_SLOTS", 2)
    silent = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 4)]
    back = await start_board(name="Garden")
    await welcome(*silent, back)
    for board in (*silent, back):
        await leave_unheard(home, board)
    for board in silent:
        board.options = replace(board.options, away_as="silent")
        await board.power_on()
        await board.power_off()
    asking = home.async_create_task(async_get_tracker(home).async_check(dt_util.utcnow()))
    await back.power_on()
    await hear(back)
    await until(home, "binary_sensor.garden_connectivity", lambda state: state.state == "on")
    assert not asking.done()
    for board in silent:
        await board.power_on()
    await asking


async def test_whoever_asks_for_an_update_skips_nothing_that_is_due(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard
) -> None:
    """Somebody has flashed the board while it was away, and Home Assistant is told to look at it at just this moment."""
    [entry] = await welcome(board)
    await leave_unheard(home, board)
    await flashed_long_ago(entry)
    await board.flash_over_usb(build_sketch(password="theirs"))
    board.requests.clear()
    await entry.runtime_data.coordinator.async_refresh()
    await settled(home)
    assert passwords(board) == ["password"]
    assert reauths(home, entry)


@pytest.mark.parametrize("away_as", ["refused", "silent"])
async def test_a_password_is_checked_after_an_absence_but_not_more_than_once_an_hour(
    home: HomeAssistant,
    welcome: Welcome,
    board: VirtualBoard,
    hear: Hear,
    away_as: Literal["refused", "silent"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "DEFAULT_TIMEOUTS", RequestTimeouts(connect=0.3))
    board.options = replace(board.options, away_as=away_as)
    [entry] = await welcome(board)
    await flashed_long_ago(entry)
    board.requests.clear()
    for _ in range(3):
        await leave_unheard(home, board)
        await board.power_on()
        await hear(board)
        await settled(home)
        assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords(board) == ["password"]


async def test_a_board_that_was_merely_not_recognized_was_not_absent(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    """Whoever makes up a name for it for a moment has no password sent."""
    [entry] = await welcome(board)
    await flashed_long_ago(entry)
    board.requests.clear()
    await hear(board, name="Evil")
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "off")
    await hear(board)
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords(board) == []


async def flashed_long_ago(entry: ConfigEntry) -> None:
    """Let the board have said two hours ago which password it accepts."""
    await entry.runtime_data.coordinator.store.update(password_checked=time.time() - 7200)
