"""A board is added by hand: the scan, what it offers, and the entry that comes of it."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import (
    CONF_FOLDER,
    CONF_HEARD_NAME,
    CONF_LIBRARY,
    CONF_MODEL,
    CONF_STORAGE,
    CONF_TYPED_HOST,
    DOMAIN,
)
from custom_components.mkr1000_ota.flows import discovered_board as found
from custom_components.mkr1000_ota.flows.forms import SEARCH
from custom_components.mkr1000_ota.network import identity
from tests.conftest import AddBoard, Arp, Hear, StartBoard
from tests.support.steps import MAC, Result, begin, enter_password, offered, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")


async def test_a_board_that_answered_the_scan_is_picked(home: HomeAssistant, board: VirtualBoard, hear: Hear) -> None:
    await hear(board)
    result = await begin(home)
    assert result["step_id"] == "pick"
    assert offered(result) == {"127.0.0.7": "Arduino · 127.0.0.7 · WiFi101OTA"}

    result = await pick(home, result, board.address)
    assert result["step_id"] == "password"
    shown = {"title": "Arduino", "name": "Arduino", "host": "127.0.0.7", "library": "WiFi101OTA"}
    assert result["description_placeholders"] == shown

    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Arduino"
    assert result["data"] == {
        CONF_HOST: "127.0.0.7",
        CONF_TYPED_HOST: "127.0.0.7",
        CONF_PORT: board.port,
        CONF_NAME: "Arduino",
        CONF_HEARD_NAME: "Arduino",
        CONF_PASSWORD: "password",
        CONF_LIBRARY: "WiFi101OTA",
        CONF_MODEL: "mkr1000",
    }
    entry: ConfigEntry = result["result"]
    assert entry.unique_id == "Arduino@127.0.0.7"
    assert entry.options == {CONF_STORAGE: "internal", CONF_FOLDER: "mkr1000_ota/arduino"}
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.coordinator.record.keyring.current == "password"
    # The last dialog says where a sketch goes, and that folder is there.
    folder = result["description_placeholders"]["folder"]
    assert folder == home.config.path("mkr1000_ota/arduino")
    assert Path(folder).is_dir()


async def test_the_scan_shows_how_far_it_is(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[float] = []
    monkeypatch.setattr(
        "custom_components.mkr1000_ota.config_flow.BoardConfigFlow.async_update_progress", _noting(shown)
    )
    result = await begin(home)
    assert result["step_id"] == "none_found"
    assert shown[-1] == 1.0
    assert shown == sorted(shown)


def _noting(shown: list[float]) -> Any:
    return lambda _, progress: shown.append(progress)


async def test_asking_again_while_the_scan_runs_starts_no_other(home: HomeAssistant) -> None:
    result = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await home.config_entries.flow.async_configure(result["flow_id"])
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    home.config_entries.flow.async_abort(result["flow_id"])


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
    monkeypatch.setattr(identity, "HEARD_LATELY", 0.0)
    result = await pick(home, result, board.address)
    assert (result["step_id"], result["errors"]) == ("address", {CONF_HOST: "board_unreachable"})


async def test_a_chosen_board_is_asked_once_whatever_comes_of_it(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever keeps silent takes ten seconds for that."""
    connections: list[asyncio.StreamWriter] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.close()

    await hear(board)
    await board.power_off()
    result = await begin(home)
    monkeypatch.setattr(identity, "HEARD_LATELY", 0.0)
    async with await asyncio.start_server(hang_up, board.address, board.port):
        result = await pick(home, result, board.address)
    assert (result["step_id"], result["errors"]) == ("address", {CONF_HOST: "board_silent"})
    assert len(connections) == 1


async def test_a_board_that_is_set_up_is_not_offered_and_not_added_twice(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear
) -> None:
    await add_board(board)
    await hear(board)
    result = await begin(home)
    assert result["step_id"] == "none_found"
    assert result["description_placeholders"] == {"configured": "Arduino"}

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
    assert offered(result) == {"127.0.0.8": "Garden · 127.0.0.8 · WiFi101OTA"}
    assert result["description_placeholders"] == {"configured": "Arduino"}

    result = await pick(home, result, garden.address)
    assert result["description_placeholders"]["name"] == "Garden"


async def test_a_board_that_was_heard_long_ago_is_not_offered(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(board)
    monkeypatch.setattr(identity, "HEARD_LATELY", 0.0)
    result = await begin(home)
    assert result["step_id"] == "none_found"


async def test_boards_that_appear_late_are_found_by_searching_again(
    home: HomeAssistant, board: VirtualBoard, start_board: StartBoard, hear: Hear
) -> None:
    result = await begin(home)
    assert result["menu_options"] == ["scan", "address"]
    await hear(board)
    result = await search_again(home, result, {"next_step_id": "scan"})
    assert list(offered(result)) == ["127.0.0.7"]

    await hear(await start_board(address="127.0.0.8", name="Garden"))
    result = await search_again(home, result, {CONF_HOST: SEARCH})
    assert list(offered(result)) == ["127.0.0.7", "127.0.0.8"]


async def search_again(home: HomeAssistant, result: Result, choice: dict[str, str]) -> Result:
    """Choose another scan, and wait for its end."""
    result = await home.config_entries.flow.async_configure(result["flow_id"], choice)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await home.async_block_till_done(wait_background_tasks=True)
    return await home.config_entries.flow.async_configure(result["flow_id"])


async def test_many_boards_that_are_set_up_do_not_push_the_new_one_off_the_screen(
    home: HomeAssistant, board: VirtualBoard, hear: Hear
) -> None:
    for last in range(10, 20):
        MockConfigEntry(domain=DOMAIN, title=f"Bed {last}", data={CONF_HOST: f"127.0.0.{last}"}).add_to_hass(home)
        await hear(board, address=f"127.0.0.{last}")
    result = await begin(home)
    assert result["description_placeholders"] == {"configured": "Bed 10, Bed 11, Bed 12, Bed 13, Bed 14, …"}


async def test_a_dialog_that_is_open_when_home_assistant_stops_leaves_nothing_in_the_log(
    home: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(found, "SCAN_TIME", 60.0)
    result = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    caplog.clear()
    await home.async_stop(force=True)
    assert [record.getMessage() for record in caplog.records if DOMAIN in record.getMessage()] == []


@pytest.mark.slow
async def test_two_boards_of_one_name_are_two_entries(
    home: HomeAssistant, start_board: StartBoard, hear: Hear, arp: Arp
) -> None:
    boards = [await start_board(address=f"127.0.0.{last}") for last in (7, 10, 8, 9)]
    for board in boards:
        await hear(board)
    arp(MAC, "127.0.0.8")
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
    assert list(offered(await begin(home))) == ["127.0.0.11", "127.0.0.9", "127.0.0.10"]


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


async def test_a_board_that_is_ignored_can_be_added_by_hand(home: HomeAssistant, board: VirtualBoard, arp: Arp) -> None:
    """It was ignored when its hardware address was not known."""
    arp(MAC, board.address)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="Arduino@127.0.0.7").add_to_hass(home)
    result = await pick(home, await begin(home), typed(board))
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.config_entries.async_entries(DOMAIN) == [result["result"]]


async def test_a_known_board_at_another_address_is_not_added_twice(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=MAC,
        data={CONF_HOST: "127.0.0.99", CONF_PORT: 65280, CONF_MAC: MAC, CONF_NAME: "Arduino"},
    ).add_to_hass(home)
    result = await pick(home, await begin(home), typed(board))
    assert result["reason"] == "already_configured"
    assert passwords_sent_to(board) == []
