"""A board is discovered: by Home Assistant's zeroconf and dhcp, or because we heard it ourselves."""

from ipaddress import ip_address

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_ZEROCONF,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota import config_flow
from custom_components.mkr1000_ota.activity import Activity, Stage
from custom_components.mkr1000_ota.const import CONF_BOARD, DOMAIN
from tests.conftest import AddBoard, Hear, Lease, StartBoard
from tests.steps import MAC, OTHER_MAC, Result, begin, enter_password, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


def service(
    *addresses: str, port: int | None = 65280, name: str = "Arduino", board: str = "mkr1000"
) -> ZeroconfServiceInfo:
    """Return what Home Assistant's zeroconf hands over."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(addresses[0]),
        ip_addresses=[ip_address(address) for address in addresses],
        port=port,
        hostname=f"{name}.local.",
        type="_arduino._tcp.local.",
        name=f"{name}._arduino._tcp.local.",
        properties={"board": board, "tcp_check": "no"},
    )


async def discover_service(home: HomeAssistant, info: ZeroconfServiceInfo) -> Result:
    """Discover what zeroconf hands over."""
    return await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info)


async def discover(home: HomeAssistant, board: VirtualBoard, *, kind: str = "mkr1000") -> Result:
    """Discover a board that we heard ourselves."""
    return await home.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={CONF_HOST: board.address, CONF_PORT: board.port, CONF_NAME: board.name, CONF_BOARD: kind},
    )


async def discover_lease(home: HomeAssistant, mac: str, address: str) -> Result:
    """Discover what the dhcp integration hands over."""
    info = DhcpServiceInfo(ip=address, hostname="winc-00-01", macaddress=mac.replace(":", ""))
    return await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_DHCP}, data=info)


def cards(home: HomeAssistant) -> list[str]:
    """Return the addresses of the boards that wait for somebody to set them up."""
    flows = home.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sorted(flow["context"]["title_placeholders"]["host"] for flow in flows)


async def test_a_service_becomes_a_card_and_the_card_an_entry(home: HomeAssistant, start_board: StartBoard) -> None:
    board = await start_board(name="Garden", library="ArduinoOTA")
    result = await discover_service(home, service(board.address, port=board.port, name="Garden", board="arduino"))
    assert result["step_id"] == "password"
    [card] = home.config_entries.flow.async_progress()
    assert card["context"]["title_placeholders"] == {"name": "Garden", "host": board.address}

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Garden"
    assert result["data"]["library"] == "ArduinoOTA"


@pytest.mark.parametrize("kind", ["esp32", "", "MKR1000"])
async def test_other_boards_are_left_alone(home: HomeAssistant, board: VirtualBoard, kind: str) -> None:
    for result in (
        await discover_service(home, service(board.address, port=board.port, board=kind)),
        await discover(home, board, kind=kind),
    ):
        assert result["reason"] == "not_a_board"
    assert board.requests == []


async def test_boards_know_no_ipv6(home: HomeAssistant) -> None:
    result = await discover_service(home, service("fe80::1"))
    assert result["reason"] == "not_a_board"


async def test_boards_of_one_name_are_one_service_and_as_many_cards(
    home: HomeAssistant, start_board: StartBoard
) -> None:
    boards = [await start_board(address=f"127.0.0.{last}", port=65280) for last in (7, 8, 9)]
    await discover_service(home, service("fe80::1", *(board.address for board in boards), port=None))
    await home.async_block_till_done(wait_background_tasks=True)
    assert cards(home) == ["127.0.0.7", "127.0.0.8", "127.0.0.9"]

    # The service is updated when one of them is heard again.
    await discover_service(home, service(*(board.address for board in reversed(boards)), port=None))
    await home.async_block_till_done(wait_background_tasks=True)
    assert cards(home) == ["127.0.0.7", "127.0.0.8", "127.0.0.9"]


async def test_what_does_not_answer_like_a_board_is_no_card(
    home: HomeAssistant, board: VirtualBoard, mute_server: str, web_server: str
) -> None:
    await board.power_off()
    reasons = []
    for address in (typed(board), mute_server, web_server):
        host, _, port = address.partition(":")
        result = await discover_service(home, service(host, port=int(port)))
        reasons.append(result["reason"])
    assert reasons == ["board_unreachable", "board_silent", "not_a_board"]


async def test_a_board_that_is_set_up_is_not_even_asked(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    await add_board(board)
    await home.async_block_till_done(wait_background_tasks=True)
    board.requests.clear()
    for result in (
        await discover_service(home, service(board.address, port=board.port)),
        await discover(home, board),
        await discover_lease(home, MAC, board.address),
    ):
        assert result["reason"] == "already_configured"
    assert board.requests == []


async def test_a_board_whose_entry_is_not_loaded_is_set_up_too(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert (await discover(home, board))["reason"] == "already_configured"


async def test_a_discovery_does_not_disturb_a_flash(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    entry.runtime_data.coordinator.set_reachable(False)
    await home.async_block_till_done(wait_background_tasks=True)
    board.requests.clear()
    entry.runtime_data.coordinator.set_activity(Activity(Stage.UPLOADING, "1.0", 1, 2))
    assert (await discover(home, board))["reason"] == "already_configured"
    assert board.requests == []


async def test_a_stranger_where_a_board_was_is_discovered(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, lease: Lease
) -> None:
    """The entry's board is known not to be there any more."""
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, unique_id=MAC, data={**entry.data, CONF_MAC: MAC})
    entry.runtime_data.coordinator.set_reachable(False)
    lease(OTHER_MAC, board.address)
    result = await discover(home, board)
    assert result["step_id"] == "password"
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == OTHER_MAC


async def test_a_known_board_that_is_heard_elsewhere_is_followed(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=MAC, data={CONF_HOST: "127.0.0.99", CONF_PORT: board.port, CONF_MAC: MAC}
    )
    entry.add_to_hass(home)
    lease(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    assert entry.data[CONF_HOST] == board.address


async def test_a_board_without_a_known_hardware_address_is_not_followed(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard
) -> None:
    """Nothing says that the one that is heard elsewhere is the same, so it is a board of its own."""
    entry = await add_board(await start_board())
    result = await discover(home, await start_board(address="127.0.0.8"))
    assert result["step_id"] == "password"
    assert entry.data[CONF_HOST] == "127.0.0.7"


async def test_a_board_is_one_card_however_it_is_discovered(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    await discover(home, board)
    result = await discover_service(home, service(board.address, port=board.port))
    assert result["reason"] == "already_in_progress"
    assert cards(home) == [board.address]


async def test_a_card_moves_with_its_board(home: HomeAssistant, board: VirtualBoard, lease: Lease) -> None:
    lease(MAC, board.address)
    await discover(home, board)
    await board.renumber("127.0.0.8")
    lease(MAC, board.address)
    result = await discover(home, board)
    assert cards(home) == ["127.0.0.8"]
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_card_gives_way_to_the_board_that_took_its_address(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    await discover(home, board)
    lease(MAC, "127.0.0.99")
    lease(OTHER_MAC, board.address)
    result = await discover(home, board)
    assert cards(home) == [board.address]
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == OTHER_MAC


async def test_a_card_goes_when_its_board_is_added_by_hand(
    home: HomeAssistant, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.mkr1000_ota.found.SCAN_FOR", 0.02)
    await discover(home, board)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.flow.async_progress() == []


async def test_a_form_that_was_left_open_elsewhere_does_not_keep_a_card_from_its_entry(
    home: HomeAssistant, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.mkr1000_ota.found.SCAN_FOR", 0.02)
    card = await discover(home, board)
    await pick(home, await begin(home), typed(board))
    result = await enter_password(home, card, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.flow.async_progress() == []


async def test_a_lease_of_a_board_that_is_a_card_already_is_no_other_card(
    home: HomeAssistant, start_board: StartBoard, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_flow, "STARTS_WITHIN", 0.01)
    board = await start_board(port=65280)
    lease(MAC, board.address)
    await discover(home, board)
    assert (await discover_lease(home, MAC, board.address))["reason"] == "already_in_progress"
    assert cards(home) == [board.address]


async def test_a_card_for_a_board_that_has_another_card_goes(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, lease: Lease
) -> None:
    """Two boards have exchanged their addresses."""
    other = await start_board(address="127.0.0.8")
    lease(MAC, board.address)
    lease(OTHER_MAC, other.address)
    result = await discover(home, board)
    await discover(home, other)
    lease(MAC, other.address)
    lease(OTHER_MAC, board.address)
    result = await enter_password(home, result, "password")
    assert result["reason"] == "already_in_progress"
    assert passwords_sent_to(board) == passwords_sent_to(other) == []


async def test_a_reauthentication_is_no_card(home: HomeAssistant, start_board: StartBoard, add_board: AddBoard) -> None:
    entry = await add_board(await start_board())
    entry.async_start_reauth(home)
    await home.async_block_till_done()
    await discover(home, await start_board(address="127.0.0.8"))
    assert len(home.config_entries.flow.async_progress()) == 2


async def ignore(home: HomeAssistant, result: Result) -> None:
    """Do what the frontend does when a card is ignored."""
    [card] = [flow for flow in home.config_entries.flow.async_progress() if flow["flow_id"] == result["flow_id"]]
    await home.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": card["context"]["unique_id"], "title": "Arduino"},
    )
    assert home.config_entries.flow.async_progress() == []


async def test_an_ignored_board_stays_ignored(home: HomeAssistant, board: VirtualBoard) -> None:
    await ignore(home, await discover(home, board))
    assert (await discover(home, board))["reason"] == "already_configured"
    assert (await discover_service(home, service(board.address, port=board.port)))["reason"] == "already_configured"


async def test_a_board_stays_ignored_when_its_hardware_address_becomes_known(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    await ignore(home, await discover(home, board))
    lease(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    [ignored] = home.config_entries.async_entries(DOMAIN)
    assert ignored.unique_id == MAC

    await board.renumber("127.0.0.8")
    lease(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    assert (await discover_lease(home, MAC, board.address))["reason"] == "already_configured"


async def test_a_known_board_with_a_new_lease_is_followed_at_once(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, unique_id=MAC, data={**entry.data, CONF_MAC: MAC})
    await home.async_block_till_done(wait_background_tasks=True)
    board.requests.clear()
    result = await discover_lease(home, MAC, "127.0.0.99")
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_HOST] == "127.0.0.99"
    assert entry.state is ConfigEntryState.LOADED
    assert board.requests == []


async def test_an_unknown_device_with_a_lease_is_asked_who_it_is(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_flow, "STARTS_WITHIN", 5)
    lease(MAC, board.address)
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
    monkeypatch.setattr(config_flow, "STARTS_WITHIN", 0.01)
    board = await start_board(port=65280)
    result = await discover_lease(home, MAC, board.address)
    assert result["step_id"] == "password"
    assert passwords_sent_to(board) == []


async def test_a_device_that_is_no_board_is_not_offered(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_flow, "STARTS_WITHIN", 0.01)
    result = await discover_lease(home, MAC, "127.0.0.98")
    assert result["reason"] == "board_unreachable"
