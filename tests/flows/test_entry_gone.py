"""Dialogs about a board whose entry is reloaded or removed while it is asked."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
import pytest

from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Arp, Offer, StartBoard
from tests.support.actions import board_of, install, until_stage
from tests.support.mending import know, reauthenticate, reconfigure, settle
from tests.support.steps import MAC, OTHER_MAC, Result, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


@pytest.fixture
async def entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> ConfigEntry:
    """A board that is set up."""
    entry = await add_board(board)
    await settle(home, board)
    return entry


async def submitted(home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, dialog: str) -> tuple[str, Any]:
    """Open a dialog, and return its flow with what a person enters."""
    entered = {CONF_PASSWORD: "password"}
    form: Result
    if dialog == "reconfigure":
        form, entered = await reconfigure(home, entry), entered | {CONF_HOST: typed(board)}
    else:
        form = await reauthenticate(home, entry)
    return form["flow_id"], entered


@pytest.mark.parametrize("dialog", ["reauth", "reconfigure"])
async def test_what_was_noted_since_a_reload_is_kept(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, dialog: str
) -> None:
    flow_id, entered = await submitted(home, entry, board, dialog)
    async with entry.runtime_data.coordinator.lock:
        submitting = home.async_create_task(home.config_entries.flow.async_configure(flow_id, entered))
        assert await home.config_entries.async_reload(entry.entry_id)
        await board_of(home).store.update(version="2.0")
    result = await submitting
    assert result["reason"] == f"{dialog}_successful"
    on_disk = RecordStore(home, entry.entry_id)
    await on_disk.load()
    assert on_disk.record.version == board_of(home).record.version == "2.0"


@pytest.mark.parametrize("dialog", ["reauth", "reconfigure"])
async def test_nothing_is_left_of_a_board_that_was_removed(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, dialog: str
) -> None:
    flow_id, entered = await submitted(home, entry, board, dialog)
    async with entry.runtime_data.coordinator.lock:
        submitting = home.async_create_task(home.config_entries.flow.async_configure(flow_id, entered))
        await home.config_entries.async_remove(entry.entry_id)
    if dialog == "reauth":
        with pytest.raises(UnknownFlow):
            await submitting
    else:
        assert (await submitting)["errors"] == {"base": "not_loaded"}
    assert "password" in [request.password for request in board.requests]
    assert not [path for path in Path(home.config.path(".storage")).rglob("*") if entry.entry_id in str(path)]


async def test_what_waits_since_a_reload_is_not_flashed_onto_other_hardware(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, start_board: StartBoard, arp: Arp
) -> None:
    entry = await add_board(board, **{CONF_WAIT: 5})
    know(home, entry, MAC)
    arp(MAC, board.address)
    await offer(entry, {"2.0.bin": build_sketch(version="2.0")})
    await board.power_off()
    await install(home)
    other = await start_board(address="127.0.0.8")
    arp(OTHER_MAC, other.address)
    form = await reconfigure(home, entry)
    entered = {CONF_HOST: typed(other), CONF_PASSWORD: "password"}
    async with entry.runtime_data.coordinator.lock:
        submitting = home.async_create_task(home.config_entries.flow.async_configure(form["flow_id"], entered))
        assert await home.config_entries.async_reload(entry.entry_id)
        await until_stage(home, Stage.WAITING)
    assert (await submitting)["reason"] == "reconfigure_successful"
    await until_stage(home, Stage.IDLE)
    assert board_of(home).record.order is None
    assert not other.flashed
