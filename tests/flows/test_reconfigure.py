"""A board that is set up gets another address or password by hand."""

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network import mac_addresses
from tests.conftest import AddBoard, Arp, Hear, StartBoard
from tests.support.mending import know, reconfigure, settle, stored_password, submit
from tests.support.steps import MAC, Result, typed
from tests.virtual_board import VirtualBoard

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]


async def test_the_form_shows_where_the_board_is(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    result: Result = await reconfigure(home, entry)
    host, password, sketch = result["data_schema"].schema
    assert host.description == {"suggested_value": typed(board)}
    assert password.description is sketch.description is None

    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_PORT: 65280})
    result = await home.config_entries.flow.async_configure(result["flow_id"])
    [host, *_] = result["data_schema"].schema
    assert host.description == {"suggested_value": board.address}


async def test_a_board_gets_another_address_and_keeps_its_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await board.renumber("127.0.0.8")
    result = await reconfigure(home, entry, typed(board))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_HOST] == "127.0.0.8"
    await settle(home)
    assert await stored_password(home, entry) == "password"


async def test_nothing_is_interrupted_by_it(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    runtime = entry.runtime_data
    await board.renumber("127.0.0.8")
    await reconfigure(home, entry, typed(board))
    await settle(home)
    assert entry.runtime_data is runtime
    assert runtime.coordinator.host == "127.0.0.8"
    assert runtime.coordinator.data is True


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


async def test_an_entry_that_is_not_loaded_takes_nothing(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    result = await reconfigure(home, entry, typed(board), "password")
    assert result["errors"] == {"base": "not_loaded"}


async def test_the_address_that_the_network_has_given_a_board_is_proposed(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease proves nothing: a person decides."""
    entry = await add_board(board)
    know(home, entry, MAC)
    await settle(home)
    lease = DhcpServiceInfo(ip="127.0.0.8", hostname="winc-00-01", macaddress=MAC.replace(":", ""))
    home.config.components.add("dhcp")
    monkeypatch.setattr(mac_addresses, "async_discovered_service_info", lambda _: [lease])
    result: Result = await reconfigure(home, entry)
    [host, *_] = result["data_schema"].schema
    assert host.description == {"suggested_value": typed(board)}  # it is there

    entry.runtime_data.coordinator.set_online(False)
    result = await reconfigure(home, entry)
    [host, *_] = result["data_schema"].schema
    assert host.description == {"suggested_value": f"127.0.0.8:{board.port}"}
    assert entry.data[CONF_HOST] == board.address


async def test_the_hardware_address_is_learned_with_the_address(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, arp: Arp
) -> None:
    entry = await add_board(board)
    arp(MAC, board.address)
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
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, arp: Arp
) -> None:
    entry = await add_board(board)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    arp(MAC, board.address)
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
