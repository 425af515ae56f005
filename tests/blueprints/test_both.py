"""The blueprints at work: in a Home Assistant with boards that can be flashed over real sockets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mkr1000_ota.const import CONF_WAIT
from tests.blueprints.conftest import BLUEPRINTS, FOLDER, NEW, Automate, Fleet, ended, tell
from tests.conftest import AddBoard, StartBoard
from tests.virtual_board import Fault

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("blueprint", [path.name for path in BLUEPRINTS.iterdir()])
def test_a_blueprint_says_where_it_comes_from_and_what_it_needs(blueprint: str) -> None:
    about = load_yaml_dict(str(BLUEPRINTS / blueprint))["blueprint"]
    assert about["source_url"].endswith(f"/blueprints/automation/mkr1000_ota/{blueprint}")
    assert about["homeassistant"]["min_version"] == "2026.10.0"
    assert all(each["name"] and each["description"] and each["selector"] for each in about["input"].values())


async def test_a_night_updates_what_answers_and_no_failure_holds_it_up(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    now = dt_util.now()
    inputs = {
        "begin": "02:00:00",
        "end": "23:59:59",
        "done": tell(updated="updated | count", remaining="remaining | sort"),
    }
    await fleet.boards[1].power_off()
    fleet.boards[4].options = replace(fleet.boards[4].options, storage_opens=False)
    await fleet.look()
    await automate("nightly_updates.yaml", **inputs)
    await fleet.offer(NEW)
    assert not fleet.flashed
    async_fire_time_changed(home, now.replace(hour=2, minute=0, second=1) + timedelta(days=1))
    await ended(home)
    assert fleet.flashed == [0, 2, 3, 5, 6, 7, 8, 9]
    assert [call.data for call in told] == [{"updated": 8, "remaining": sorted([fleet.entity(1), fleet.entity(4)])}]


@pytest.mark.parametrize(
    ("blueprint", "inputs"),
    [
        ("nightly_updates.yaml", {"begin": "02:00:00", "end": "01:59:59"}),
        ("staged_rollout.yaml", {"first": "update.garden_firmware_4", "trial_period": {"seconds": 1}}),
    ],
)
async def test_what_needs_a_person_is_left_to_one(
    home: HomeAssistant,
    fleet: Fleet,
    automate: Automate,
    start_board: StartBoard,
    add_board: AddBoard,
    blueprint: str,
    inputs: dict[str, Any],
) -> None:
    """A board of which nobody knows what it runs, a version that was skipped, and one that was replaced by its owner.

    Nor is a board touched that does not tell how its update ends.
    """
    fleet.boards.append(await start_board(address="127.0.9.11", name="Garden"))
    fleet.entries.append(await add_board(fleet.boards[-1], folder=FOLDER))
    await fleet.look()
    await fleet.offer(NEW)
    await home.services.async_call("update", "skip", {"entity_id": fleet.entity(1)}, blocking=True)
    for version in ("2.0", "1.0"):
        owners = {"entity_id": fleet.entity(2), "version": version}
        await home.services.async_call("update", "install", owners, blocking=True)
    er.async_get(home).async_update_entity("event.garden_update_result_5", disabled_by=er.RegistryEntryDisabler.USER)
    for board in fleet.boards:
        board.flashed.clear()
    await automate(blueprint, **inputs)
    await home.services.async_call("automation", "trigger", {"entity_id": "automation.under_test"}, blocking=True)
    await ended(home)
    assert fleet.flashed == [0, 3, *range(5, 10)]


@pytest.mark.parametrize("broken", [{"fault": Fault(at=len(NEW) - 1, kind="reset")}, {"storage_opens": False}])
@pytest.mark.parametrize(
    ("blueprint", "inputs"),
    [
        ("nightly_updates.yaml", {"begin": "02:00:00", "end": "01:59:59", "boards": ["update.garden_firmware"]}),
        ("staged_rollout.yaml", {"first": "update.garden_firmware", "others": []}),
    ],
)
async def test_a_version_is_tried_once_whatever_became_of_it(
    home: HomeAssistant,
    fleet: Fleet,
    automate: Automate,
    blueprint: str,
    inputs: dict[str, Any],
    broken: dict[str, Any],
) -> None:
    board = fleet.boards[0]
    board.options = replace(board.options, **broken)
    before = len(board.requests)
    await fleet.offer(NEW)
    await automate(blueprint, **inputs)
    for _ in range(2):
        again = {"entity_id": "automation.under_test", "skip_condition": False}
        await home.services.async_call("automation", "trigger", again, blocking=True)
        await ended(home)
    assert not fleet.flashed
    assert [request.content_length for request in board.requests[before:] if request.content_length > 0] == [len(NEW)]


@pytest.mark.parametrize(
    ("blueprint", "inputs"),
    [
        ("nightly_updates.yaml", {"begin": "02:00:00", "end": "01:59:59"}),
        ("staged_rollout.yaml", {"first": "update.garden_firmware"}),
    ],
)
async def test_no_order_is_left_to_wait_for_a_board_that_has_just_gone(
    home: HomeAssistant, fleet: Fleet, automate: Automate, blueprint: str, inputs: dict[str, Any]
) -> None:
    """It would begin when the board is back, in the middle of the day."""
    options = {**fleet.entries[0].options, CONF_WAIT: 60}
    home.config_entries.async_update_entry(fleet.entries[0], options=options)
    await fleet.boards[0].power_off()
    await automate(blueprint, **inputs)
    await fleet.offer(NEW)
    await home.services.async_call("automation", "trigger", {"entity_id": "automation.under_test"}, blocking=True)
    await ended(home)
    assert fleet.flashed == ([*range(1, 10)] if blueprint == "nightly_updates.yaml" else [])
    assert fleet.entries[0].runtime_data.coordinator.record.order is None


async def test_nothing_begins_when_the_night_is_over(
    home: HomeAssistant, fleet: Fleet, automate: Automate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first board takes longer than there is time; it is finished, and the second one has to wait."""
    first, second = fleet.boards[0], fleet.boards[1]
    night = dt_util.now().replace(hour=4, minute=59)
    monkeypatch.setattr(dt_util, "now", lambda *_: night + timedelta(minutes=2 if first.flashed else 0))
    boards = [fleet.entity(0), fleet.entity(1)]
    await automate("nightly_updates.yaml", begin="02:00:00", end="05:00:00", boards=boards)
    await fleet.offer(NEW)
    await home.services.async_call("automation", "trigger", {"entity_id": "automation.under_test"}, blocking=True)
    await ended(home)
    assert (first.flashed, second.flashed) == ([NEW], [])
