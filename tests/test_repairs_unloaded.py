"""What is told of a board, and closed, while its entry is disabled or removed: nothing stays."""

import asyncio
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.issues import Kind
from custom_components.mkr1000_ota.repairs import MenuRepairFlow
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard
from tests.support.mending import settle
from tests.test_repairs import issues, tell
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


@pytest.fixture
async def entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> ConfigEntry:
    """A board that is set up."""
    entry = await add_board(board)
    await settle(home)
    return entry


async def end(home: HomeAssistant, entry: ConfigEntry, how: str) -> None:
    """Disable or remove an entry."""
    if how == "removed":
        await home.config_entries.async_remove(entry.entry_id)
    else:
        await home.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_what_is_told_meanwhile_is_taken_back(
    home: HomeAssistant, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    unload = home.config_entries.async_unload_platforms

    async def tell_meanwhile(*given: Any) -> bool:
        await tell(entry, Kind.UNCERTAIN)
        return await unload(*given)

    monkeypatch.setattr(home.config_entries, "async_unload_platforms", tell_meanwhile)
    await end(home, entry, how)
    assert issues(home) == []


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_what_is_closed_meanwhile_brings_nothing_else_back(
    home: HomeAssistant, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    for kind in (Kind.UNCERTAIN, Kind.NOT_INSTALLED):
        await tell(entry, kind)
    begun, go_on, write = asyncio.Event(), threading.Event(), RecordStore._replace

    def write_late(store: RecordStore, data: dict[str, Any]) -> None:
        home.loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        write(store, data)

    monkeypatch.setattr(RecordStore, "_replace", write_late)
    repair = MenuRepairFlow(Kind.UNCERTAIN, entry.entry_id, "")
    repair.hass = home
    closing = asyncio.ensure_future(repair.async_step_close())
    await begun.wait()
    ending = asyncio.create_task(end(home, entry, how))
    await asyncio.wait((ending,), timeout=0.1)
    go_on.set()
    await asyncio.gather(closing, ending)
    assert issues(home) == []
