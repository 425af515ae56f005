"""What people and automations do with boards, and how they watch it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.coordinator import BoardCoordinator, Stage
from custom_components.mkr1000_ota.install import flashing, wait as waiting
from tests.support.looking import at_stage
from tests.virtual_board import VirtualBoard

FIRMWARE = "update.arduino_firmware"
STATUS = "sensor.arduino_update_status"
CANCEL = "button.arduino_cancel_waiting_update"
FLASH = "event.arduino_update_result"
OFFERED = "select.arduino_version_to_offer"
CONNECTIVITY = "binary_sensor.arduino_connectivity"


async def install(home: HomeAssistant, version: str | None = None, *, entity_id: str = FIRMWARE) -> None:
    """Install as the update dialog does."""
    wanted = {"version": version} if version else {}
    await home.services.async_call("update", "install", {"entity_id": entity_id} | wanted, blocking=True)


async def act(home: HomeAssistant, action: str, **fields: Any) -> Any:
    """Call an action of the integration, and return what it answers for the board."""
    entity_id = fields.pop("entity_id", FIRMWARE)
    response = await home.services.async_call(
        DOMAIN, action, {"entity_id": entity_id} | fields, blocking=True, return_response=True
    )
    assert response is not None
    return response[entity_id]


async def lose(home: HomeAssistant, board: VirtualBoard, version: str | None = None) -> None:
    """Install a sketch that does not come back in the time that a board takes."""
    [entry] = home.config_entries.async_loaded_entries(DOMAIN)
    coordinator = entry.runtime_data.coordinator
    patient = coordinator.timeouts
    coordinator.timeouts = replace(patient, return_timeout=0.5)
    board.options = replace(board.options, comes_back=False)
    with pytest.raises(HomeAssistantError) as error:
        await install(home, version)
    assert "not_back" in str(error.value.translation_key)
    coordinator.timeouts = patient


async def find_again(board: VirtualBoard) -> None:
    """Let a board that was lost join the network after all."""
    board.options = replace(board.options, comes_back=True)
    await board.power_off()
    await board.power_on()


def drop(home: HomeAssistant, name: str, content: bytes | str) -> str:
    """Put a file where actions may read it, and return its path."""
    folder = Path(home.config.path("sketches"))
    folder.mkdir(exist_ok=True)
    home.config.allowlist_external_dirs.add(str(folder))
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / name)


async def press_cancel(home: HomeAssistant) -> None:
    """Press the button that cancels a waiting install."""
    await home.services.async_call("button", "press", {"entity_id": CANCEL}, blocking=True)


async def choose(home: HomeAssistant, option: str) -> None:
    """Choose the version that is offered."""
    await home.services.async_call("select", "select_option", {"entity_id": OFFERED, "option": option}, blocking=True)


@contextmanager
def watching(home: HomeAssistant, entity_id: str) -> Iterator[list[State]]:
    """Collect every state of an entity."""
    states: list[State] = []

    @callback
    def collect(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            states.append(state)

    stop = async_track_state_change_event(home, entity_id, collect)
    yield states
    stop()


async def until(home: HomeAssistant, entity_id: str, is_wanted: Callable[[State], bool]) -> State:
    """Wait until an entity is in a state."""
    reached: asyncio.Future[State] = home.loop.create_future()

    @callback
    def look(event: Event[EventStateChangedData] | None) -> None:
        state = event.data["new_state"] if event else home.states.get(entity_id)
        if state is not None and is_wanted(state) and not reached.done():
            reached.set_result(state)

    stop = async_track_state_change_event(home, entity_id, look)
    look(None)
    try:
        return await asyncio.wait_for(reached, 10)
    finally:
        stop()


def board_of(home: HomeAssistant, title: str = "Arduino") -> BoardCoordinator:
    """Return what is known of a board that is set up."""
    [board] = [
        entry.runtime_data.coordinator
        for entry in home.config_entries.async_loaded_entries(DOMAIN)
        if entry.title == title
    ]
    assert isinstance(board, BoardCoordinator)
    return board


async def until_stage(home: HomeAssistant, stage: Stage, title: str = "Arduino") -> None:
    """Wait until an install on a board is at a stage: few of them are states of an entity."""
    await at_stage(board_of(home, title).config_entry, stage)


async def wait_out(home: HomeAssistant) -> None:
    """Let the time be over in which a board that is waited for may come back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: math.inf))
        await until_stage(home, Stage.IDLE)


async def eventually(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


async def until_not_back(home: HomeAssistant) -> None:
    """Wait until a person is told that a board is not back, and nothing goes on that could hear of it."""
    await eventually(lambda: issues(home).keys() == {"not_back"})
    await until_stage(home, Stage.IDLE)


async def restart(home: HomeAssistant, entry: ConfigEntry, meanwhile: Callable[[], object] = lambda: None) -> None:
    """End an entry, and begin it again with nothing but what is on the disk."""
    assert await home.config_entries.async_unload(entry.entry_id)
    meanwhile()
    assert await home.config_entries.async_setup(entry.entry_id)


def issues(home: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return what the user is told about boards, by what is to be done."""
    raised = [issue for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN and issue.active]
    return {str(issue.translation_key): issue for issue in raised}


def reason_of(issue: ir.IssueEntry) -> str:
    """Return the sentence in an issue that says why it was raised."""
    return str((issue.translation_placeholders or {})["reason"])


def shown(home: HomeAssistant, entity_id: str) -> State:
    """Return what an entity shows."""
    state = home.states.get(entity_id)
    assert state is not None
    return state


def reauths(home: HomeAssistant, entry: ConfigEntry) -> list[Any]:
    """Return the flows in which a user is asked for the password of a board."""
    return list(entry.async_get_active_flows(home, {"reauth"}))


async def hold_turns(home: HomeAssistant) -> None:
    """Let as many boards as allowed be flashed already."""
    for _ in range(flashing.FLASH_SLOTS):
        await flashing.flash_slots(home).acquire()


def give_turns_back(home: HomeAssistant) -> None:
    """Let other boards be flashed again."""
    for _ in range(flashing.FLASH_SLOTS):
        flashing.flash_slots(home).release()
