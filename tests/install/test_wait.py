"""An install on a board that is away: an error at once, or a wait that can be seen, cancelled, and outlives a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
import time

from homeassistant.components.repairs import ConfirmRepairFlow
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.install import wait as waiting
from custom_components.mkr1000_ota.install.recovery import async_finish
from custom_components.mkr1000_ota.repairs import async_create_fix_flow
from custom_components.mkr1000_ota.storage.records import BoardStore, WaitingOrder
from tests.conftest import AddBoard, Hear, Offer, StartBoard
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

UPDATE = "update.arduino_firmware"
STATUS = "sensor.arduino_update_status"
CANCEL = "button.arduino_cancel_waiting_update"
IMAGE = build_sketch(password="sesame", version="2.0")

type AddAway = Callable[..., Awaitable[ConfigEntry]]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a board that is waited for directly more often than every quarter of a minute."""
    monkeypatch.setattr(waiting, "LISTEN_FOR", 0.2)


@pytest.fixture
def add_away(add_board: AddBoard, offer: Offer, board: VirtualBoard) -> AddAway:
    """Set up a board for which an update is offered, and take its power away."""

    async def add(minutes: float) -> ConfigEntry:
        entry = await add_board(board, **{CONF_WAIT: minutes})
        await offer(entry, {"garden.bin": IMAGE})
        await board.power_off()
        return entry

    return add


async def install(home: HomeAssistant) -> None:
    """Install what is offered."""
    await home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


def awaited(entry: ConfigEntry) -> WaitingOrder | None:
    """What an entry waits for, as it is written down."""
    found: WaitingOrder | None = entry.runtime_data.coordinator.record.order
    return found


def issue(home: HomeAssistant, entry: ConfigEntry) -> ir.IssueEntry | None:
    """What the user is told of a wait that was in vain."""
    return ir.async_get(home).async_get_issue(DOMAIN, f"not_installed_{entry.entry_id}")


async def test_without_the_option_it_is_an_error_that_says_so(home: HomeAssistant, add_away: AddAway) -> None:
    entry = await add_away(0)
    with pytest.raises(HomeAssistantError) as raised:
        await install(home)
    assert raised.value.translation_key == "board_unreachable"
    assert awaited(entry) is None
    assert home.states.is_state(STATUS, "idle")
    assert home.states.is_state("binary_sensor.arduino_connectivity", "off")
    assert issue(home, entry) is None


async def test_while_it_waits_everybody_says_so_and_the_flash_follows_the_return(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LISTEN_FOR", 60.0)
    entry = await add_away(5)
    await install(home)
    state = home.states.get(UPDATE)
    assert state
    assert state.attributes["in_progress"] is True
    assert state.attributes["update_percentage"] is None
    assert home.states.is_state(STATUS, "waiting")
    left = awaited(entry)
    assert left
    assert left.until == pytest.approx(time.time() + 300, abs=5)

    await board.power_on()
    back = time.monotonic()
    await hear(board)
    await until(lambda: board.flashed)
    assert time.monotonic() - back < 2
    await until(lambda: home.states.is_state(STATUS, "idle"))
    assert board.flashed == [IMAGE]
    assert home.states.is_state(UPDATE, "off")
    assert awaited(entry) is None


async def test_a_board_that_is_never_heard_is_asked_all_the_same(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """Not every network passes multicast on."""
    await add_away(5)
    await install(home)
    await board.power_on()
    await until(lambda: board.flashed == [IMAGE])
    await until(lambda: home.states.is_state(STATUS, "idle"))


async def test_another_board_at_the_address_is_no_return(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, start_board: StartBoard, hear: Hear
) -> None:
    """It gets neither the sketch nor a password, and does not end the wait."""
    entry = await add_away(5)
    await install(home)
    stranger = await start_board(address=board.address, port=board.port, name="Stranger")
    await hear(stranger)
    await until(lambda: len(stranger.requests) > 2)
    await stranger.stop()
    assert awaited(entry)
    assert not any(request.password for request in stranger.requests)
    assert home.states.is_state(STATUS, "waiting")


async def test_the_button_ends_it(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    entry = await add_away(5)
    await install(home)
    await home.services.async_call("button", "press", {"entity_id": CANCEL}, blocking=True)
    assert awaited(entry) is None
    assert home.states.is_state(STATUS, "idle")
    await board.power_on()
    await home.config_entries.async_reload(entry.entry_id)
    await settled(home)
    assert not board.flashed
    assert home.states.is_state(CANCEL, "unavailable")


async def test_it_goes_on_after_a_restart(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """With the same end: a restart is no second chance."""
    entry = await add_away(5)
    await install(home)
    before = awaited(entry)
    assert await home.config_entries.async_unload(entry.entry_id)
    assert await home.config_entries.async_setup(entry.entry_id)
    await until(lambda: home.states.is_state(STATUS, "waiting"))
    assert awaited(entry) == before

    await board.power_on()
    await until(lambda: board.flashed == [IMAGE])
    await until(lambda: home.states.is_state(STATUS, "idle"))
    assert awaited(entry) is None


async def test_its_end_is_told(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """Nobody looks into the log a week later."""
    entry = await add_away(0.005)
    await install(home)
    assert issue(home, entry) is None
    await until(lambda: home.states.is_state(STATUS, "idle"))
    told = issue(home, entry)
    assert told
    assert told.translation_placeholders == {"board": "Arduino", "version": "2.0"}
    assert told.is_persistent
    assert isinstance(await async_create_fix_flow(home, told.issue_id, told.data), ConfirmRepairFlow)
    assert awaited(entry) is None

    await board.power_on()
    await install(home)
    assert issue(home, entry) is None


async def test_an_end_that_nobody_saw_is_told_after_the_restart(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """And the board is left alone, though it is there again."""
    entry = await add_away(5)
    await install(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    record = home.data[DOMAIN].store.record(entry.entry_id)
    record.awaited = replace(record.awaited, until=time.time() - 1)
    await board.power_on()
    assert await home.config_entries.async_setup(entry.entry_id)
    await until(lambda: issue(home, entry))
    await settled(home)
    assert awaited(entry) is None
    assert not board.flashed


async def test_it_goes_on_without_its_source(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """What was ordered is installed, also if a server is down after a restart, or a file was tidied away."""
    entry = await add_away(5)
    await install(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    (Path(home.config.path(entry.options[CONF_FOLDER])) / "garden.bin").unlink()
    assert await home.config_entries.async_setup(entry.entry_id)
    await board.power_on()
    await until(lambda: board.flashed == [IMAGE])
    await until(lambda: home.states.is_state(STATUS, "idle"))
    assert awaited(entry) is None


async def test_an_install_that_was_ordered_meanwhile_counts(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """What waited before the restart does not come on top of it."""
    entry = await add_away(5)
    await install(home)
    async_finish(entry.runtime_data)
    await board.power_on()
    await until(lambda: board.flashed)
    await until(lambda: home.states.is_state(STATUS, "idle"))
    await settled(home)
    assert board.flashed == [IMAGE]
    assert issue(home, entry) is None


async def test_what_cannot_be_written_down_does_not_wait(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be lost with the next restart, against what was said."""
    entry = await add_away(5)

    async def is_full(_: BoardStore) -> bool:
        return False

    with monkeypatch.context() as disk:
        disk.setattr(BoardStore, "save", is_full)
        with pytest.raises(HomeAssistantError) as raised:
            await install(home)
    assert raised.value.translation_key == "journal_unwritable"
    assert awaited(entry) is None
    assert home.states.is_state(STATUS, "idle")
    assert issue(home, entry) is None
