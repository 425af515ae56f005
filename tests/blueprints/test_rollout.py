"""A staged rollout: one board first, and the others if it keeps working."""

import asyncio
from dataclasses import replace
import hashlib
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from tests.blueprints.conftest import NEW, NEWER, OLD, Automate, Fleet, ended, tell, tried
from tests.support.actions import until
from tests.virtual_board import Firmware
from tests.virtual_board.sketches import Quirks, build_sketch

# Nobody can find out its password, not even from the image.
LOCKING = build_sketch(name="Garden", password="Locked-0ut", version="2.0", quirks=Quirks(computed=True))
LOCKED = {hashlib.sha256(LOCKING).hexdigest(): Firmware("Garden", "Locked-0ut", "2.0")}

HEALTH = "binary_sensor.soil"

pytestmark = pytest.mark.slow


async def try_out(home: HomeAssistant, fleet: Fleet, automate: Automate, *, health: str) -> None:
    """Begin a rollout whose health entity is in a state, and return when the first board has the new sketch."""
    home.states.async_set(HEALTH, health)
    first = fleet.entity(3)
    trial: dict[str, Any] = {"first": first, "trial_period": {"seconds": 5}, "health_entity": HEALTH}
    await automate("staged_rollout.yaml", stopped=tell(failed="failed"), **trial)
    await fleet.offer(NEW)
    await tried(home, first)


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
    await try_out(home, fleet, automate, health="on")
    home.states.async_set(HEALTH, "unavailable")
    await ended(home)
    assert fleet.flashed == [3]
    assert [call.data for call in told] == [{"failed": fleet.entity(3)}]


async def test_what_a_first_board_reports_is_unavailable_while_it_restarts(
    home: HomeAssistant, fleet: Fleet, automate: Automate, told: list[ServiceCall]
) -> None:
    await try_out(home, fleet, automate, health="unavailable")
    home.states.async_set(HEALTH, "on")
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
