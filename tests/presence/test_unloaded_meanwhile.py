"""Entries that are unloaded while somebody asks their boards: nothing goes on without them."""

import asyncio
from collections.abc import Iterator
import threading

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network import identity
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import AddBoard, Hear
from tests.support.looking import leave_unheard, passwords, settled
from tests.support.mending import reconfigure, submit
from tests.support.steps import typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


class NeighbourTable:
    """A neighbour table that takes its time to tell that it knows nobody."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer at once."""
        self._loop = loop
        self.asked = asyncio.Event()
        self.answers_at_once = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, _host: str) -> None:
        """Say who has an address."""
        if self.answers_at_once:
            self.answers_at_once -= 1
            return
        self._loop.call_soon_threadsafe(self.asked.set)
        self.may_answer.wait(10)


@pytest.fixture(autouse=True)
def table(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Iterator[NeighbourTable]:
    """The neighbour table that boards are looked up in once they have answered."""
    table = NeighbourTable(home.loop)
    monkeypatch.setattr(identity, "mac_of", table)
    yield table
    table.may_answer.set()


@pytest.fixture
async def renamed(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear) -> ConfigEntry:
    """A board that was flashed from somewhere else, and announces a different name since."""
    entry = await add_board(board)
    await hear(board)
    await settled(home)
    await board.flash_over_usb(build_sketch(name="Garden"))
    await hear(board)
    await settled(home)
    return entry


async def look_while_it_is_unloaded(home: HomeAssistant, entry: ConfigEntry, table: NeighbourTable) -> None:
    """Ask a board that answers; before it is clear who that is, its entry is unloaded."""
    table.may_answer.clear()
    table.asked.clear()
    looking = home.async_create_task(async_get_tracker(home).async_check(dt_util.utcnow()))
    await table.asked.wait()
    assert await home.config_entries.async_unload(entry.entry_id)
    table.may_answer.set()
    await looking
    await settled(home)


async def test_a_board_that_answers_by_another_name(
    home: HomeAssistant, renamed: ConfigEntry, table: NeighbourTable
) -> None:
    assert ir.async_get(home).async_get_issue(DOMAIN, f"renamed.{renamed.entry_id}")
    await look_while_it_is_unloaded(home, renamed, table)
    assert not ir.async_get(home).async_get_issue(DOMAIN, f"renamed.{renamed.entry_id}")


async def test_a_board_that_is_about_to_be_told_of(
    home: HomeAssistant, renamed: ConfigEntry, table: NeighbourTable
) -> None:
    # It is looked up when it answers, once more because it is not the board, and for what is told.
    table.answers_at_once = 2
    await look_while_it_is_unloaded(home, renamed, table)
    assert not ir.async_get(home).async_get_issue(DOMAIN, f"renamed.{renamed.entry_id}")


async def test_a_board_that_is_back(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, table: NeighbourTable
) -> None:
    entry = await add_board(board)
    await leave_unheard(home, board)
    await board.power_on()
    board.requests.clear()
    await look_while_it_is_unloaded(home, entry, table)
    assert passwords(board) == []


async def test_a_board_whose_new_name_is_being_confirmed(
    home: HomeAssistant, renamed: ConfigEntry, board: VirtualBoard
) -> None:
    form = await reconfigure(home, renamed)
    async with renamed.runtime_data.coordinator.lock:
        confirming = home.async_create_task(submit(home, form, typed(board), "password"))
        assert await home.config_entries.async_unload(renamed.entry_id)
    result = await confirming
    assert result["reason"] == "reconfigure_successful"
    assert renamed.data[CONF_NAME] == "Garden"
