"""A board that is set up gets another password or address."""

import asyncio
from dataclasses import replace

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.activity import IDLE, Activity, Stage
from custom_components.mkr1000_ota.const import DOMAIN, LOCKED_BY
from custom_components.mkr1000_ota.shared import async_shared
from tests.conftest import AddBoard, Hear, Lease, Offer, StartBoard
from tests.steps import MAC, OTHER_MAC, Result, enter_password, passwords_sent_to, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]


async def settle(home: HomeAssistant, *boards: VirtualBoard) -> None:
    """Let what is due at set-up happen, and forget what boards were asked for that."""
    await home.async_block_till_done(wait_background_tasks=True)
    for board in boards:
        board.requests.clear()


async def reauthenticate(home: HomeAssistant, entry: ConfigEntry, locked_by: str | None = None) -> Result:
    """Let Home Assistant ask for the password of a board."""
    entry.async_start_reauth(home, data={LOCKED_BY: locked_by} if locked_by else None)
    await home.async_block_till_done()
    [flow] = entry.async_get_active_flows(home, {SOURCE_REAUTH})
    return await home.config_entries.flow.async_configure(flow["flow_id"])


async def reconfigure(home: HomeAssistant, entry: ConfigEntry, host: str | None = None, password: str = "") -> Result:
    """Open the form, and submit it with an address as the frontend does: it leaves out what is empty."""
    result: Result = await entry.start_reconfigure_flow(home)  # type: ignore[attr-defined]  # a MockConfigEntry
    assert result["step_id"] == "reconfigure"
    if host is None:
        return result
    return await submit(home, result, host, password)


async def submit(home: HomeAssistant, result: Result, host: str, password: str = "") -> Result:
    """Submit the form with an address and a password."""
    entered = {CONF_HOST: host} | ({CONF_PASSWORD: password} if password else {})
    return await home.config_entries.flow.async_configure(result["flow_id"], entered)


def know(home: HomeAssistant, entry: ConfigEntry, mac: str) -> None:
    """Let the hardware address of a board be known."""
    home.config_entries.async_update_entry(entry, unique_id=mac, data={**entry.data, CONF_MAC: mac})


async def stored_password(home: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return the password in the store, and make sure that the entry has the same."""
    current = (await async_shared(home)).store.record(entry.entry_id).keyring.current
    assert entry.data[CONF_PASSWORD] == current
    return current


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


async def test_the_password_is_on_the_disk_at_once(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    entry = await add_board(await start_board(password="new"), password="old")
    await enter_password(home, await reauthenticate(home, entry), "new")
    again = type((await async_shared(home)).store)(home)
    await again.load()
    assert again.record(entry.entry_id).keyring.current == "new"


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
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    entry = await add_board(board, password="old")
    know(home, entry, MAC)
    lease(OTHER_MAC, board.address)
    result = await reauthenticate(home, entry)
    await settle(home, board)
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "another_board"}
    assert passwords_sent_to(board) == []


async def test_a_password_is_not_sent_to_a_board_of_another_name(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    result = await reauthenticate(home, entry)
    await hear(board, name="Pump")
    await settle(home, board)
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "another_board"}
    assert passwords_sent_to(board) == []


async def test_a_password_goes_to_where_the_board_has_moved(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    know(home, entry, MAC)
    result = await reauthenticate(home, entry)
    await board.renumber("127.0.0.8")
    lease(MAC, board.address)
    result = await enter_password(home, result, "password")
    assert result["reason"] == "reauth_successful"
    assert entry.data[CONF_HOST] == board.address


async def test_the_hardware_address_is_learned_with_the_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    lease(MAC, board.address)
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


async def test_neither_a_password_nor_an_address_is_taken_in_the_middle_of_a_flash(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(seconds_per_byte=20e-6)
    entry = await add_board(board)
    await settle(home)
    reauthentication = await reauthenticate(home, entry)
    reconfiguration = await reconfigure(home, entry)
    image = build_sketch(password="sesame", version="2.0", size=60_000)
    await offer(entry, {"2.0.bin": image})
    install = home.async_create_task(
        home.services.async_call("update", "install", {"entity_id": "update.arduino_firmware"}, blocking=True)
    )
    await board.next_event("request")
    while entry.runtime_data.coordinator.activity.stage is not Stage.UPLOADING:
        await asyncio.sleep(0.01)
    board.requests[:-1] = []

    refused = await enter_password(home, reauthentication, "sesame")
    assert refused["errors"] == {"base": "already_installing"}
    refused = await submit(home, reconfiguration, typed(board), "sesame")
    assert refused["errors"] == {"base": "already_installing"}
    assert entry.runtime_data.coordinator.activity.stage is Stage.UPLOADING

    await install
    assert board.flashed == [image]
    assert await stored_password(home, entry) == "sesame"
    result = await submit(home, reconfiguration, typed(board))
    assert result["reason"] == "reconfigure_successful"
    assert await stored_password(home, entry) == "sesame"


async def test_an_install_that_waits_for_its_board_does_not_keep_a_password_away(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    entry.runtime_data.coordinator.set_activity(Activity(Stage.WAITING, "2.0"))
    result = await enter_password(home, await reauthenticate(home, entry), "password")
    assert result["reason"] == "reauth_successful"
    entry.runtime_data.coordinator.set_activity(IDLE)


async def test_the_form_shows_where_the_board_is(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    result: Result = await reconfigure(home, entry)
    host, password = result["data_schema"].schema
    assert host.description == {"suggested_value": typed(board)}
    assert password.description is None

    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_PORT: 65280})
    result = await home.config_entries.flow.async_configure(result["flow_id"])
    [host, _] = result["data_schema"].schema
    assert host.description == {"suggested_value": board.address}


async def test_a_board_gets_another_address_and_keeps_its_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await board.renumber("127.0.0.8")
    result = await reconfigure(home, entry, typed(board))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_HOST] == "127.0.0.8"
    assert entry.data[CONF_NAME] == "Arduino"
    assert entry.unique_id == "Arduino@127.0.0.8"
    await settle(home)
    assert entry.state is ConfigEntryState.LOADED
    assert await stored_password(home, entry) == "password"


async def test_a_board_gets_another_password(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    board = await start_board(password="new")
    entry = await add_board(board, password="old")
    result = await reconfigure(home, entry, typed(board), "wrong")
    assert result["errors"] == {CONF_PASSWORD: "wrong_password"}
    result = await submit(home, result, typed(board))
    assert result["errors"] == {CONF_PASSWORD: "wrong_password"}
    result = await submit(home, result, typed(board), "new")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert await stored_password(home, entry) == "new"


async def test_an_empty_field_is_an_empty_password_too(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    board = await start_board(password="")
    entry = await add_board(board, password="old")
    result = await reconfigure(home, entry, typed(board))
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert await stored_password(home, entry) == ""


async def test_the_name_stays_unless_the_board_is_heard_to_say_another(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    board = await start_board(name="Garden")
    entry = await add_board(board)
    await settle(home)
    await reconfigure(home, entry, typed(board), "password")
    assert entry.data[CONF_NAME] == "Garden"
    await settle(home)

    await board.renumber("127.0.0.8")
    await hear(board, name="Greenhouse")
    await reconfigure(home, entry, typed(board), "password")
    assert entry.data[CONF_NAME] == "Greenhouse"
    assert entry.unique_id == "Greenhouse@127.0.0.8"
    await settle(home)


async def test_an_entry_that_is_not_loaded_can_be_reconfigured(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    await board.renumber("127.0.0.8")
    result = await reconfigure(home, entry, typed(board))
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.coordinator.host == "127.0.0.8"


@pytest.mark.parametrize("password", ["", "password"])
async def test_a_board_with_another_hardware_address_is_refused(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, lease: Lease, password: str
) -> None:
    entry = await add_board(await start_board())
    know(home, entry, MAC)
    other = await start_board(address="127.0.0.8")
    lease(OTHER_MAC, other.address)
    result = await reconfigure(home, entry, typed(other), password)
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(other) == []


@pytest.mark.parametrize("known", [None, MAC])
async def test_a_board_of_another_entry_is_refused(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, lease: Lease, known: str | None
) -> None:
    """With its hardware address it is known even where it was not seen before."""
    entry = await add_board(await start_board())
    other = await start_board(address="127.0.0.8")
    second = await add_board(other)
    if known:
        know(home, second, known)
        await other.renumber("127.0.0.9")
        lease(known, other.address)
    await settle(home, other)
    result = await reconfigure(home, entry, typed(other), "password")
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(other) == []


async def test_a_board_that_calls_itself_otherwise_needs_its_password_typed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    """It was flashed by cable, and got another address with that."""
    entry = await add_board(await start_board())
    other = await start_board(address="127.0.0.8", name="Pump")
    await hear(other)
    result = await reconfigure(home, entry, typed(other))
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(other) == []

    result = await submit(home, result, typed(other), "password")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_NAME] == "Pump"
    await settle(home)


async def test_the_name_of_the_sketch_that_is_being_flashed_is_expected(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, hear: Hear
) -> None:
    """The board did not come back where it was."""
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    await settle(home)
    await offer(entry, {"2.0.bin": build_sketch(name="Garden", password="sesame", version="2.0")})
    with pytest.raises(Exception, match="has not come back"):
        await home.services.async_call("update", "install", {"entity_id": "update.arduino_firmware"}, blocking=True)
    back = await start_board(address="127.0.0.8", name="Garden", password="sesame")
    await hear(back)
    result = await reconfigure(home, entry, typed(back), "sesame")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert await stored_password(home, entry) == "sesame"


async def test_the_hardware_address_is_learned_with_the_address(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    entry = await add_board(board)
    lease(MAC, board.address)
    await reconfigure(home, entry, typed(board))
    assert entry.unique_id == MAC
    assert entry.data[CONF_MAC] == MAC


async def test_the_hardware_address_is_kept_where_it_cannot_be_learned(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    know(home, entry, MAC)
    await reconfigure(home, entry, typed(board))
    assert entry.unique_id == MAC
    assert entry.data[CONF_MAC] == MAC


async def test_a_board_that_was_ignored_where_it_is_now_is_not_ignored_any_more(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    entry = await add_board(board)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    lease(MAC, board.address)
    await reconfigure(home, entry, typed(board))
    assert home.config_entries.async_entries(DOMAIN) == [entry]
    assert entry.unique_id == MAC
    await settle(home)


async def test_what_is_no_board_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, web_server: str, mute_server: str
) -> None:
    entry = await add_board(board)
    result = await reconfigure(home, entry)
    errors = []
    for address in ("not an address", "127.0.0.97", mute_server, web_server):
        result = await submit(home, result, address, "password")
        errors.append(result["errors"][CONF_HOST])
    assert errors == ["bad_address", "board_unreachable", "board_silent", "not_a_board"]


async def test_home_assistant_shows_that_a_password_is_needed(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, issue_registry: ir.IssueRegistry
) -> None:
    assert await async_setup_component(home, "repairs", {})
    entry = await add_board(board, password="old")
    await settle(home)
    entry.runtime_data.homecoming.answered()
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
    entry.runtime_data.coordinator.set_reachable(False)
    entry.runtime_data.homecoming.answered()
    await settle(home)
    assert home.config_entries.flow.async_progress() == []
    assert not issue_registry.async_get_issue("homeassistant", f"config_entry_reauth_{DOMAIN}_{entry.entry_id}")
