"""What became of a flash that nobody saw end is found out after a restart, by what the board does then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import hashlib
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.storage.records import WaitingOrder
from tests.conftest import BRISK, AddBoard, Hear, Offer
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
    until_stage,
    watching,
)
from tests.support.looking import look, passwords, settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

OLD, SAME, NEW = "password", "password", "sesame"

type Restart = Callable[[Pending], Awaitable[ConfigEntry]]


def pending(phase: Phase, new: str) -> Pending:
    """Return the flash of a sketch with a password on a board that has the old one."""
    return Pending(
        version="2.0",
        previous_version="1.0",
        sha256="0" * 64,
        size=16384,
        started=time.time(),
        old_password=OLD,
        expected=(new,),
        stated_password=new,
        old_password_in_image=new == OLD,
        name="Garden",
        phase=phase,
    )


@pytest.fixture
def broken_off(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> Restart:
    """Set up a board whose last flash was broken off by the end of Home Assistant."""

    async def set_up(left: Pending) -> ConfigEntry:
        entry = await add_board(board, password=OLD)
        await board_of(home).store.update(pending=left, version="1.0")
        short = replace(BRISK, return_timeout=0.6, probe_interval=0.02)
        monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", short)
        await restart(home, entry, board.requests.clear)
        return entry

    return set_up


def becomes(board: VirtualBoard, password: str) -> None:
    """Have a board run a sketch with another password, from now on or from its next start on."""
    board.options = replace(board.options, password=password)


@pytest.mark.parametrize("away", [False, True], ids=["there", "away at first"])
@pytest.mark.parametrize(
    ("phase", "new", "runs", "version"),
    [
        (Phase.UPLOADING, NEW, OLD, "1.0"),
        (Phase.UPLOADING, SAME, OLD, "1.0"),
        (Phase.FINISHING, NEW, OLD, "1.0"),
        (Phase.FINISHING, NEW, NEW, "2.0"),
        (Phase.ANSWERED, NEW, NEW, "2.0"),
        (Phase.ANSWERED, SAME, SAME, "2.0"),
    ],
    ids=[
        "cut in the middle",
        "cut in the middle, same password",
        "cut at the end, not flashed",
        "cut at the end, flashed",
        "answered",
        "answered, same password",
    ],
)
async def test_what_the_board_takes_shows_what_it_runs(
    home: HomeAssistant,
    broken_off: Restart,
    board: VirtualBoard,
    phase: Phase,
    new: str,
    runs: str,
    version: str,
    *,
    away: bool,
) -> None:
    """If that is the old sketch, an issue says so."""
    becomes(board, runs)
    if away:
        await board.power_off()
    entry = await broken_off(pending(phase, new))
    if away:
        assert board_of(home).record.pending is not None
        assert board_of(home).state.stage is Stage.RESTARTING
        has_all = "has the whole sketch" in shown(home, FIRMWARE).attributes["release_summary"]
        assert has_all is (phase is not Phase.UPLOADING)
        await board.power_on()
    await until_stage(home, Stage.IDLE)

    record = board_of(home).record
    assert record.pending is None
    assert record.keyring.current == entry.data[CONF_PASSWORD] == board.password
    assert record.version == version
    assert entry.data[CONF_NAME] == ("Garden" if version == "2.0" else "Arduino")
    assert issues(home).keys() == (set() if version == "2.0" else {"not_installed"})
    assert shown(home, FLASH).attributes["event_type"] == ("flashed" if version == "2.0" else "not_applied")
    assert not home.config_entries.flow.async_progress()
    assert not board.flashed


async def test_nobody_knows_which_of_two_sketches_with_one_password_runs(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard
) -> None:
    """It is said, and it survives the next restart."""
    entry = await broken_off(pending(Phase.FINISHING, SAME))
    await until_stage(home, Stage.IDLE)
    for _ in range(2):
        assert board_of(home).record.version is None
        assert issues(home).keys() == {"uncertain"}
        assert reason_of(issues(home)["uncertain"]).startswith("Couldn't confirm that Arduino is running version 2.0")
        assert entry.data[CONF_PASSWORD] == board.password
        await restart(home, entry)


async def test_a_new_password_that_nobody_knows_is_asked_for_until_it_is_given(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, texts: None
) -> None:
    """Through restarts; the reauthentication says which sketch it is about, and the board is not asked again and again."""
    becomes(board, "computed at run time")
    entry = await broken_off(replace(pending(Phase.ANSWERED, NEW), stated_password=None))
    await eventually(lambda: reauths(home, entry))
    await settled(home)
    sent = len(passwords(board))
    assert sent == 2
    for _ in range(2):
        [flow] = reauths(home, entry)
        assert flow["step_id"] == "reauth_locked"
        assert board_of(home).record.version == "2.0"
        await restart(home, entry)
        await settled(home)
    assert len(passwords(board)) == sent

    [flow] = reauths(home, entry)
    await home.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: "computed at run time"})
    await settled(home)
    assert board_of(home).record.version == "2.0", "it is the sketch that was flashed"
    await restart(home, entry)
    assert not reauths(home, entry)


@pytest.mark.parametrize("phase", Phase)
async def test_a_board_that_does_not_come_back_is_watched_for(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear, phase: Phase
) -> None:
    """The issue says what to do, the journal stays, and both end by themselves when the board is heard."""
    await board.power_off()
    entry = await broken_off(pending(phase, NEW))
    await eventually(lambda: issues(home).keys() == {"not_back"})
    await until_stage(home, Stage.IDLE)
    assert board_of(home).record.pending is not None

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
            await eventually(lambda: issues(home).keys() == {"not_back"})
            await until_stage(home, Stage.IDLE)
            await restart(home, entry)
            assert issues(home).keys() == {"not_back"}
    assert not [event for event in events if event.attributes.get("event_type")]


async def test_a_password_that_only_the_pending_flash_knows_is_no_reason_to_ask_for_it(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """It is a guess out of the image, and the keyring alone would not do."""
    await board.power_off()
    entry = await broken_off(
        replace(pending(Phase.ANSWERED, "mistyped"), stated_password=None, guesses=("another", NEW))
    )
    await eventually(lambda: issues(home).keys() == {"not_back"})
    becomes(board, NEW)
    await board.power_on()
    await hear(board)
    await settled(home)
    assert entry.data[CONF_PASSWORD] == board.password == NEW
    assert not reauths(home, entry)
    assert not issues(home)


async def test_a_sketch_whose_name_is_not_in_its_image_may_call_itself_anything(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """What answers under an unknown name is the board that was flashed."""
    await board.power_off()
    entry = await broken_off(replace(pending(Phase.ANSWERED, NEW), name=None))
    await eventually(lambda: issues(home).keys() == {"not_back"})
    becomes(board, NEW)
    await board.power_on()
    await hear(board, name="Pump")
    await settled(home)
    assert board_of(home).record.pending is None
    assert entry.data[CONF_PASSWORD] == board.password


async def test_nothing_is_installed_while_it_is_being_found_out(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    await board.power_off()
    entry = await broken_off(pending(Phase.ANSWERED, NEW))
    await offer(entry, {"garden.bin": build_sketch(version="3.0")})
    with pytest.raises(HomeAssistantError, match="already in progress"):
        await install(home)
    await eventually(lambda: issues(home))


async def test_what_is_installed_later_comes_after_it_is_found_out(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    """The password that the unfinished flash may have left behind is in its journal alone. Both have their event."""
    await board.power_off()
    entry = await broken_off(pending(Phase.ANSWERED, NEW))
    await eventually(lambda: issues(home).keys() == {"not_back"})
    await until_stage(home, Stage.IDLE)
    await offer(entry, {"garden.bin": build_sketch(password="third", version="3.0")})
    with pytest.raises(HomeAssistantError):
        await install(home)
    assert board_of(home).record.pending is not None
    becomes(board, NEW)
    await board.power_on()
    with watching(home, FLASH) as events:
        await install(home)
    record = board_of(home).record
    assert [flash.version for flash in record.history] == ["3.0", "2.0"]
    assert record.keyring.passwords[:2] == ("third", NEW)
    assert entry.data[CONF_PASSWORD] == board.password == "third"
    assert not issues(home)
    told = [(event.attributes["event_type"], event.attributes["from"], event.attributes["to"]) for event in events]
    assert told == [("flashed", "1.0", "2.0"), ("flashed", "2.0", "3.0")]


async def test_what_was_ordered_for_a_board_that_is_not_back_follows_when_it_is(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer
) -> None:
    """Through a restart, and though the board has another name by then."""
    await board.power_off()
    entry = await broken_off(pending(Phase.ANSWERED, NEW))
    await eventually(lambda: issues(home).keys() == {"not_back"})
    await until_stage(home, Stage.IDLE)
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


async def test_it_is_found_out_once_however_many_want_to_know(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """The board is heard while the repair is submitted."""
    await board.power_off()
    await broken_off(pending(Phase.ANSWERED, NEW))
    await eventually(lambda: issues(home).keys() == {"not_back"})
    becomes(board, NEW)
    await board.power_on()
    for _ in range(3):
        await hear(board)
    await settled(home)
    assert [flash.version for flash in board_of(home).record.history] == ["2.0"]
    assert passwords(board) == [NEW]


async def test_a_crash_before_the_entry_was_written_does_not_lose_the_name(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, offer: Offer
) -> None:
    """A board without a known MAC address would not be recognized by any other."""
    entry = await add_board(board)
    await offer(entry, {"garden.bin": build_sketch(name="Garden", library="ArduinoOTA", version="2.0")})
    before = dict(entry.data)
    await install(home)
    after = dict(entry.data)
    assert after[CONF_NAME] == "Garden"
    await restart(home, entry, lambda: home.config_entries.async_update_entry(entry, data=before) and None)
    assert dict(entry.data) == after

    home.config_entries.async_update_entry(entry, data={**after, CONF_NAME: "Garden by itself"})
    await restart(home, entry)
    assert entry.data[CONF_NAME] == "Garden by itself", "what was heard later stays"


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


async def test_a_wait_that_was_not_allowed_is_not_said_to_have_ended(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """Home Assistant died before it began; the board was there all the time."""
    entry = await add_board(board)
    now = time.time()
    order = WaitingOrder(version="2.0", sha256="0" * 64, file="garden.bin", ordered=now, until=now)
    await board_of(home).store.update(order=order)
    await restart(home, entry)
    await settled(home)
    assert board_of(home).record.order is None
    assert "before the update began" in reason_of(issues(home)["not_installed"])


async def test_whoever_else_finds_out_what_became_of_a_flash_ends_the_search_for_it(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has died of that, and nobody is told that something failed."""
    becomes(board, NEW)
    await board.power_off()
    await broken_off(pending(Phase.ANSWERED, NEW))
    with watching(home, FLASH) as events:
        async with board_of(home).lock:
            await eventually(lambda: board_of(home).state.stage is Stage.RESTARTING)
            await board_of(home).store.update(pending=None)
            await board.power_on()
        await until_stage(home, Stage.IDLE)
    assert not [event for event in events if event.attributes.get("event_type")]
    assert "failed" not in caplog.text


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
