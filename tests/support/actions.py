"""What people and automations do with boards, and how they watch it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
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
    assert error.value.translation_key == "verdict_not_back"
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


async def until_stage(home: HomeAssistant, stage: str, entity_id: str = STATUS) -> None:
    """Wait until a board is at a stage of an install."""
    await until(home, entity_id, lambda state: state.state == stage)


def shown(home: HomeAssistant, entity_id: str) -> State:
    """Return what an entity shows."""
    state = home.states.get(entity_id)
    assert state is not None
    return state


def reauths(home: HomeAssistant, entry: ConfigEntry) -> list[Any]:
    """Return the flows in which a user is asked for the password of a board."""
    return list(entry.async_get_active_flows(home, {"reauth"}))
