"""A discovered board is one card, until it is set up or ignored."""

from homeassistant.config_entries import (
    SOURCE_IGNORE,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota import config_flow
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.install.reconnect import async_learn_mac
from tests.conftest import AddBoard, Arp, StartBoard
from tests.support.discovering import cards, discover, discover_lease, discover_service, service
from tests.support.steps import MAC, OTHER_MAC, Result, begin, enter_password, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


async def test_a_board_is_one_card_however_it_is_discovered(home: HomeAssistant, board: VirtualBoard, arp: Arp) -> None:
    arp(MAC, board.address)
    await discover(home, board)
    result = await discover_service(home, service(board.address, port=board.port))
    assert result["reason"] == "already_in_progress"
    assert cards(home) == [board.address]


async def test_a_card_moves_with_its_board(home: HomeAssistant, board: VirtualBoard, arp: Arp) -> None:
    arp(MAC, board.address)
    await discover(home, board)
    await board.renumber("127.0.0.8")
    arp(MAC, board.address)
    result = await discover(home, board)
    assert cards(home) == ["127.0.0.8"]
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_card_gives_way_to_the_board_that_took_its_address(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    await discover(home, board)
    arp(MAC, "127.0.0.99")
    arp(OTHER_MAC, board.address)
    result = await discover(home, board)
    assert cards(home) == [board.address]
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == OTHER_MAC


@pytest.mark.usefixtures("quick_scan")
async def test_a_card_goes_when_its_board_is_added_by_hand(home: HomeAssistant, board: VirtualBoard) -> None:
    await discover(home, board)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.flow.async_progress() == []


@pytest.mark.usefixtures("quick_scan")
async def test_a_form_that_was_left_open_elsewhere_does_not_keep_a_card_from_its_entry(
    home: HomeAssistant, board: VirtualBoard
) -> None:
    card = await discover(home, board)
    await pick(home, await begin(home), typed(board))
    result = await enter_password(home, card, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.flow.async_progress() == []


async def test_a_lease_of_a_board_that_is_a_card_already_is_no_other_card(
    home: HomeAssistant, start_board: StartBoard, arp: Arp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_flow, "START_TIMEOUT", 0.01)
    board = await start_board(port=65280)
    arp(MAC, board.address)
    await discover(home, board)
    assert (await discover_lease(home, MAC, board.address))["reason"] == "already_in_progress"
    assert cards(home) == [board.address]


async def test_a_card_for_a_board_that_has_another_card_goes(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, arp: Arp
) -> None:
    """Two boards have exchanged their addresses."""
    other = await start_board(address="127.0.0.8")
    arp(MAC, board.address)
    arp(OTHER_MAC, other.address)
    result = await discover(home, board)
    await discover(home, other)
    arp(MAC, other.address)
    arp(OTHER_MAC, board.address)
    result = await enter_password(home, result, "password")
    assert result["reason"] == "already_in_progress"
    assert passwords_sent_to(board) == passwords_sent_to(other) == []


@pytest.mark.slow
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
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    await ignore(home, await discover(home, board))
    arp(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    [ignored] = home.config_entries.async_entries(DOMAIN)
    assert ignored.unique_id == MAC

    await board.renumber("127.0.0.8")
    arp(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    assert (await discover_lease(home, MAC, board.address))["reason"] == "already_configured"


async def test_a_board_that_was_ignored_twice_is_one_ignored_board(
    home: HomeAssistant, board: VirtualBoard, arp: Arp, caplog: pytest.LogCaptureFixture
) -> None:
    await ignore(home, await discover(home, board))
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    arp(MAC, board.address)
    assert (await discover(home, board))["reason"] == "already_configured"
    assert sorted(str(entry.unique_id) for entry in home.config_entries.async_entries(DOMAIN)) == [
        f"Arduino@{board.address}",
        MAC,
    ]
    assert "already in use" not in caplog.text


async def test_a_card_of_a_board_that_turns_out_to_be_set_up_goes(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    """Whoever ignored it would have Home Assistant delete the entry that has its unique id."""
    entry = await add_board(board)
    arp(MAC, "127.0.0.8")
    await discover(home, await start_board(address="127.0.0.8"))
    assert cards(home) == ["127.0.0.8"]
    arp(MAC, board.address)
    await async_learn_mac(entry.runtime_data.coordinator)
    assert (entry.unique_id, cards(home)) == (MAC, [])
