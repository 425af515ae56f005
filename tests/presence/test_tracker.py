"""Whether a board is there is known from one question a minute for all, and at most a look at one of them."""

import asyncio
from dataclasses import replace
import logging
from pathlib import Path

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.presence import tracker as presence
from custom_components.mkr1000_ota.presence.tracker import CHECK_INTERVAL, async_get_tracker
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard, Welcome
from tests.support.actions import CONNECTIVITY, install
from tests.support.looking import forget_sightings, heard_ago, leave_unheard, look, passwords, questions, settled
from tests.support.steps import MAC, OTHER_MAC
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
    assert [len(questions(board)) for board in boards] == [1, 0, 1, 0]


async def test_a_board_that_was_heard_before_it_is_set_up_need_not_be_heard_again(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear
) -> None:
    await hear(board)
    await add_board(board)
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords(board) == ["password"]


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
    assert logged(caplog, "does not answer") == 1
    assert logged(caplog, "answers again") == 0

    await board.power_on()
    for _ in range(3):
        await hear(board)
        await look(home)
    assert logged(caplog, "does not answer") == 1
    assert logged(caplog, "answers again") == 1


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
    monkeypatch.setattr(presence, "AWAY_ASKED", 2)
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


@pytest.mark.parametrize("known", [True, False], ids=["hardware address", "no hardware address"])
async def test_somebody_who_fell_silent_has_everybody_asked_once(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear, arp: Arp, *, known: bool
) -> None:
    """It may be where another board was, if that can be seen; it need not be found out again for the next one."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 5)]
    for number, board in enumerate(boards):
        if known:
            arp(f"f8f00500000{number}", board.address)
        await add_board(board)
        await hear(board)
    await settled(home)

    asked = []
    for silent in (boards[0], boards[1], None):
        if silent is not None:
            await silent.power_off()
            forget_sightings(home, silent.address)
        for board in boards:
            board.requests.clear()
        await look(home)
        asked.append(sum(len(questions(board)) for board in boards[2:]))
    everybody, the_one_in_turn = 2, 1
    assert asked[0] >= everybody if known else asked[0] <= the_one_in_turn
    assert asked[1:] == [the_one_in_turn] * 2


async def test_a_stranger_in_the_place_of_a_board_has_everybody_asked_once(
    home: HomeAssistant, welcome: Welcome, start_board: StartBoard, arp: Arp
) -> None:
    """It stays where it is: only that it came is a reason."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in range(1, 4)]
    arp(MAC, boards[0].address)
    await welcome(*boards)
    arp(MAC, "127.0.1.99")
    arp(OTHER_MAC, boards[0].address)
    await look(home)
    for board in boards:
        board.requests.clear()
    await look(home, 2)
    assert questions(boards[0])
    assert sum(len(questions(board)) for board in boards[1:]) == 2


async def test_a_board_that_moved_is_found_where_it_is_leased(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    [entry] = await welcome(board)

    await board.renumber("127.0.1.77")
    arp(MAC, board.address)
    await look(home)
    assert entry.data[CONF_HOST] == "127.0.1.77"
    assert home.states.is_state(CONNECTIVITY, "on")
