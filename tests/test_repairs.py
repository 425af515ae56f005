"""Repairs that are done in place."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.const import CONF_FOLDER, DOMAIN
from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from tests.conftest import BRISK, AddBoard, Offer, StartBoard
from tests.support.actions import install
from tests.support.flow_texts import ENGLISH, check_form
from tests.support.steps import Result
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

IMAGE = build_sketch(password="sesame", version="2.0")


pytestmark = pytest.mark.usefixtures("settled_in_the_end")


@pytest.fixture(autouse=True)
async def repairs(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home Assistant's list of what is to be repaired; nobody waits long for a board that does not come back."""
    monkeypatch.setattr(
        "custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", replace(BRISK, return_timeout=0.5)
    )
    assert await async_setup_component(home, REPAIRS, {})


def the_issue(home: HomeAssistant) -> ir.IssueEntry:
    """Return the only issue that there is."""
    [issue] = [issue for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN]
    return issue


def issues(home: HomeAssistant) -> list[str]:
    """Return the ids of the issues that there are."""
    return [issue_id for domain, issue_id in ir.async_get(home).issues if domain == DOMAIN]


def check(issue: ir.IssueEntry, result: Result) -> Result:
    """Check that all that is shown has its text."""
    check_form(ENGLISH["issues"][issue.translation_key]["fix_flow"], result)
    return result


async def open_repair(home: HomeAssistant) -> tuple[ir.IssueEntry, Result]:
    """Open the repair of the only issue."""
    issue = the_issue(home)
    manager = repairs_flow_manager(home)
    assert manager is not None
    return issue, check(issue, await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id}))


async def submit(home: HomeAssistant, issue: ir.IssueEntry, result: Result) -> Result:
    """Submit the form of a repair."""
    manager = repairs_flow_manager(home)
    assert manager is not None
    return check(issue, await manager.async_configure(result["flow_id"], {}))


async def lose(home: HomeAssistant, entry: ConfigEntry, offer: Offer) -> None:
    """Flash a board that does not come back."""
    await home.async_block_till_done(wait_background_tasks=True)
    await offer(entry, {"garden-2.0.bin": IMAGE})
    with pytest.raises(HomeAssistantError, match="has not come back"):
        await install(home)


async def test_a_board_that_did_not_come_back_is_asked_once_more(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    await lose(home, entry, offer)
    issue, result = await open_repair(home)
    assert issue.translation_key == "not_back"
    assert result["description_placeholders"] == {"board": "Arduino", "host": board.address, "version": "2.0"}
    result = await submit(home, issue, result)
    assert result["errors"] == {"base": "still_away"}
    assert entry.runtime_data.coordinator.record.pending is not None

    await board.flash_over_usb(IMAGE)  # which also lets it join the network again
    board.flashed.clear()
    await board.stop()
    await board.start()
    result = await submit(home, issue, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert issues(home) == []
    assert entry.runtime_data.coordinator.record.pending is None
    assert entry.data["password"] == "sesame"
    assert entry.runtime_data.coordinator.installed_version == "2.0"


async def test_a_repair_does_not_disturb_another_flash(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    await lose(home, entry, offer)
    issue, result = await open_repair(home)
    board.requests.clear()
    entry.runtime_data.coordinator.set_state(InstallState(Stage.UPLOADING, "3.0", 1, 2))
    result = await submit(home, issue, result)
    assert result["errors"] == {"base": "already_installing"}
    assert board.requests == []
    entry.runtime_data.coordinator.set_state(IDLE)


async def test_an_entry_that_is_not_loaded_is_still_away(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    entry = await add_board(await start_board(comes_back=False))
    await lose(home, entry, offer)
    issue, result = await open_repair(home)
    await home.config_entries.async_unload(entry.entry_id)
    assert (await submit(home, issue, result))["errors"] == {"base": "still_away"}


async def test_an_entry_that_is_gone_is_still_away(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """The form was open when the entry was removed; the issue has gone with it."""
    entry = await add_board(await start_board(comes_back=False))
    await lose(home, entry, offer)
    issue, result = await open_repair(home)
    await home.config_entries.async_remove(entry.entry_id)
    assert issues(home) == []
    assert (await submit(home, issue, result))["errors"] == {"base": "still_away"}


async def test_a_missing_folder_is_made(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    Path(home.config.path("blocked")).write_text("a file")
    entry = await add_board(board, folder="blocked/garden")
    issue, result = await open_repair(home)
    assert issue.translation_key == "folder_unusable"
    folder = Path(home.config.path(entry.options[CONF_FOLDER]))
    assert result["description_placeholders"] == {"folder": str(folder)}
    result = await submit(home, issue, result)
    assert result["errors"] == {"base": "folder_unreadable"}

    folder.parent.unlink()
    result = await submit(home, issue, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert folder.is_dir()
    assert issues(home) == []
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    assert issues(home) == []


async def test_an_unusable_folder_is_forgiven_when_it_is_mended_elsewhere(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    Path(home.config.path("blocked")).write_text("a file")
    entry = await add_board(board, folder="blocked")
    assert the_issue(home).severity is ir.IssueSeverity.ERROR
    Path(home.config.path("blocked")).unlink()
    Path(home.config.path("blocked")).mkdir()
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    assert issues(home) == []


async def test_a_folder_that_nobody_uses_any_more_is_forgiven(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    Path(home.config.path("blocked")).write_text("a file")
    entry = await add_board(board, folder="blocked")
    assert issues(home)
    await home.config_entries.async_unload(entry.entry_id)
    assert issues(home) == []


async def test_boards_of_one_name_are_confirmed_to_be_told_apart(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    for last in (7, 8):
        await add_board(await start_board(address=f"127.0.0.{last}"))
    issue, result = await open_repair(home)
    assert issue.translation_key == "same_name"
    boards: Any = result["description_placeholders"]["boards"]
    assert boards == "Arduino (127.0.0.7), Arduino (127.0.0.8)"
    assert (await submit(home, issue, result))["type"] is FlowResultType.CREATE_ENTRY
    assert issues(home) == []
