"""The password of a board that is added, and what is learned of the board with it."""

from homeassistant.const import CONF_MAC, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from tests.conftest import Arp, Hear, StartBoard
from tests.support.steps import MAC, OTHER_MAC, REPEATER, begin, enter_password, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")


@pytest.mark.parametrize("password", ["", "pä ß:x", "a" * 60])
async def test_any_password_can_be_entered(home: HomeAssistant, start_board: StartBoard, password: str) -> None:
    board = await start_board(password=password)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, password)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_PASSWORD] == password


async def test_a_wrong_password_is_shown_in_the_form_and_can_be_corrected(
    home: HomeAssistant, board: VirtualBoard
) -> None:
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "wrong")
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert board.flashed == []

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_board_can_vanish_before_its_password_is_entered(home: HomeAssistant, board: VirtualBoard) -> None:
    result = await pick(home, await begin(home), typed(board))
    await board.power_off()
    result = await enter_password(home, result, "password")
    assert result["errors"] == {"base": "board_unreachable"}

    await board.power_on()
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_password_does_not_go_to_a_board_that_took_the_address_meanwhile(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    arp(MAC, "127.0.0.99")
    arp(OTHER_MAC, board.address)
    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "board_changed"}
    assert passwords_sent_to(board) == []

    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == OTHER_MAC


async def test_a_password_does_not_go_to_a_board_of_another_name(
    home: HomeAssistant, board: VirtualBoard, hear: Hear
) -> None:
    await hear(board)
    result = await pick(home, await begin(home), board.address)
    await hear(board, name="Pump")
    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "board_changed"}
    assert result["description_placeholders"]["name"] == "Pump"
    assert passwords_sent_to(board) == []


async def test_behind_a_repeater_the_name_tells_boards_apart(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """A repeater shows its own hardware address for all of them."""
    arp(REPEATER, board.address)
    await hear(board)
    result = await pick(home, await begin(home), board.address)
    await hear(board, name="Pump")
    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "board_changed"}
    assert passwords_sent_to(board) == []


async def test_the_hardware_address_is_the_unique_id_where_it_is_known(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC
    assert result["data"][CONF_MAC] == MAC


async def test_a_hardware_address_that_is_learned_late_is_used(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    result = await pick(home, await begin(home), typed(board))
    arp(MAC, board.address)
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC


async def test_the_address_of_a_repeater_is_no_identity(home: HomeAssistant, board: VirtualBoard, arp: Arp) -> None:
    arp(REPEATER, board.address)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == "Arduino@127.0.0.7"
    assert CONF_MAC not in result["data"]
