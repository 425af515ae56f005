"""A board that was announced in another network is a card, and is contacted when somebody opens it and goes on."""

import asyncio

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota import config_flow
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.network.discovery_flows import MAX_CARDS, MAX_UNSEEN_CARDS
from tests.conftest import Hear
from tests.support.discovering import cards, discover, discover_lease, discover_service, service
from tests.support.steps import MAC, Result, enter_password, passwords_sent_to
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


@pytest.fixture
def reach(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> dict[str, Reach]:
    """Where addresses are; behind a router unless a test says otherwise."""
    places: dict[str, Reach] = {}
    monkeypatch.setattr(config_flow, "async_reach", lambda _home, host, _port: places.get(host, Reach.ROUTED))
    return places


@pytest.mark.usefixtures("reach")
async def test_it_is_contacted_only_when_its_password_is_entered(home: HomeAssistant, board: VirtualBoard) -> None:
    card = await discover_service(home, service(board.address, port=board.port))
    assert cards(home) == [board.address]
    result: Result = await home.config_entries.flow.async_configure(card["flow_id"])  # somebody opens it
    assert result["step_id"] == "password"
    assert result["description_placeholders"]["library"] == "WiFi101OTA"
    assert board.requests == []

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_HOST] == board.address


@pytest.mark.usefixtures("reach")
@pytest.mark.parametrize("name", ["Garden  shed ", "Gar\u200bden"])
async def test_a_name_is_the_same_whoever_has_heard_it(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, name: str
) -> None:
    card = await discover_service(home, service(board.address, port=board.port, name=name))
    await hear(board, name=name)
    result = await enter_password(home, card, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("reach")
async def test_a_board_that_does_not_respond_can_be_tried_again(home: HomeAssistant, board: VirtualBoard) -> None:
    card = await discover(home, board)
    await board.power_off()
    result = await enter_password(home, card, "password")
    assert result["errors"] == {"base": "board_unreachable"}
    await board.power_on()
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("reach")
async def test_what_is_no_board_gets_no_password(home: HomeAssistant, web_server: str) -> None:
    host, _, port = web_server.partition(":")
    card = await discover_service(home, service(host, port=int(port)))
    result = await enter_password(home, card, "secret")
    assert result["errors"] == {"base": "not_a_board"}


async def test_what_is_made_up_elsewhere_leaves_room_for_what_is_here(
    home: HomeAssistant, board: VirtualBoard, reach: dict[str, Reach]
) -> None:
    """Nothing is asked behind a router, so that nobody need be there."""
    for number in range(MAX_UNSEEN_CARDS + 5):
        await discover_service(home, service(f"203.0.113.{number}", name=f"Garden {number}"))
    assert len(cards(home)) == MAX_UNSEEN_CARDS
    reach[board.address] = Reach.ON_LINK
    await discover_service(home, service(board.address, port=board.port))
    assert board.address in cards(home)


@pytest.mark.usefixtures("reach")
async def test_it_has_one_card(home: HomeAssistant, board: VirtualBoard) -> None:
    await discover(home, board)
    assert (await discover(home, board))["reason"] == "already_in_progress"


@pytest.mark.usefixtures("reach")
async def test_a_lease_alone_makes_no_card(
    home: HomeAssistant, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_flow, "START_TIMEOUT", 0.01)
    assert (await discover_lease(home, MAC, board.address))["reason"] == "not_a_board"
    assert board.requests == []


async def test_what_leads_to_this_system_is_no_card(
    home: HomeAssistant, board: VirtualBoard, reach: dict[str, Reach]
) -> None:
    reach[board.address] = Reach.FORBIDDEN
    assert (await discover(home, board))["reason"] == "not_a_board"
    assert board.requests == []
    assert passwords_sent_to(board) == []


@pytest.mark.usefixtures("reach")
async def test_names_that_somebody_makes_up_are_a_bounded_number_of_cards(home: HomeAssistant) -> None:
    for number in range(MAX_CARDS + 5):
        addresses = [f"198.51.{network}.{number + 1}" for network in range(3)]
        await discover_service(home, service(*addresses, name=f"Made up {number}"))
    await home.async_block_till_done()
    assert len(cards(home)) == MAX_UNSEEN_CARDS


async def test_leases_that_somebody_makes_up_are_a_bounded_number_of_questions(home: HomeAssistant) -> None:
    flood = {f"f8:f0:05:00:01:{number:02x}": f"198.51.100.{number + 1}" for number in range(MAX_CARDS + 5)}
    flows = [home.async_create_task(discover_lease(home, mac, address)) for mac, address in flood.items()]
    *_, last = flows
    assert (await last)["reason"] == "not_a_board"
    waiting = home.config_entries.flow.async_progress_by_handler(DOMAIN, include_uninitialized=True)
    assert len(waiting) == MAX_CARDS
    for flow in waiting:
        home.config_entries.flow.async_abort(flow["flow_id"])
    for one in flows:
        one.cancel()
    await asyncio.wait(flows)
