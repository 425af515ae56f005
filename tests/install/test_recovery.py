"""What became of a flash that nobody saw end is found out after a restart, by what the board does then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import time

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.storage.records import BoardRecord
from tests.conftest import BRISK, AddBoard, Hear, Offer
from tests.support.actions import CONNECTIVITY, STATUS, install
from tests.support.looking import passwords, settled
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


def record_of(home: HomeAssistant, entry: ConfigEntry) -> BoardRecord:
    """What is written down about a board."""
    record: BoardRecord = home.data[DOMAIN].store.record(entry.entry_id)
    return record


def issues(home: HomeAssistant) -> set[str | None]:
    """What the user is told."""
    return {issue.translation_key for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN}


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.fixture
def restart(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> Restart:
    """Set up a board whose last flash was broken off by the end of Home Assistant."""

    async def restart(left: Pending) -> ConfigEntry:
        entry = await add_board(board, password=OLD)
        record = record_of(home, entry)
        record.installed_version = "1.0"
        assert await home.config_entries.async_unload(entry.entry_id)
        home.data[DOMAIN].timeouts = replace(BRISK, return_timeout=0.6, probe_interval=0.02)
        await record.write(left)
        board.requests.clear()
        assert await home.config_entries.async_setup(entry.entry_id)
        return entry

    return restart


def becomes(board: VirtualBoard, password: str) -> None:
    """Have a board run a sketch with another password, from now on or from its next start on."""
    board.options = replace(board.options, password=password)


@pytest.mark.parametrize("away", [False, True], ids=["there", "away at first"])
@pytest.mark.parametrize(
    ("phase", "new", "runs", "installed"),
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
    restart: Restart,
    board: VirtualBoard,
    phase: Phase,
    new: str,
    runs: str,
    installed: str,
    *,
    away: bool,
) -> None:
    becomes(board, runs)
    if away:
        await board.power_off()
    entry = await restart(pending(phase, new))
    record = record_of(home, entry)
    if away:
        await asyncio.sleep(0.1)
        assert record.pending is not None
        assert home.states.is_state(STATUS, "restarting")
        await board.power_on()
    await until(lambda: home.states.is_state(STATUS, "idle"))

    assert record.pending is None
    assert record.keyring.current == entry.data[CONF_PASSWORD] == board.password
    assert record.installed_version == installed
    assert entry.data[CONF_NAME] == ("Garden" if installed == "2.0" else "Arduino")
    assert not issues(home)
    assert not home.config_entries.flow.async_progress()
    assert not board.flashed


async def test_two_sketches_of_one_password_cannot_be_told_apart(
    home: HomeAssistant, restart: Restart, board: VirtualBoard
) -> None:
    """Without an answer of the board to the upload, that is said."""
    entry = await restart(pending(Phase.FINISHING, SAME))
    await until(lambda: record_of(home, entry).pending is None and home.states.is_state(STATUS, "idle"))
    assert record_of(home, entry).installed_version is None
    assert issues(home) == {"uncertain"}
    assert entry.data[CONF_PASSWORD] == board.password


async def test_a_new_password_that_nobody_knows_is_asked_for(
    home: HomeAssistant, restart: Restart, board: VirtualBoard
) -> None:
    """The reauthentication that opens says which sketch it is about."""
    becomes(board, "computed at run time")
    entry = await restart(replace(pending(Phase.ANSWERED, NEW), stated_password=None))
    await until(home.config_entries.flow.async_progress)
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["step_id"] == "reauth_locked"
    assert record_of(home, entry).installed_version == "2.0"
    await settled(home)
    assert len(passwords(board)) == 2


@pytest.mark.parametrize("phase", Phase)
async def test_a_board_that_does_not_come_back_is_watched_for(
    home: HomeAssistant, restart: Restart, board: VirtualBoard, hear: Hear, phase: Phase
) -> None:
    """The issue says what to do, the journal stays, and both end by themselves when the board is heard."""
    await board.power_off()
    entry = await restart(pending(phase, NEW))
    await until(lambda: issues(home) == {"not_back"})
    assert home.states.is_state(STATUS, "idle")
    assert record_of(home, entry).pending is not None

    becomes(board, OLD if phase is Phase.UPLOADING else NEW)
    await board.power_on()
    await hear(board)
    await settled(home)
    assert record_of(home, entry).pending is None
    assert not issues(home)
    assert entry.data[CONF_PASSWORD] == board.password
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_a_sketch_whose_name_is_not_in_its_image_may_call_itself_anything(
    home: HomeAssistant, restart: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """What answers under an unknown name is the board that was flashed."""
    await board.power_off()
    entry = await restart(replace(pending(Phase.ANSWERED, NEW), name=None))
    await until(lambda: issues(home) == {"not_back"})
    becomes(board, NEW)
    await board.power_on()
    await hear(board, name="Pump")
    await settled(home)
    assert record_of(home, entry).pending is None
    assert entry.data[CONF_PASSWORD] == board.password


async def test_nothing_is_installed_while_it_is_being_found_out(
    home: HomeAssistant, restart: Restart, board: VirtualBoard, offer: Offer
) -> None:
    await board.power_off()
    entry = await restart(pending(Phase.ANSWERED, NEW))
    await offer(entry, {"garden.bin": build_sketch(version="3.0")})
    with pytest.raises(HomeAssistantError, match="already in progress"):
        await install(home)
    await until(lambda: issues(home))


@pytest.mark.parametrize("is_back", [True, False])
async def test_what_is_installed_later_comes_after_it_is_found_out(
    home: HomeAssistant, restart: Restart, board: VirtualBoard, offer: Offer, *, is_back: bool
) -> None:
    """The password that the unfinished flash may have left behind is in its journal alone."""
    await board.power_off()
    entry = await restart(pending(Phase.ANSWERED, NEW))
    await until(lambda: issues(home) == {"not_back"})
    await offer(entry, {"garden.bin": build_sketch(password="third", version="3.0")})
    if not is_back:
        with pytest.raises(HomeAssistantError):
            await install(home)
        assert record_of(home, entry).pending is not None
        return
    becomes(board, NEW)
    await board.power_on()
    await install(home)
    record = record_of(home, entry)
    assert [flash.version for flash in record.history] == ["3.0", "2.0"]
    assert record.keyring.passwords[:2] == ("third", NEW)
    assert entry.data[CONF_PASSWORD] == board.password == "third"
    assert not issues(home)


async def test_it_is_found_out_once_however_many_want_to_know(
    home: HomeAssistant, restart: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """The board is heard while the repair is submitted."""
    await board.power_off()
    entry = await restart(pending(Phase.ANSWERED, NEW))
    await until(lambda: issues(home) == {"not_back"})
    becomes(board, NEW)
    await board.power_on()
    for _ in range(3):
        await hear(board)
    await settled(home)
    assert [flash.version for flash in record_of(home, entry).history] == ["2.0"]
    assert passwords(board) == [NEW]
