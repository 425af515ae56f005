"""A board is added by hand: from what answered a scan, or by its address."""

import socket
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota import found
from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_LIBRARY, CONF_STORAGE, DOMAIN
from custom_components.mkr1000_ota.forms import ANOTHER
from custom_components.mkr1000_ota.shared import async_shared
from tests.conftest import AddBoard, Hear, Lease, StartBoard
from tests.steps import MAC, OTHER_MAC, begin, enter_password, offered, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")


@pytest.fixture
def quick_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan no longer than a test needs."""
    monkeypatch.setattr(found, "SCAN_FOR", 0.02)


async def test_a_board_that_answered_the_scan_is_picked(home: HomeAssistant, board: VirtualBoard, hear: Hear) -> None:
    await hear(board)
    result = await begin(home)
    assert result["step_id"] == "pick"
    assert offered(result) == {"127.0.0.7": "Arduino · 127.0.0.7 · WiFi101OTA", ANOTHER: ANOTHER}

    result = await pick(home, result, board.address)
    assert result["step_id"] == "password"
    assert result["description_placeholders"] == {"name": "Arduino", "host": "127.0.0.7", "library": "WiFi101OTA"}

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Arduino"
    assert result["data"] == {
        CONF_HOST: "127.0.0.7",
        CONF_PORT: board.port,
        CONF_NAME: "Arduino",
        CONF_PASSWORD: "password",
        CONF_LIBRARY: "WiFi101OTA",
    }
    entry: ConfigEntry = result["result"]
    assert entry.unique_id == "Arduino@127.0.0.7"
    assert entry.options == {CONF_STORAGE: "internal", CONF_FOLDER: "mkr1000_ota/arduino"}
    assert entry.state is ConfigEntryState.LOADED
    assert (await async_shared(home)).store.record(entry.entry_id).keyring.current == "password"


async def test_the_scan_shows_how_far_it_is(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[float] = []
    monkeypatch.setattr("custom_components.mkr1000_ota.config_flow.BoardFlow.async_update_progress", _noting(shown))
    result = await begin(home)
    assert result["step_id"] == "none_answered"
    assert shown[-1] == 1.0
    assert shown == sorted(shown)


def _noting(shown: list[float]) -> Any:
    return lambda _, progress: shown.append(progress)


async def test_asking_again_while_the_scan_runs_starts_no_other(home: HomeAssistant) -> None:
    result = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await home.config_entries.flow.async_configure(result["flow_id"])
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    home.config_entries.flow.async_abort(result["flow_id"])


async def test_an_address_can_be_typed(home: HomeAssistant, board: VirtualBoard) -> None:
    result = await pick(home, await begin(home), f" {typed(board)} ")
    result = await enter_password(home, result, "password")
    assert result["data"][CONF_NAME] == "Arduino"
    assert result["data"][CONF_PORT] == board.port


async def test_where_boards_answered_the_address_of_another_one_is_asked_for_in_a_form_of_its_own(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, hear: Hear
) -> None:
    await hear(board)
    another = await start_board(address="127.0.0.8")
    result = await begin(home)
    result = await home.config_entries.flow.async_configure(result["flow_id"], {CONF_HOST: ANOTHER})
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
    assert result["description_placeholders"] == {"name": "Garden", "host": "127.0.0.7", "library": "WiFi101OTA"}


async def test_a_name_that_several_boards_announce_leads_to_none(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server knows it either."""
    monkeypatch.setattr(home.loop, "getaddrinfo", AsyncMock(side_effect=socket.gaierror))
    await hear(board)
    await hear(board, address="127.0.0.8")
    result = await pick(home, await begin(home), "arduino.local")
    assert result["errors"] == {CONF_HOST: "board_unreachable"}


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
    assert result["step_id"] == "none_answered"
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


async def test_a_chosen_board_that_has_gone_meanwhile_can_be_chosen_again(
    home: HomeAssistant, board: VirtualBoard, hear: Hear
) -> None:
    await hear(board)
    await board.power_off()
    result = await pick(home, await begin(home), board.address)
    assert (result["step_id"], result["errors"]) == ("pick", {CONF_HOST: "board_unreachable"})

    await board.power_on()
    result = await pick(home, result, board.address)
    assert result["step_id"] == "password"


async def test_a_chosen_board_that_is_not_heard_any_more_is_asked_for_by_its_address(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(board)
    await board.power_off()
    result = await begin(home)
    monkeypatch.setattr(found, "HEARD_LATELY", 0)
    result = await pick(home, result, board.address)
    assert (result["step_id"], result["errors"]) == ("none_answered", {CONF_HOST: "board_unreachable"})


async def test_a_board_that_keeps_silent_is_told_from_one_that_is_away(home: HomeAssistant, mute_server: str) -> None:
    result = await pick(home, await begin(home), mute_server)
    assert result["errors"] == {CONF_HOST: "board_silent"}


async def test_a_web_server_is_no_board(home: HomeAssistant, web_server: str) -> None:
    result = await pick(home, await begin(home), web_server)
    assert result["errors"] == {CONF_HOST: "not_a_board"}


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
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    lease(MAC, "127.0.0.99")
    lease(OTHER_MAC, board.address)
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


async def test_the_hardware_address_is_the_unique_id_where_it_is_known(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC
    assert result["data"][CONF_MAC] == MAC


async def test_a_hardware_address_that_is_learned_late_is_used(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    result = await pick(home, await begin(home), typed(board))
    lease(MAC, board.address)
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC


async def test_a_hardware_address_is_not_forgotten_while_the_form_is_open(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    lease(OTHER_MAC, board.address)  # now two are said to be there, so that neither counts
    result = await enter_password(home, result, "password")
    assert result["result"].unique_id == MAC


async def test_a_board_that_is_set_up_is_not_offered_and_not_added_twice(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear
) -> None:
    await add_board(board)
    await hear(board)
    result = await begin(home)
    assert result["step_id"] == "all_set_up"
    assert result["description_placeholders"] == {"configured": "- Arduino · 127.0.0.7 · WiFi101OTA"}

    result = await pick(home, result, typed(board))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_board_that_is_set_up_is_named_beside_those_that_are_not(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, add_board: AddBoard, hear: Hear
) -> None:
    await add_board(board)
    await hear(board)
    garden = await start_board(address="127.0.0.8", name="Garden")
    await hear(garden)
    result = await begin(home)
    assert result["step_id"] == "pick_more"
    assert offered(result) == {"127.0.0.8": "Garden · 127.0.0.8 · WiFi101OTA", ANOTHER: ANOTHER}
    assert result["description_placeholders"] == {"configured": "- Arduino · 127.0.0.7 · WiFi101OTA"}

    result = await pick(home, result, garden.address)
    assert result["description_placeholders"]["name"] == "Garden"


async def test_a_board_that_was_heard_long_ago_is_not_offered(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(board)
    monkeypatch.setattr(found, "HEARD_LATELY", 0)
    result = await begin(home)
    assert result["step_id"] == "none_answered"


async def test_two_boards_of_one_name_are_two_entries(
    home: HomeAssistant, start_board: StartBoard, hear: Hear, lease: Lease
) -> None:
    boards = [await start_board(address=f"127.0.0.{last}") for last in (7, 10, 8, 9)]
    for board in boards:
        await hear(board)
    lease(MAC, "127.0.0.8")
    titles = []
    for board in boards:
        result = await pick(home, await begin(home), board.address)
        result = await enter_password(home, result, "password")
        titles.append(result["title"])
    assert titles == ["Arduino", "Arduino (127.0.0.10)", "Arduino 0001", "Arduino (127.0.0.9)"]
    folders = [entry.options[CONF_FOLDER] for entry in home.config_entries.async_entries(DOMAIN)]
    assert len(set(folders)) == len(boards)


async def test_boards_are_listed_in_the_order_in_which_a_person_reads(
    home: HomeAssistant, board: VirtualBoard, hear: Hear
) -> None:
    for name, address in (("pump", "127.0.0.9"), ("Pump", "127.0.0.10"), ("Arduino", "127.0.0.11")):
        await hear(board, name=name, address=address)
    assert list(offered(await begin(home))) == ["127.0.0.11", "127.0.0.9", "127.0.0.10", ANOTHER]


async def test_no_two_boards_share_a_folder_by_themselves(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    """An entry that was given another title keeps its folder."""
    for number in ("", "_2"):
        MockConfigEntry(
            domain=DOMAIN,
            title=f"Greenhouse{number}",
            data={CONF_HOST: f"192.0.2.{len(number)}", CONF_NAME: "Arduino"},
            options={CONF_FOLDER: f"mkr1000_ota/arduino{number}"},
        ).add_to_hass(home)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["title"] == "Arduino"
    assert result["result"].options[CONF_FOLDER] == "mkr1000_ota/arduino_3"


async def test_a_board_that_is_ignored_can_be_added_by_hand(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    """It was ignored when its hardware address was not known."""
    lease(MAC, board.address)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="Arduino@127.0.0.7").add_to_hass(home)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.async_entries(DOMAIN) == [result["result"]]


async def test_a_known_board_at_another_address_is_followed(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=MAC,
        data={CONF_HOST: "127.0.0.99", CONF_PORT: 65280, CONF_MAC: MAC, CONF_NAME: "Arduino"},
    )
    entry.add_to_hass(home)
    result = await pick(home, await begin(home), typed(board))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_HOST] == board.address
