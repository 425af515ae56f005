"""An install on a board that is away: a wait that can be seen, cancelled, and outlives a restart, or an error at once."""

import asyncio
from dataclasses import replace
from itertools import groupby
from pathlib import Path
import time

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import wait as waiting
from tests.conftest import BRISK_REQUESTS, AddBoard, Arp, Hear, Offer, StartBoard
from tests.install.conftest import IMAGE, AddAway, order_of
from tests.support.actions import (
    CONNECTIVITY,
    FIRMWARE,
    FLASH,
    STATUS,
    board_of,
    eventually,
    give_turns_back,
    hold_turns,
    install,
    issues,
    press_cancel,
    restart,
    shown,
    until_stage,
    watching,
)
from tests.support.looking import look, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.slow


DAY = 24 * 3600


async def test_without_the_option_it_is_an_error_that_says_so(home: HomeAssistant, add_away: AddAway) -> None:
    await add_away(0)
    with pytest.raises(HomeAssistantError) as raised:
        await install(home)
    assert raised.value.translation_key == "board_unreachable"
    assert order_of(home) is None
    assert shown(home, STATUS).state == "idle"
    assert shown(home, CONNECTIVITY).state == "off"
    assert not issues(home)


async def test_it_waits_for_a_day_where_nobody_has_chosen(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    options = {key: value for key, value in entry.options.items() if key != CONF_WAIT}
    home.config_entries.async_update_entry(entry, options=options)
    await offer(entry, {"garden.bin": IMAGE})
    await board.power_off()
    await install(home)
    order = order_of(home)
    assert order is not None
    assert order.until - order.ordered == pytest.approx(DAY)
    await press_cancel(home)


async def test_a_clock_that_is_set_does_not_end_a_wait(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut it may be years behind until the network is there."""
    await add_away()
    with monkeypatch.context() as power_cut:
        power_cut.setattr(time, "time", lambda: 0.0)
        await install(home)
        await until_stage(home, Stage.WAITING)
    await board.power_on()
    await until_stage(home, Stage.IDLE)
    assert board.flashed == [IMAGE]


async def test_while_it_waits_everybody_says_so_and_the_flash_follows_the_return(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """Not every network passes multicast: nothing is heard of the board here."""
    await add_away()
    await install(home)
    state = shown(home, FIRMWARE)
    assert state.attributes["in_progress"] is True
    assert state.attributes["update_percentage"] is None
    assert shown(home, STATUS).state == "in_progress"
    assert shown(home, CONNECTIVITY).state == "off"
    order = order_of(home)
    assert order
    assert order.until == pytest.approx(time.time() + 300, abs=60)

    with watching(home, FLASH) as events:
        await board.power_on()
        await until_stage(home, Stage.UPLOADING)
        assert shown(home, CONNECTIVITY).state == "on"
        await until_stage(home, Stage.IDLE)
    assert board.flashed == [IMAGE]
    assert shown(home, FIRMWARE).state == "off"
    assert order_of(home) is None
    assert [event.attributes["event_type"] for event in events] == ["flashed"]
    assert not issues(home)


async def test_a_board_that_is_known_to_be_offline_is_not_asked_for_long(
    home: HomeAssistant, add_away: AddAway, monkeypatch: pytest.MonkeyPatch, board: VirtualBoard
) -> None:
    """Something accepts connections at its address and says nothing: that may take half a minute to find out."""
    monkeypatch.setattr(waiting, "OFFLINE_TIMEOUT", 0.2)
    patient = replace(BRISK_REQUESTS, answer=60)
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.protocol.client.DEFAULT_TIMEOUTS", patient)
    await add_away()
    await look(home)
    assert shown(home, CONNECTIVITY).state == "off"

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, board.address, board.port):
        await asyncio.wait_for(install(home), 10)
        assert shown(home, STATUS).state == "in_progress"
        assert order_of(home)
        await press_cancel(home)


async def test_a_board_that_is_back_just_now_is_not_waited_for(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    await add_away()
    await look(home)
    assert shown(home, CONNECTIVITY).state == "off"
    await board.power_on()
    await install(home)
    assert board.flashed == [IMAGE], "whoever has ordered it is told how it ends"


@pytest.mark.parametrize("responds", ["nothing", "another board"])
async def test_whatever_else_responds_is_no_return(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, start_board: StartBoard, hear: Hear, responds: str
) -> None:
    """It gets neither the sketch nor a password, and does not end the wait."""
    await add_away()
    await install(home)
    if responds == "nothing":
        asked: list[asyncio.StreamWriter] = []

        def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(writer)
            writer.close()

        async with await asyncio.start_server(hang_up, board.address, board.port):
            await eventually(lambda: len(asked) > 2)
    else:
        stranger = await start_board(address=board.address, port=board.port, name="Stranger")
        await hear(stranger)
        await eventually(lambda: stranger.requests)
        await stranger.stop()
        assert not any(request.password for request in stranger.requests)
    assert order_of(home)
    assert shown(home, STATUS).state == "in_progress"
    await board.power_on()
    await hear(board)
    await eventually(lambda: board.flashed == [IMAGE])
    await until_stage(home, Stage.IDLE)


async def test_another_board_at_its_old_address_is_left_alone(
    home: HomeAssistant,
    add_away: AddAway,
    board: VirtualBoard,
    start_board: StartBoard,
    add_board: AddBoard,
    arp: Arp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is set up itself, and each request stops its sketch for a moment."""
    monkeypatch.setattr(waiting, "PROBE_INTERVAL", 0.01)
    know(home, await add_away(0.02), MAC)
    other = await start_board(address=board.address, port=board.port, name="Barn")
    arp(OTHER_MAC, other.address)
    know(home, await add_board(other), OTHER_MAC)
    await install(home)
    await until_stage(home, Stage.IDLE)
    assert issues(home).keys() == {"not_installed", "same_board"}
    assert len(other.requests) < 10, "of whoever ordered, of the wait, and of the search for the board"


async def test_a_board_that_moves_while_it_is_waited_for_is_flashed_at_its_new_address(
    home: HomeAssistant,
    add_away: AddAway,
    board: VirtualBoard,
    start_board: StartBoard,
    arp: Arp,
) -> None:
    """The tracker moves the entry, and the wait follows."""
    entry = await add_away()
    know(home, entry, MAC)
    await install(home)
    moved = await start_board(address="127.0.0.77", port=board.port)
    stranger = await start_board(address=board.address, port=board.port, password="of the stranger")
    arp(MAC, moved.address)
    arp(OTHER_MAC, stranger.address)
    board_of(home).update_entry(**{CONF_HOST: moved.address})
    await eventually(lambda: moved.flashed == [IMAGE])
    await until_stage(home, Stage.IDLE)
    assert not any(request.password for request in stranger.requests)


async def test_it_goes_on_after_a_restart(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """With the same end: a restart is no second chance."""
    entry = await add_away()
    await install(home)
    before = order_of(home)
    for _ in range(2):
        await restart(home, entry)
        assert shown(home, STATUS).state == "in_progress"
        assert order_of(home) == before
    await board.power_on()
    await eventually(lambda: board.flashed == [IMAGE])
    await until_stage(home, Stage.IDLE)
    assert order_of(home) is None


async def test_it_goes_on_without_its_source(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """What was ordered is installed, also if a server is down after a restart, or a file was tidied away."""
    entry = await add_away()
    await install(home)
    await restart(home, entry, (Path(home.config.path(entry.options[CONF_FOLDER])) / "garden.bin").unlink)
    await board.power_on()
    await eventually(lambda: board.flashed == [IMAGE])
    await until_stage(home, Stage.IDLE)
    assert order_of(home) is None


async def test_an_install_that_was_ordered_meanwhile_counts(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """A second one is refused as long as one waits."""
    await add_away()
    await install(home)
    with pytest.raises(HomeAssistantError) as raised:
        await install(home)
    assert raised.value.translation_key in ("update_in_progress", "already_installing")
    await board.power_on()
    await until_stage(home, Stage.UPLOADING)
    await until_stage(home, Stage.IDLE)
    await settled(home)
    assert board.flashed == [IMAGE]


@pytest.mark.parametrize("away", ["known", "unknown", "queued"])
async def test_one_that_has_waited_writes_four_lines_into_the_activity_log(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, away: str
) -> None:
    """Each change of a state is a line."""
    await add_away()
    if away == "known":
        await look(home)
    if away == "queued":
        await board.power_on()
        await hold_turns(home)
    with watching(home, STATUS) as statuses, watching(home, FIRMWARE) as firmware, watching(home, FLASH) as events:
        caller = asyncio.create_task(install(home))
        await until_stage(home, Stage.QUEUED if away == "queued" else Stage.WAITING)
        if away == "queued":
            give_turns_back(home)
        else:
            await board.power_on()
        await caller
        await until_stage(home, Stage.IDLE)
        await settled(home)
    assert board.flashed == [IMAGE]
    lines = [state for state, _ in groupby(["idle", *(each.state for each in statuses)])]
    assert lines == ["idle", "in_progress", "idle"]
    assert len(list(groupby(["on", *(each.state for each in firmware)]))) - 1 == 1
    assert len(list(groupby(each.state for each in events))) == 1
