"""A board is discovered: by Home Assistant's zeroconf and dhcp, or because we heard it ourselves."""

from homeassistant.config_entries import (
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.coordinator import InstallState, Stage
from tests.conftest import AddBoard, Arp, Hear, StartBoard
from tests.support.discovering import cards, discover, discover_lease, discover_service, service
from tests.support.steps import MAC, OTHER_MAC, enter_password, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


async def test_a_service_becomes_a_card_and_the_card_an_entry(
    home: HomeAssistant, start_board: StartBoard, hear: Hear
) -> None:
    board = await start_board(name="Garden")
    await hear(board)
    result = await discover_service(home, service(board.address, port=board.port, name="Garden"))
    assert result["step_id"] == "password"
    [card] = home.config_entries.flow.async_progress()
    assert card["context"]["title_placeholders"] == {"name": "Garden", "host": board.address}

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Garden"


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
    for address in (typed(board), mute_server, web_server):
        host, _, port = address.partition(":")
        result = await discover_service(home, service(host, port=int(port)))
        assert result["reason"] == "no_response"


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
    entry.runtime_data.coordinator.set_online(False)
    await home.async_block_till_done(wait_background_tasks=True)
    board.requests.clear()
    entry.runtime_data.coordinator.set_state(InstallState(Stage.UPLOADING, "1.0", 1, 2))
    assert (await discover(home, board))["reason"] == "already_configured"
    assert board.requests == []


async def test_a_stranger_where_a_board_was_is_discovered(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, arp: Arp
) -> None:
    """The entry's board is known not to be there any more."""
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, unique_id=MAC, data={**entry.data, CONF_MAC: MAC})
    entry.runtime_data.coordinator.set_online(False)
    arp(OTHER_MAC, board.address)
    result = await discover(home, board)
    assert result["step_id"] == "password"
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == OTHER_MAC


async def test_a_known_board_that_is_heard_elsewhere_is_no_card(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=MAC, data={CONF_HOST: "127.0.0.99", CONF_PORT: board.port, CONF_MAC: MAC}
    )
    entry.add_to_hass(home)
    arp(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    assert cards(home) == []


async def test_a_board_without_a_known_hardware_address_is_not_followed(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard
) -> None:
    """Nothing says that the one that is heard elsewhere is the same, so it is a board of its own."""
    entry = await add_board(await start_board())
    result = await discover(home, await start_board(address="127.0.0.8"))
    assert result["step_id"] == "password"
    assert entry.data[CONF_HOST] == "127.0.0.7"
