"""A board that is not back is watched for, and what is said of it is true until it shows what it runs."""

import asyncio
from dataclasses import replace
import hashlib
from typing import Any

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install.flashing import async_resolve
from tests.conftest import BRISK, AddBoard, Hear, Offer
from tests.install.conftest import NEW, OLD, Restart, becomes, pending
from tests.support.actions import (
    CONNECTIVITY,
    FIRMWARE,
    FLASH,
    board_of,
    eventually,
    find_again,
    install,
    issues,
    lose,
    reason_of,
    reauths,
    restart,
    shown,
    until_not_back,
    until_stage,
    watching,
)
from tests.support.looking import look, settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("phase", Phase)
async def test_a_board_that_does_not_come_back_is_watched_for(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear, phase: Phase
) -> None:
    """The issue says what to do, the journal stays, and both end by themselves when the board is heard."""
    await board.power_off()
    entry = await broken_off(pending(phase, NEW))
    await until_not_back(home)
    assert board_of(home).record.pending is not None
    said = str(shown(home, FIRMWARE).attributes["release_summary"])
    assert reason_of(issues(home)["not_back"]).rstrip(".") in said

    becomes(board, OLD if phase is Phase.UPLOADING else NEW)
    await board.power_on()
    with watching(home, FLASH) as events:
        await hear(board)
        await settled(home)
    assert board_of(home).record.pending is None
    assert issues(home).keys() == ({"not_installed"} if phase is Phase.UPLOADING else set())
    assert len(events) == 1
    assert entry.data[CONF_PASSWORD] == board.password
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_a_restart_does_not_forget_that_a_board_is_not_back(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard
) -> None:
    """Nor is anything said twice while it stays away."""
    await board.power_off()
    with watching(home, FLASH) as events:
        entry = await broken_off(pending(Phase.ANSWERED, NEW))
        for _ in range(2):
            await until_not_back(home)
            await restart(home, entry)
            assert issues(home).keys() == {"not_back"}
    assert not [event for event in events if event.attributes.get("event_type")]


async def test_what_was_ordered_for_a_board_that_is_not_back_follows_when_it_is(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    """Through a restart, and though the board has another name by then."""
    await board.power_off()
    entry = await broken_off(pending(Phase.ANSWERED, NEW))
    await until_not_back(home)
    image = build_sketch(password="third", version="3.0")
    await offer(entry, {"garden.bin": image})
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await install(home)
    await restart(home, entry)
    becomes(board, NEW)
    await board.power_on()
    await eventually(lambda: board.flashed)
    await until_stage(home, Stage.IDLE)
    assert board.flashed == [image]
    assert [flash.version for flash in board_of(home).record.history] == ["3.0", "2.0"]
    assert not board_of(home).record.is_unfinished
    assert not issues(home)


async def test_what_was_ordered_for_a_board_that_somebody_else_flashed_meanwhile_is_dropped(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    """Though a flash is to be found out first: its owner has brought the board back by cable, and is asked."""
    await board.power_off()
    entry = await broken_off(pending(Phase.UPLOADING, NEW))
    await until_stage(home, Stage.IDLE)
    await board_of(home).store.note(
        lambda record: replace(record, keyring=record.keyring.accepted("before").accepted(OLD))
    )
    await offer(entry, {"garden.bin": build_sketch(password="third", version="3.0")})
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await install(home)
    becomes(board, "before")
    await board.power_on()
    await until_stage(home, Stage.IDLE)
    assert not board.flashed
    assert issues(home).keys() == {"not_installed"}
    assert "installed with another tool" in reason_of(issues(home)["not_installed"])
    assert entry.data[CONF_PASSWORD] == "before"
    assert not board_of(home).record.is_unfinished


async def test_a_build_that_was_flashed_after_all_is_not_flashed_again(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    """Its owner had ordered it once more while nobody knew."""
    image = build_sketch(password=NEW, version="2.0")
    entry = await broken_off(replace(pending(Phase.UPLOADING, NEW)))
    await until_stage(home, Stage.IDLE)
    await offer(entry, {"garden.bin": image})
    sha256 = hashlib.sha256(image).hexdigest()
    await board.power_off()
    left = replace(pending(Phase.ANSWERED, NEW), sha256=sha256)
    await restart(home, entry)
    await board_of(home).store.update(pending=left)
    await restart(home, entry)
    await until_stage(home, Stage.IDLE)
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await install(home)
    becomes(board, NEW)
    await board.power_on()
    await until_stage(home, Stage.IDLE)
    assert not board.flashed
    assert board_of(home).record.version == "2.0"
    assert not board_of(home).record.is_unfinished
    assert shown(home, FLASH).attributes["event_type"] == "flashed"


@pytest.mark.parametrize(("runs", "key"), [("before", "verdict_foreign"), ("nobody knows", "verdict_password_unknown")])
async def test_what_was_broken_off_and_then_flashed_by_cable_is_not_said_to_run_its_previous_sketch(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, runs: str, key: str
) -> None:
    """The last piece never left: what accepts another password than before is somebody else's."""
    left = replace(pending(Phase.UPLOADING, NEW), guesses=("before",))
    becomes(board, runs)
    entry = await broken_off(left)
    await until_stage(home, Stage.IDLE)
    assert board_of(home).record.version is None
    assert entry.data[CONF_PASSWORD] == ("before" if runs == "before" else OLD)
    assert board_of(home).record.notices["not_installed"].reason == key
    assert "previous sketch" not in reason_of(issues(home)["not_installed"])
    assert bool(reauths(home, entry)) is (runs != "before")


@pytest.mark.parametrize("minutes", [0, 5])
async def test_what_was_sent_to_a_board_that_is_not_back_is_not_waited_for_as_if_it_was_not(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
) -> None:
    """Nothing is said of an update that waits, or that was not installed: the board has it, and is not back."""
    entry = await add_board(board, **{CONF_WAIT: minutes})
    await offer(entry, {"garden.bin": build_sketch(password=NEW, version="2.0")})
    await lose(home, board)
    short = replace(BRISK, return_timeout=0.3, probe_interval=0.02)
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", short)
    await restart(home, entry)
    await until_stage(home, Stage.IDLE)
    await asyncio.sleep(0.1)
    assert board_of(home).state.stage is Stage.IDLE
    assert issues(home).keys() == {"not_back"}
    await find_again(board)
    await look(home)
    await until_stage(home, Stage.IDLE)
    assert len(board.flashed) == 1
    assert board_of(home).record.version == "2.0"
    assert not board_of(home).record.is_unfinished
    assert not issues(home)


HANGS = {"running_warnings": ("hangs_after_update",)}


DEAF = {"ota": False, "library": None}


SAID = [
    (Phase.UPLOADING, HANGS, "was interrupted"),
    (Phase.UPLOADING, DEAF, "was interrupted"),
    (Phase.FINISHING, HANGS, "Press its reset button once, and version 2.0 starts"),
    (Phase.FINISHING, DEAF, "won't respond again. Check on the board"),
    (Phase.FINISHING, {}, "may not have received all of version 2.0"),
    (Phase.ANSWERED, HANGS, "Press its reset button once, and version 2.0 starts"),
    (Phase.ANSWERED, {}, "received version 2.0 but hasn't come back"),
]


@pytest.mark.parametrize(("phase", "facts", "said"), SAID)
async def test_what_is_said_of_a_board_that_is_away(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, phase: Phase, facts: dict[str, Any], said: str
) -> None:
    """Nothing is said to be on it that may not be, and no button is named that starts what it has not."""
    await board.power_off()
    await broken_off(replace(pending(phase, NEW), **facts))
    await until_stage(home, Stage.IDLE)
    assert board_of(home).record.pending is not None
    assert said in reason_of(issues(home)["not_back"])
    await board.power_on()
    await look(home)
    await until_stage(home, Stage.IDLE)
    assert board_of(home).record.pending is None
    assert "not_back" not in issues(home)


async def test_a_dialog_finds_out_what_became_of_it_as_soon_as_the_install_has_given_up(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board is back at that moment: whoever ordered the install is told that it was not, and nothing fails."""
    await offer(await add_board(board), {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    coordinator, found = board_of(home), []
    tidy = coordinator.async_tidy_images

    async def find_meanwhile() -> None:
        if coordinator.record.pending is not None and not coordinator.lock.locked():
            await find_again(board)
            found.append(await async_resolve(coordinator))
        await tidy()

    monkeypatch.setattr(coordinator, "async_tidy_images", find_meanwhile)
    await lose(home, board)
    await settled(home)
    assert [outcome and outcome.verdict for outcome in found] == [Verdict.FLASHED]
    assert not issues(home)
