"""The blueprints at work: in a Home Assistant with boards that can be flashed over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import hashlib
import os
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation import automations_with_blueprint
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from custom_components.mkr1000_ota.const import CONF_WAIT
from tests.conftest import AddBoard, StartBoard
from tests.support.actions import until
from tests.virtual_board import Fault, Firmware, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

BLUEPRINTS = Path(__file__).parent.parent / "blueprints" / "automation" / "mkr1000_ota"
FOLDER = "mkr1000_ota/all"
OLD = build_sketch(name="Garden", password="sesame", version="1.0")
NEW = build_sketch(name="Garden", password="sesame", version="2.0")
NEWER = build_sketch(name="Garden", password="sesame", version="2.1")
# Nobody can find out its password, not even from the image.
LOCKING = build_sketch(name="Garden", password="Locked-0ut", version="2.0", quirks=Quirks(computed=True))
LOCKED = {hashlib.sha256(LOCKING).hexdigest(): Firmware("Garden", "Locked-0ut", "2.0")}

pytestmark = pytest.mark.slow

type Automate = Callable[..., Awaitable[None]]


@pytest.fixture
async def automate(home: HomeAssistant) -> AsyncIterator[Automate]:
    """Make an automation of a blueprint."""

    async def automate(blueprint: str, **inputs: Any) -> None:
        folder = Path(home.config.path("blueprints/automation/mkr1000_ota"))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(BLUEPRINTS / blueprint, folder)
        path = f"mkr1000_ota/{blueprint}"
        automation = {"alias": "Under test", "use_blueprint": {"path": path, "input": inputs}}
        assert await async_setup_component(home, "automation", {"automation": automation})
        assert automations_with_blueprint(home, path) == ["automation.under_test"]

    yield automate
    await home.services.async_call("automation", "turn_off", {"entity_id": "automation.under_test"}, blocking=True)


class Fleet:
    """Boards that take their sketches from one folder."""

    def __init__(self, home: HomeAssistant) -> None:
        """Begin with none."""
        self._home = home
        self.boards: list[VirtualBoard] = []
        self.entries: list[ConfigEntry] = []

    def entity(self, number: int) -> str:
        """Return the update entity of a board."""
        entities = er.async_get(self._home)
        found = entities.async_get_entity_id("update", "mkr1000_ota", f"{self.entries[number].entry_id}_firmware")
        assert found is not None
        return found

    @property
    def flashed(self) -> list[int]:
        """The numbers of the boards that were flashed."""
        return [number for number, board in enumerate(self.boards) if board.flashed]

    async def offer(self, image: bytes, version: str = "2.0") -> None:
        """Offer a sketch to all of them, and do not wait for what follows from that."""
        path = Path(self._home.config.path(FOLDER, f"garden-{version}.bin"))
        path.write_bytes(image)
        os.utime(path, (0, 0))
        await self.entries[0].runtime_data.coordinator.sources.chosen.async_refresh()

    async def look(self) -> None:
        """Find out which boards respond."""
        for entry in self.entries:
            await entry.runtime_data.coordinator.async_refresh()
        await self._home.async_block_till_done()


@pytest.fixture
async def fleet(home: HomeAssistant, start_board: StartBoard, add_board: AddBoard) -> Fleet:
    """Ten boards that run one sketch, which was installed from here."""
    fleet = Fleet(home)
    for number in range(10):
        fleet.boards.append(await start_board(address=f"127.0.9.{number + 1}", name="Garden"))
        fleet.entries.append(await add_board(fleet.boards[-1], folder=FOLDER))
    await fleet.look()
    await fleet.offer(OLD, "1.0")
    entities = [fleet.entity(number) for number in range(10)]
    await home.services.async_call("update", "install", {"entity_id": entities}, blocking=True)
    for board in fleet.boards:
        assert board.flashed.pop() == OLD
    return fleet


async def ended(home: HomeAssistant) -> None:
    """Wait until the automation has run to its end."""
    async with asyncio.timeout(60):
        while True:
            await home.async_block_till_done()
            state = home.states.get("automation.under_test")
            assert state is not None
            if state.attributes["last_triggered"] and not state.attributes["current"]:
                return
            await asyncio.sleep(0.05)


async def tried(home: HomeAssistant, entity: str) -> None:
    """Wait until a board has the new version."""
    await until(home, entity, lambda state: state.state == "off" and not state.attributes["in_progress"])


@pytest.fixture
def told(home: HomeAssistant) -> list[ServiceCall]:
    """Return what automations have told somebody."""
    calls: list[ServiceCall] = async_mock_service(home, "test", "tell")
    return calls


def tell(**variables: str) -> list[dict[str, Any]]:
    """Return the actions that tell somebody the value of variables."""
    return [{"action": "test.tell", "data": {name: f"{{{{ {value} }}}}" for name, value in variables.items()}}]


@pytest.mark.parametrize("blueprint", [path.name for path in BLUEPRINTS.iterdir()])
def test_a_blueprint_says_where_it_comes_from_and_what_it_needs(blueprint: str) -> None:
    about = load_yaml_dict(str(BLUEPRINTS / blueprint))["blueprint"]
    assert about["source_url"].endswith(f"/blueprints/automation/mkr1000_ota/{blueprint}")
    assert about["homeassistant"]["min_version"] == "2026.10.0"
    assert all(each["name"] and each["description"] and each["selector"] for each in about["input"].values())


async def test_a_roll_out_that_goes_well_reaches_all_boards(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    await automate(
        "staged_rollout.yaml",
        first=fleet.entity(3),
        trial_period={"seconds": 1},
        finished=tell(release="release"),
        stopped=tell(failed="failed"),
    )
    await fleet.offer(NEW)
    await ended(home)
    assert fleet.flashed == [*range(10)]
    assert all(board.password == "sesame" and len(board.flashed) == 1 for board in fleet.boards)
    assert [call.data for call in told] == [{"release": {"version": "2.0"}}]


@pytest.mark.parametrize(
    ("image", "options"),
    [(NEW, {"comes_back": False}), (LOCKING, {"images": LOCKED}), (NEW, {"storage_opens": False})],
    ids=["never comes back", "wants a password that nobody knows", "cannot store it"],
)
async def test_a_first_board_that_fails_protects_the_others(
    home: HomeAssistant,
    fleet: Fleet,
    automate: Automate,
    told: list[ServiceCall],
    image: bytes,
    options: dict[str, Any],
) -> None:
    await automate(
        "staged_rollout.yaml",
        first=fleet.entity(3),
        trial_period={"seconds": 1},
        finished=tell(release="release"),
        stopped=tell(failed="failed", release="release"),
    )
    first = fleet.boards[3]
    first.options = replace(first.options, **options)
    asked = [len(board.requests) for board in fleet.boards]
    await fleet.offer(image)
    await ended(home)
    assert not set(fleet.flashed) - {3}
    others = [number for number in range(10) if number != 3]
    assert [len(fleet.boards[number].requests) for number in others] == [asked[number] for number in others]
    assert [call.data for call in told] == [{"failed": fleet.entity(3), "release": {"version": "2.0"}}]


async def test_a_first_board_that_fails_its_health_check_protects_the_others(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    """It was updated, and is rolled back."""
    first = fleet.entries[3]
    home.config_entries.async_update_entry(
        first, options={**first.options, "health_entity": "sensor.soil", "health_within": 1}
    )
    await automate(
        "staged_rollout.yaml", first=fleet.entity(3), trial_period={"seconds": 1}, stopped=tell(failed="failed")
    )
    await fleet.offer(NEW)
    await ended(home)
    assert fleet.flashed == [3]
    assert fleet.boards[3].flashed == [NEW, OLD]
    assert [call.data for call in told] == [{"failed": fleet.entity(3)}]


async def test_a_first_board_that_falls_ill_protects_the_others(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    """The new sketch starts well and then stops doing its work."""
    home.states.async_set("binary_sensor.soil", "on")
    await automate(
        "staged_rollout.yaml",
        first=fleet.entity(3),
        trial_period={"seconds": 5},
        health_entity="binary_sensor.soil",
        stopped=tell(failed="failed"),
    )
    await fleet.offer(NEW)
    await tried(home, fleet.entity(3))
    home.states.async_set("binary_sensor.soil", "unavailable")
    await ended(home)
    assert fleet.flashed == [3]
    assert [call.data for call in told] == [{"failed": fleet.entity(3)}]


async def test_what_a_first_board_reports_is_unavailable_while_it_restarts(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    home.states.async_set("sensor.soil", "unavailable")
    await automate(
        "staged_rollout.yaml",
        first=fleet.entity(3),
        trial_period={"seconds": 5},
        health_entity="sensor.soil",
        stopped=tell(failed="failed"),
    )
    await fleet.offer(NEW)
    await tried(home, fleet.entity(3))
    home.states.async_set("sensor.soil", "12")
    await ended(home)
    assert (fleet.flashed, told) == ([*range(10)], [])


async def test_what_is_released_during_a_roll_out_is_rolled_out_next(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    trial: dict[str, Any] = {"first": fleet.entity(3), "trial_period": {"seconds": 1}}
    await automate("staged_rollout.yaml", finished=tell(release="release"), **trial)
    await fleet.offer(NEW)
    await tried(home, fleet.entity(3))
    await fleet.offer(NEWER, "2.1")
    await ended(home)
    assert [len(board.flashed) for board in fleet.boards] == [1, 1, 1, 2, *[1] * 6]
    assert [call.data for call in told] == [{"release": {"version": "2.1"}}]


async def test_what_is_released_while_its_owner_updates_a_first_board_is_rolled_out_behind_that(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    first = fleet.entity(3)
    fleet.boards[3].options = replace(fleet.boards[3].options, seconds_per_byte=1 / len(NEW))
    await fleet.offer(NEW)
    by_hand = asyncio.create_task(home.services.async_call("update", "install", {"entity_id": first}, blocking=True))
    await until(home, first, lambda state: bool(state.attributes["update_percentage"]))
    await automate("staged_rollout.yaml", first=first, trial_period={"seconds": 1}, stopped=tell(failed="failed"))
    await fleet.offer(NEWER, "2.1")
    await ended(home)
    await by_hand
    assert [board.flashed[-1] for board in fleet.boards] == [NEWER] * 10
    assert not told


async def test_a_later_failure_ends_a_roll_out(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    await automate(
        "staged_rollout.yaml",
        first=fleet.entity(0),
        others=[fleet.entity(number) for number in range(1, 6)],
        trial_period={"seconds": 1},
        stopped=tell(failed="failed"),
    )
    fleet.boards[2].options = replace(fleet.boards[2].options, storage_opens=False)
    await fleet.offer(NEW)
    await ended(home)
    assert fleet.flashed == [0, 1]
    assert [call.data for call in told] == [{"failed": fleet.entity(2)}]


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


async def test_nothing_begins_when_the_night_is_over(home: HomeAssistant, fleet: Fleet, automate: Automate) -> None:
    """The first board takes longer than there is time; it is finished, and the second one has to wait."""
    end = dt_util.now() + timedelta(seconds=2)
    first, second = fleet.boards[0], fleet.boards[1]
    first.options = replace(first.options, seconds_per_byte=3 / len(NEW))
    boards = [fleet.entity(0), fleet.entity(1)]
    await automate("nightly_updates.yaml", begin="02:00:00", end=f"{end:%H:%M:%S}", boards=boards)
    await fleet.offer(NEW)
    await home.services.async_call("automation", "trigger", {"entity_id": "automation.under_test"}, blocking=True)
    await ended(home)
    assert (first.flashed, second.flashed) == ([NEW], [])
