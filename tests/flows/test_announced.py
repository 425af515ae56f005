"""A board that was announced in another network is a card, and is contacted when somebody opens it."""

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota import config_flow
from custom_components.mkr1000_ota.network.adapters import Reach
from tests.support.discovering import cards, discover, discover_service, service
from tests.support.steps import Result, enter_password
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


@pytest.fixture
def reach(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> dict[str, Reach]:
    """Where addresses are; behind a router unless a test says otherwise."""
    places: dict[str, Reach] = {}

    monkeypatch.setattr(config_flow, "async_reach", lambda _home, host, _port: places.get(host, Reach.ROUTED))
    return places


async def open_card(home: HomeAssistant, card: Result) -> Result:
    """Do what the frontend does when somebody opens a card."""
    return await home.config_entries.flow.async_configure(card["flow_id"])


@pytest.mark.usefixtures("reach")
async def test_it_is_contacted_only_when_its_card_is_opened(home: HomeAssistant, board: VirtualBoard) -> None:
    card = await discover(home, board)
    assert card["step_id"] == "announced"
    assert cards(home) == [board.address]
    assert board.requests == []

    result = await open_card(home, card)
    assert result["step_id"] == "password"
    assert [request.line for request in board.requests] == ["GET / HTTP/1.1"]
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_HOST] == board.address


@pytest.mark.usefixtures("reach")
async def test_a_board_that_does_not_respond_can_be_tried_again(home: HomeAssistant, board: VirtualBoard) -> None:
    card = await discover_service(home, service(board.address, port=board.port))
    await board.power_off()
    result = await open_card(home, card)
    assert (result["step_id"], result["errors"]) == ("announced", {"base": "board_unreachable"})
    await board.power_on()
    result = await home.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["step_id"] == "password"


@pytest.mark.usefixtures("reach")
async def test_it_has_one_card(home: HomeAssistant, board: VirtualBoard) -> None:
    await discover(home, board)
    assert (await discover(home, board))["reason"] == "already_in_progress"


async def test_what_leads_to_this_system_is_no_card(
    home: HomeAssistant, board: VirtualBoard, reach: dict[str, Reach]
) -> None:
    reach[board.address] = Reach.FORBIDDEN
    assert (await discover(home, board))["reason"] == "not_a_board"
    assert board.requests == []
