"""What became of a flash that nobody saw end is found out after a restart, by what the board does then."""

import asyncio
from dataclasses import replace
import time

from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.storage.records import WaitingOrder
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.install.conftest import NEW, OLD, Restart, becomes, pending
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    board_of,
    eventually,
    install,
    issues,
    reason_of,
    reauths,
    restart,
    shown,
    until_not_back,
    until_stage,
    watching,
)
from tests.support.looking import passwords, settled
from tests.support.mending import know, reconfigure
from tests.support.steps import MAC, OTHER_MAC, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow


SAME = "password"


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
        assert reason_of(issues(home)["uncertain"]) in str(shown(home, FIRMWARE).attributes["release_summary"])
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


async def test_a_password_that_only_the_pending_flash_knows_is_no_reason_to_ask_for_it(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """It is a guess out of the image, and the keyring alone would not do."""
    await board.power_off()
    entry = await broken_off(
        replace(pending(Phase.ANSWERED, "mistyped"), stated_password=None, guesses=("another", NEW))
    )
    await until_not_back(home)
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
    await until_not_back(home)
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
    await until_not_back(home)
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


async def test_it_is_found_out_once_however_many_want_to_know(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """The board is heard while the repair is submitted."""
    await board.power_off()
    await broken_off(pending(Phase.ANSWERED, NEW))
    await until_not_back(home)
    becomes(board, NEW)
    await board.power_on()
    for _ in range(3):
        await hear(board)
    await settled(home)
    assert [flash.version for flash in board_of(home).record.history] == ["2.0"]
    assert passwords(board) == [NEW]


async def test_passwords_are_not_sent_again_and_again_where_the_answers_are_spoiled(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, hear: Hear
) -> None:
    """It says that it is a board, and breaks off when it is asked for its password."""
    await board.power_off()
    await broken_off(pending(Phase.FINISHING, NEW))
    await until_not_back(home)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
        else:
            asked.append(head)
        writer.close()

    async with await asyncio.start_server(serve, board.address, board.port):
        for _ in range(20):
            await hear(board)
            await settled(home)
    assert len(asked) == 1


async def test_other_hardware_is_not_judged_by_the_flash_of_the_board_before(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, start_board: StartBoard, arp: Arp
) -> None:
    """The board did not come back, and another one takes its place."""
    await board.power_off()
    entry = await broken_off(replace(pending(Phase.ANSWERED, NEW), stated_password=None, expected=()))
    know(home, entry, MAC)
    await until_not_back(home)
    replacement = await start_board(address="127.0.0.8", password="other")
    arp(OTHER_MAC, replacement.address)
    result = await reconfigure(home, entry, typed(replacement), "other")
    assert result["reason"] == "reconfigure_successful"
    await settled(home)
    record = board_of(home).record
    assert (record.pending, record.version, record.history) == (None, None, ())
    assert not issues(home)
    assert shown(home, FLASH).attributes["event_type"] is None


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
