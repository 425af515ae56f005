"""Repairs that act: what each offers, what that does, and what is said if it cannot be done."""

from dataclasses import replace
from pathlib import Path

from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.arduino_ota.text import escape_markdown
from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, DOMAIN
from custom_components.mkr1000_ota.coordinator import IDLE, BoardCoordinator, InstallState, Stage
from custom_components.mkr1000_ota.errors import translated_error
from custom_components.mkr1000_ota.install.notices import async_raise_notices
from custom_components.mkr1000_ota.issues import ACTIONS, Kind, async_report, issue_id
from tests.conftest import BRISK, AddBoard, Offer, StartBoard
from tests.support.actions import install
from tests.support.flow_texts import ENGLISH, check_form
from tests.support.going_back import LAMP, damage_image, offer_a_bad_one, run_well, sketches
from tests.support.mending import settle
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


def issues(home: HomeAssistant) -> list[str]:
    """Return the ids of the issues that there are."""
    return [issue_id for domain, issue_id in ir.async_get(home).issues if domain == DOMAIN]


def check(issue: ir.IssueEntry, result: Result) -> Result:
    """Check that all that is shown has its text; the frontend knows the placeholders of the issue, too."""
    given = {**(issue.translation_placeholders or {}), **(result.get("description_placeholders") or {})}
    if result["type"] is not FlowResultType.ABORT:  # another flow is opened then
        texts = ENGLISH["issues"][issue.translation_key]["fix_flow"]
        check_form(texts, {**result, "description_placeholders": given})
    return result


async def open_repair(home: HomeAssistant) -> tuple[ir.IssueEntry, Result]:
    """Open the repair of the only issue."""
    [issue] = [issue for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN]
    manager = repairs_flow_manager(home)
    assert manager is not None
    result = check(issue, await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id}))
    assert result["menu_options"] == ACTIONS[Kind(issue.translation_key or "")]
    return issue, result


async def choose(home: HomeAssistant, issue: ir.IssueEntry, result: Result, step: str) -> Result:
    """Choose what a repair does."""
    manager = repairs_flow_manager(home)
    assert manager is not None
    return check(issue, await manager.async_configure(result["flow_id"], {"next_step_id": step}))


def problem(result: Result) -> str:
    """Return what a repair says because it could not be done."""
    assert result["type"] is FlowResultType.MENU
    return str(result["description_placeholders"]["problem"])


def sentence(key: str, **placeholders: str) -> str:
    """Return a sentence as a repair shows it."""
    return escape_markdown(ENGLISH["exceptions"][key]["message"].format(**placeholders))


async def open_not_back(home: HomeAssistant, entry: ConfigEntry, offer: Offer) -> tuple[ir.IssueEntry, Result]:
    """Flash a board that does not come back, and open the repair that says so."""
    await settle(home)
    await offer(entry, {"garden-2.0.bin": IMAGE})
    with pytest.raises(HomeAssistantError, match="has"):
        await install(home)
    return await open_repair(home)


async def tell(entry: ConfigEntry, kind: Kind) -> BoardCoordinator:
    """Let a person have to know something of version 2.0."""
    board: BoardCoordinator = entry.runtime_data.coordinator
    reason = translated_error("verdict_uncertain", board=board.name, version="2.0")
    await board.store.note(lambda record: record.with_notice(kind, reason, "2.0"))
    async_raise_notices(board)
    return board


async def open_notice(home: HomeAssistant, entry: ConfigEntry, kind: Kind) -> tuple[ir.IssueEntry, Result]:
    """Let a person have to know something, and open the repair that says so."""
    await settle(home)
    await tell(entry, kind)
    return await open_repair(home)


async def test_a_board_that_did_not_come_back_is_looked_for_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    issue, result = await open_not_back(home, entry, offer)
    assert issue.translation_key == "not_back"
    result = await choose(home, issue, result, "check")
    assert problem(result)
    assert entry.runtime_data.coordinator.record.pending is not None

    await board.flash_over_usb(IMAGE)  # which also lets it join the network again
    board.flashed.clear()
    await board.stop()
    await board.start()
    result = await choose(home, issue, result, "check")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(home)
    assert issues(home) == []
    assert entry.runtime_data.coordinator.record.pending is None
    assert entry.data["password"] == "sesame"
    assert entry.runtime_data.coordinator.installed_version == "2.0"


async def test_another_address_can_be_entered_for_a_board_that_did_not_come_back(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    entry = await add_board(await start_board(comes_back=False))
    issue, result = await open_not_back(home, entry, offer)
    result = await choose(home, issue, result, "reconfigure")
    [flow] = entry.async_get_active_flows(home, {SOURCE_RECONFIGURE})
    assert result["next_flow"] == ("config_flow", flow["flow_id"])
    # It is not known yet whether that helps.
    assert issues(home) == [issue.issue_id]


@pytest.mark.slow
async def test_whoever_knows_that_a_board_is_not_back_is_not_told_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """Not after a restart either, though the flash has no end."""
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    issue, result = await open_not_back(home, entry, offer)
    assert (await choose(home, issue, result, "close"))["type"] is FlowResultType.CREATE_ENTRY
    assert issues(home) == []
    await home.config_entries.async_reload(entry.entry_id)
    await settle(home)
    assert entry.runtime_data.coordinator.state == IDLE
    assert entry.runtime_data.coordinator.record.pending is not None
    assert issues(home) == []

    await board.stop()
    board.options = replace(board.options, comes_back=True)
    await board.start()
    await entry.runtime_data.coordinator.async_refresh()
    await settle(home)
    assert entry.runtime_data.coordinator.installed_version == "2.0"
    assert entry.runtime_data.coordinator.record.notices == {}, "the next flash is another matter"


@pytest.mark.parametrize("kind", [Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY])
async def test_what_may_not_run_is_installed_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer, kind: Kind
) -> None:
    entry = await add_board(board)
    issue, result = await open_notice(home, entry, kind)
    result = await choose(home, issue, result, "install")
    assert sentence("version_gone", board="Arduino", version="2.0") in problem(result)
    assert issues(home) == [issue.issue_id]

    await offer(entry, {"garden-2.0.bin": IMAGE})
    result = await choose(home, issue, result, "install")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(home)
    assert board.flashed == [IMAGE]
    assert issues(home) == []
    assert entry.runtime_data.coordinator.record.notices == {}


@pytest.mark.parametrize("kind", [Kind.NOT_BACK, Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY])
async def test_what_a_person_knows_by_now_can_be_closed_for_good(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, kind: Kind
) -> None:
    entry = await add_board(board)
    issue, result = await open_notice(home, entry, kind)
    assert (await choose(home, issue, result, "close"))["type"] is FlowResultType.CREATE_ENTRY
    assert issues(home) == []
    await home.config_entries.async_reload(entry.entry_id)
    await settle(home)
    assert issues(home) == []


async def test_a_repair_does_not_disturb_another_install(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await settle(home)
    await offer(entry, {"garden-2.0.bin": IMAGE})
    await board.power_off()
    home.config_entries.async_update_entry(entry, options={**entry.options, "wait_minutes": 5})
    await install(home)
    await tell(entry, Kind.UNCERTAIN)
    issue, result = await open_repair(home)
    result = await choose(home, issue, result, "install")
    assert sentence("already_installing", board="Arduino") in problem(result)
    assert issues(home) == [issue.issue_id]
    await entry.runtime_data.installer.cancel()


async def test_a_board_that_is_being_flashed_is_not_looked_for(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    issue, result = await open_not_back(home, entry, offer)
    board.requests.clear()
    entry.runtime_data.coordinator.set_state(InstallState(Stage.UPLOADING, "3.0", 1, 2))
    assert problem(await choose(home, issue, result, "check"))
    assert board.requests == []
    entry.runtime_data.coordinator.set_state(IDLE)


@pytest.mark.parametrize("removed", [False, True], ids=["unloaded", "removed"])
@pytest.mark.parametrize("step", ["install", "close"])
async def test_a_board_can_go_while_its_repair_is_open(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, step: str, removed: bool
) -> None:
    entry = await add_board(board)
    issue, result = await open_notice(home, entry, Kind.NOT_INSTALLED)
    await (home.config_entries.async_remove if removed else home.config_entries.async_unload)(entry.entry_id)
    assert sentence("not_loaded") in problem(await choose(home, issue, result, step))


@pytest.mark.parametrize("kind", [Kind.RENAMED, Kind.WRONG_BOARD, Kind.SAME_BOARD])
async def test_what_responds_instead_of_a_board_is_told_by_reconfiguring_it(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, kind: Kind
) -> None:
    entry = await add_board(board)
    await settle(home)
    facts = {"board": "Arduino", "host": board.address, "name": "Pump", "other": "Pump", "mac": "f8:f0:05:00:00:01"}
    async_report(home, kind, entry.entry_id, **facts)
    issue, result = await open_repair(home)
    result = await choose(home, issue, result, "reconfigure")
    [flow] = entry.async_get_active_flows(home, {SOURCE_RECONFIGURE})
    assert result["next_flow"] == ("config_flow", flow["flow_id"])


async def test_a_missing_folder_is_made(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    Path(home.config.path("blocked")).write_text("a file")
    entry = await add_board(board, folder="blocked/garden")
    await settle(home)
    issue, result = await open_repair(home)
    assert issue.translation_key == "folder_unusable"
    folder = Path(home.config.path(entry.options[CONF_FOLDER]))
    result = await choose(home, issue, result, "create_folder")
    assert escape_markdown(str(folder)) in problem(result)

    folder.parent.unlink()
    result = await choose(home, issue, result, "create_folder")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert folder.is_dir()
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    assert issues(home) == []


@pytest.mark.parametrize("ends", ["mended elsewhere", "used by nobody"])
async def test_an_unusable_folder_is_forgotten(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, ends: str
) -> None:
    folder = Path(home.config.path("blocked"))
    folder.write_text("a file")
    entry = await add_board(board, folder="blocked")
    await settle(home)
    assert issues(home)
    if ends == "mended elsewhere":
        folder.unlink()
        folder.mkdir()
        await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    else:
        await home.config_entries.async_unload(entry.entry_id)
    assert issues(home) == []


def test_what_can_be_fixed_has_a_menu_and_nothing_else_has() -> None:
    fixable = {key for key, texts in ENGLISH["issues"].items() if "fix_flow" in texts}
    assert fixable == set(ACTIONS)


@pytest.mark.slow
@pytest.mark.usefixtures("asked_often")
async def test_a_roll_back_that_failed_is_what_is_tried_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    """And not the build that is not healthy. As long as it fails, the repair stays."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await settle(home)
    await run_well(home, entry, offer)
    sha256 = await damage_image(entry)
    await offer_a_bad_one(home, entry, offer)
    with pytest.raises(HomeAssistantError):
        await install(home)
    issue, result = await open_repair(home)
    assert (await choose(home, issue, result, "install"))["type"] is FlowResultType.CREATE_ENTRY
    await settle(home)
    assert [board.version, len(board.flashed)] == ["2.0", 2]
    assert issues(home) == [issue.issue_id]

    await entry.runtime_data.coordinator.images.store(sha256, sketches("1.0")["garden-1.0.bin"])
    issue, result = await open_repair(home)
    entry.runtime_data.coordinator.set_state(InstallState(Stage.WAITING, "3.0"))
    assert sentence("already_installing", board="Arduino") in problem(await choose(home, issue, result, "install"))
    entry.runtime_data.coordinator.set_state(IDLE)
    assert (await choose(home, issue, result, "install"))["type"] is FlowResultType.CREATE_ENTRY
    await settle(home)
    assert [board.version, len(board.flashed)] == ["1.0", 3]
    assert entry.runtime_data.coordinator.record.notices["unhealthy"].reason == "rolled_back"


@pytest.mark.parametrize("kind", [Kind.NOT_BACK, Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY])
async def test_a_board_that_is_switched_off_for_good_has_nothing_to_repair(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, kind: Kind
) -> None:
    """Nothing could be done, and nothing closed. What a person has to know is there again with it."""
    entry = await add_board(board)
    await settle(home)
    await tell(entry, kind)
    await home.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert issues(home) == []
    await home.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settle(home)
    assert issues(home) == [issue_id(kind, entry.entry_id)]
