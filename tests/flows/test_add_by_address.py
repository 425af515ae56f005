"""A board is added by its address, or by what a person takes for one."""

import socket
from unittest.mock import AsyncMock

from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.arduino_ota.protocol import client
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from custom_components.mkr1000_ota.flows.forms import MANUAL
from tests.conftest import Hear, StartBoard
from tests.support.steps import begin, enter_password, pick, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.behavior import Behavior

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")


async def test_an_address_can_be_typed(home: HomeAssistant, board: VirtualBoard) -> None:
    result = await pick(home, await begin(home), f" {typed(board)} ")
    result = await enter_password(home, result, "password")
    assert result["title"] == "Arduino"
    assert result["data"][CONF_NAME] is None  # it was not heard to say a name
    assert result["data"][CONF_PORT] == board.port


async def test_where_boards_answered_the_address_of_another_one_is_asked_for_in_a_form_of_its_own(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, hear: Hear
) -> None:
    await hear(board)
    another = await start_board(address="127.0.0.8")
    result = await begin(home)
    result = await home.config_entries.flow.async_configure(result["flow_id"], {CONF_HOST: MANUAL})
    assert (result["step_id"], result["errors"]) == ("address", {})

    result = await pick(home, result, "127.0.0.300")
    assert (result["step_id"], result["errors"]) == ("address", {CONF_HOST: "bad_address"})
    result = await pick(home, result, typed(another))
    assert result["description_placeholders"]["host"] == "127.0.0.8"


async def test_a_typed_port_counts_more_than_the_one_that_was_heard(
    home: HomeAssistant, start_board: StartBoard, hear: Hear
) -> None:
    heard = await start_board(address="127.0.0.7")
    meant = await start_board(address="127.0.0.7", password="other")
    await hear(heard)
    result = await pick(home, await begin(home), typed(meant))
    result = await enter_password(home, result, "other")
    assert result["data"][CONF_PORT] == meant.port


async def test_a_host_name_becomes_an_address(home: HomeAssistant, start_board: StartBoard) -> None:
    board = await start_board(address="127.0.0.1")
    result = await pick(home, await begin(home), f"localhost:{board.port}")
    assert result["description_placeholders"]["host"] == "127.0.0.1"


async def test_the_name_that_a_board_announces_leads_to_it(
    home: HomeAssistant, start_board: StartBoard, hear: Hear
) -> None:
    board = await start_board(name="Garden")
    await hear(board)
    result = await pick(home, await begin(home), "garden.local")
    assert result["description_placeholders"]["host"] == "127.0.0.7"


async def test_a_name_that_several_boards_announce_leads_to_none(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server knows it either."""
    monkeypatch.setattr(home.loop, "getaddrinfo", AsyncMock(side_effect=socket.gaierror))
    await hear(board)
    await hear(board, address="127.0.0.8")
    result = await pick(home, await begin(home), "arduino.local")
    assert result["errors"] == {CONF_HOST: "host_unknown"}


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        " ",
        "fe80::1",
        "[::1]:65280",
        "http://127.0.0.7/",
        "127.0.0.7:",
        "127.0.0.7:0",
        "127.0.0.7:65536",
        "127.0.0.7:+80",
        "127.0.0.7:8O",
        "127.0.0.7/24",
        "127.0.0.256",
        "127.0.7",
        "0.0.0.0",
        "224.0.0.251",
        "255.255.255.255",
        "a..b",
        "my board",
        "a%b",
        "x" * 64,
        ":65280",
    ],
)
async def test_nonsense_is_no_address(home: HomeAssistant, board: VirtualBoard, nonsense: str) -> None:
    result = await pick(home, await begin(home), nonsense)
    assert result["step_id"] == "address"
    assert result["errors"] == {CONF_HOST: "bad_address"}

    result = await pick(home, result, typed(board))
    assert result["step_id"] == "password"


async def test_a_board_that_is_away_can_be_tried_again(home: HomeAssistant, board: VirtualBoard) -> None:
    await board.power_off()
    result = await pick(home, await begin(home), typed(board))
    assert result["errors"] == {CONF_HOST: "board_unreachable"}

    await board.power_on()
    result = await pick(home, result, typed(board))
    assert result["step_id"] == "password"


async def test_a_board_that_keeps_silent_is_told_from_one_that_is_away(home: HomeAssistant, mute_server: str) -> None:
    result = await pick(home, await begin(home), mute_server)
    assert result["errors"] == {CONF_HOST: "board_silent"}


@pytest.mark.slow
async def test_a_busy_sketch_is_waited_for_with_one_request(
    home: HomeAssistant, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives up and asks again makes it worse: a board serves those first that have given up."""
    monkeypatch.setattr(client, "DEFAULT_TIMEOUTS", RequestTimeouts())
    board = await start_board(behavior=Behavior(loop=4.5))
    result = await pick(home, await begin(home), typed(board))
    assert result["step_id"] == "password"
    assert len(board.requests) == 1
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_web_server_is_no_board(home: HomeAssistant, web_server: str) -> None:
    result = await pick(home, await begin(home), web_server)
    assert result["errors"] == {CONF_HOST: "not_a_board"}
