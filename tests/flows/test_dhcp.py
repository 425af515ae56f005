"""The dhcp integration tells of a lease, and whoever has it is asked who it is."""

from homeassistant.config_entries import (
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota import config_flow
from tests.conftest import AddBoard, Arp, Hear, StartBoard
from tests.support.discovering import discover_lease
from tests.support.steps import MAC, enter_password, passwords_sent_to
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


async def test_a_lease_moves_no_entry(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    """One forged packet makes one."""
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, unique_id=MAC, data={**entry.data, CONF_MAC: MAC})
    await home.async_block_till_done(wait_background_tasks=True)
    board.requests.clear()
    result = await discover_lease(home, MAC, "127.0.0.99")
    assert result["reason"] == "already_configured"
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.data[CONF_HOST] == board.address
    assert entry.state is ConfigEntryState.LOADED
    assert passwords_sent_to(board) == []


async def test_an_unknown_device_with_a_lease_is_asked_who_it_is(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, arp: Arp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_flow, "START_TIMEOUT", 5)
    arp(MAC, board.address)
    flow = home.async_create_task(discover_lease(home, MAC, board.address))
    while not home.config_entries.flow.async_progress(include_uninitialized=True):
        await home.async_add_executor_job(lambda: None)
    await hear(board, address="127.0.0.99")
    await hear(board)
    result = await flow
    assert result["step_id"] == "password"
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC
    assert result["data"][CONF_PORT] == board.port


async def test_a_board_that_is_not_heard_is_asked_all_the_same(
    home: HomeAssistant, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every network lets multicast through."""
    monkeypatch.setattr(config_flow, "START_TIMEOUT", 0.01)
    board = await start_board(port=65280)
    result = await discover_lease(home, MAC, board.address)
    assert result["step_id"] == "password"
    assert passwords_sent_to(board) == []


async def test_a_device_that_is_no_board_is_not_offered(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_flow, "START_TIMEOUT", 0.01)
    result = await discover_lease(home, MAC, "127.0.0.98")
    assert result["reason"] == "no_response"
