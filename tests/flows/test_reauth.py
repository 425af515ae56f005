"""A board that is set up has another password than the one we know."""

import asyncio
from dataclasses import replace

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from custom_components.mkr1000_ota.const import CONF_TYPED_HOST, DOMAIN
from custom_components.mkr1000_ota.install.reconnect import async_check_password
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Arp, Hear, StartBoard, Upload
from tests.support.mending import know, reauthenticate, settle, stored_password
from tests.support.steps import MAC, OTHER_MAC, enter_password, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]


async def test_a_board_that_somebody_else_has_flashed_gets_its_password(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    board = await start_board(password="new")
    entry = await add_board(board, password="old")
    result = await reauthenticate(home, entry)
    assert result["step_id"] == "reauth_confirm"
    assert result["description_placeholders"]["host"] == board.address

    result = await enter_password(home, result, "wrong")
    assert result["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert await stored_password(home, entry) == "old"

    result = await enter_password(home, result, "new")
    assert result["reason"] == "reauth_successful"
    assert await stored_password(home, entry) == "new"
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("password", ["", "pä ß:x"])
async def test_any_password_can_be_entered(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, password: str
) -> None:
    board = await start_board(password=password)
    entry = await add_board(board, password="old")
    result = await enter_password(home, await reauthenticate(home, entry), password)
    assert result["reason"] == "reauth_successful"
    assert await stored_password(home, entry) == password


async def test_whoever_types_a_password_vouches_for_the_address_that_he_sees(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    """It has moved there by itself once, and nothing shows its hardware address anymore."""
    entry = await add_board(board)
    know(home, entry, MAC)
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_TYPED_HOST: "192.0.2.1"})
    await settle(home)
    with pytest.raises(AnotherBoard):
        await entry.runtime_data.coordinator.client.identify()
    result = await enter_password(home, await reauthenticate(home, entry), "password")
    assert result["reason"] == "reauth_successful"
    await entry.runtime_data.coordinator.client.check_password("password")
    await settle(home)


async def test_a_password_goes_to_no_address_that_was_not_shown(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, start_board: StartBoard
) -> None:
    entry = await add_board(board)
    result = await reauthenticate(home, entry)
    other = await start_board(address="127.0.0.8")
    moved = {**entry.data, CONF_HOST: other.address, CONF_PORT: other.port}
    home.config_entries.async_update_entry(entry, data=moved)
    await settle(home, other)
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "board_changed"}
    assert result["description_placeholders"]["host"] == other.address
    assert passwords_sent_to(other) == []
    result = await enter_password(home, result, "password")
    assert result["reason"] == "reauth_successful"
    await settle(home)


@pytest.mark.parametrize("given", ["a password", "a sketch"])
async def test_not_even_if_the_board_moves_while_others_ask_it_something(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, start_board: StartBoard, upload: Upload, given: str
) -> None:
    entry = await add_board(board)
    result = await reauthenticate(home, entry)
    other = await start_board(address="127.0.0.8", password="other")
    await settle(home, other)
    entered = {"sketch": await upload(build_sketch(), "garden.bin")} if given == "a sketch" else {"password": "other"}
    async with entry.runtime_data.coordinator.lock:
        submitting = home.async_create_task(home.config_entries.flow.async_configure(result["flow_id"], entered))
        async with asyncio.timeout(10):
            while not entry.runtime_data.coordinator.lock._waiters:  # noqa: SLF001 - no other way
                await asyncio.sleep(0.01)
        moved = {**entry.data, CONF_HOST: other.address, CONF_PORT: other.port, CONF_TYPED_HOST: other.address}
        home.config_entries.async_update_entry(entry, data=moved)
    told = {"base": "board_changed"} if given == "a sketch" else {CONF_PASSWORD: "wrong_password"}
    assert (await submitting)["errors"] == told
    assert entry.runtime_data.coordinator.record.history == ()
    assert entry.data[CONF_PASSWORD] == "password"
    await settle(home)
    assert not set(passwords_sent_to(other)) & {"other", *Sketch.inspect(build_sketch()).passwords} - {"password"}


async def test_the_password_is_on_the_disk_at_once(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    entry = await add_board(await start_board(password="new"), password="old")
    await enter_password(home, await reauthenticate(home, entry), "new")
    again = RecordStore(home, entry.entry_id)
    await again.load()
    assert again.keyring.current == "new"


async def test_whoever_has_locked_a_board_is_told_with_which_version(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    for flow in entry.async_get_active_flows(home, {SOURCE_REAUTH}):
        home.config_entries.flow.async_abort(flow["flow_id"])
    result = await reauthenticate(home, entry, locked_by="2.0")
    assert result["step_id"] == "reauth_locked"
    assert result["description_placeholders"]["version"] == "2.0"

    result = await enter_password(home, result, "wrong")
    assert result["step_id"] == "reauth_locked"
    result = await enter_password(home, result, "password")
    assert result["reason"] == "reauth_successful"


async def test_a_password_is_not_sent_to_another_board(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, arp: Arp
) -> None:
    entry = await add_board(board, password="old")
    know(home, entry, MAC)
    arp(OTHER_MAC, board.address)
    result = await reauthenticate(home, entry)
    await settle(home, board)
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "another_board"}
    assert passwords_sent_to(board) == []


async def test_a_typed_password_goes_to_the_shown_address_whatever_is_announced_there(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear
) -> None:
    """Somebody has flashed the board with a sketch of another name. A stored password would not go there."""
    entry = await add_board(board, password="old")
    await settle(home)
    result = await reauthenticate(home, entry)
    await hear(board, name="Pump")
    await settle(home, board)
    assert passwords_sent_to(board) == []
    result = await enter_password(home, result, "password")
    assert result["reason"] == "reauth_successful"
    assert entry.data[CONF_NAME] == "Pump"


async def test_a_password_is_not_sent_where_the_board_was_once(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    know(home, entry, MAC)
    result = await reauthenticate(home, entry)
    await board.renumber("127.0.0.8")
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "board_unreachable"}
    assert passwords_sent_to(board) == []


async def test_the_hardware_address_is_learned_with_the_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, arp: Arp
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    arp(MAC, board.address)
    await enter_password(home, await reauthenticate(home, entry), "password")
    assert entry.unique_id == MAC
    assert entry.data[CONF_MAC] == MAC


async def test_a_board_that_is_away_can_be_tried_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    await board.power_off()
    result = await enter_password(home, await reauthenticate(home, entry), "password")
    assert result["errors"] == {"base": "board_unreachable"}
    await board.power_on()
    assert (await enter_password(home, result, "password"))["reason"] == "reauth_successful"


async def test_an_entry_that_is_not_loaded_takes_no_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    result = await reauthenticate(home, entry)
    entry.mock_state(home, ConfigEntryState.SETUP_IN_PROGRESS)  # type: ignore[attr-defined]  # a MockConfigEntry
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "not_loaded"}
    entry.mock_state(home, ConfigEntryState.LOADED)  # type: ignore[attr-defined]
    assert (await enter_password(home, result, "password"))["reason"] == "reauth_successful"


async def test_home_assistant_shows_that_a_password_is_needed(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, issue_registry: ir.IssueRegistry
) -> None:
    assert await async_setup_component(home, "repairs", {})
    entry = await add_board(board, password="old")
    await settle(home)
    await async_check_password(entry.runtime_data.coordinator)
    await settle(home)
    assert issue_registry.async_get_issue("homeassistant", f"config_entry_reauth_{DOMAIN}_{entry.entry_id}")
    [flow] = entry.async_get_active_flows(home, {SOURCE_REAUTH})
    result = await enter_password(home, flow, "password")
    assert result["type"] is FlowResultType.ABORT
    assert not issue_registry.async_get_issue("homeassistant", f"config_entry_reauth_{DOMAIN}_{entry.entry_id}")


async def test_nobody_is_asked_any_more_once_a_known_password_is_right_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, issue_registry: ir.IssueRegistry
) -> None:
    """Whoever had flashed the board has flashed it back."""
    entry = await add_board(board)
    await settle(home)
    board.options = replace(board.options, password="theirs")
    await reauthenticate(home, entry)
    assert issue_registry.async_get_issue("homeassistant", f"config_entry_reauth_{DOMAIN}_{entry.entry_id}")
    board.options = replace(board.options, password="password")
    await async_check_password(entry.runtime_data.coordinator)
    await settle(home)
    assert home.config_entries.flow.async_progress() == []
    assert not issue_registry.async_get_issue("homeassistant", f"config_entry_reauth_{DOMAIN}_{entry.entry_id}")
