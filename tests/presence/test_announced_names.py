"""What is announced from the address of a board whose hardware address is known: anybody can announce anything."""

from dataclasses import replace
import time

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest

from custom_components.mkr1000_ota.const import CONF_LIBRARY, DOMAIN
from custom_components.mkr1000_ota.install.outcome import async_show_running
from custom_components.mkr1000_ota.network.announced_name import RENAMED_AFTER
from custom_components.mkr1000_ota.presence.tracker import ODD_NAME_INTERVAL
from custom_components.mkr1000_ota.storage.records import PastFlash
from tests.conftest import AddBoard, Arp, Hear, StartBoard
from tests.support.actions import CONNECTIVITY, board_of, reauths
from tests.support.clock import Clock, stop_time
from tests.support.looking import leave_unheard, look, questions, settled
from tests.support.mending import know, settle
from tests.support.steps import MAC, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

MINUTE = 60.0
FLASHED = PastFlash(version="1.0", sha256="11" * 32, size=16384, started=1.0, password="password", name="Arduino")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still."""
    return stop_time(monkeypatch)


@pytest.fixture
async def entry(
    home: HomeAssistant, clock: Clock, board: VirtualBoard, add_board: AddBoard, hear: Hear, arp: Arp
) -> ConfigEntry:
    """A board whose hardware address is known, and that said two hours ago which password it accepts."""
    entry = await add_board(board)
    know(home, entry, MAC)
    arp(MAC, board.address)
    await hear(board)
    await settled(home)
    await entry.runtime_data.coordinator.store.update(password_checked=time.time() - 7200)
    board.requests.clear()
    return entry


async def minutes(
    home: HomeAssistant, clock: Clock, hear: Hear, board: VirtualBoard, count: int, *names: str | None
) -> None:
    """Let names be announced once a minute, None for the own one."""
    for _ in range(count):
        clock.advance(MINUTE)
        for name in names:
            await hear(board, name=name)
            await settled(home)
        await look(home)


async def test_two_hundred_made_up_names_cause_no_password_and_few_questions(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    for number in range(200):
        clock.advance(0.05)
        await hear(board, name=f"Evil {number}")
        await settled(home)
    assert entry.data[CONF_NAME] == "Arduino"
    assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords_sent_to(board) == []
    assert 0 < len(questions(board)) <= 200 * 0.05 / ODD_NAME_INTERVAL + 1


async def test_names_that_take_turns_with_the_own_one_are_written_once_in_minutes(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    written: list[ConfigEntry] = []
    stop = async_dispatcher_connect(home, SIGNAL_CONFIG_ENTRY_CHANGED, lambda _, changed: written.append(changed))
    for number in range(100):
        clock.advance(0.1)
        await hear(board, name=f"Evil {number}")
        await hear(board)
    await settled(home)
    stop()
    assert len(written) == 2, "the other name, and the own one again"


async def test_a_name_that_is_made_up_for_hours_is_not_taken_while_the_board_announces_its_own(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    await minutes(home, clock, hear, board, 10, "Evil", None, "Evil")
    assert entry.data[CONF_NAME] == "Arduino"
    assert passwords_sent_to(board) == []


@pytest.mark.parametrize("missed", [1, 2, 3])
async def test_a_board_that_misses_some_queries_loses_its_name_to_nobody(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear, missed: int
) -> None:
    for _ in range(3):
        await minutes(home, clock, hear, board, missed, "Evil")
        await minutes(home, clock, hear, board, 1, "Evil", None)
    assert entry.data[CONF_NAME] == "Arduino"


async def test_a_name_that_is_made_up_while_the_board_is_away_is_not_taken(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    await hear(board, name="Evil")
    await leave_unheard(home, board)
    await minutes(home, clock, hear, board, 10, "Evil")
    await board.power_on()
    await minutes(home, clock, hear, board, 1, "Evil", None)
    assert home.states.is_state(CONNECTIVITY, "on")
    assert entry.data[CONF_NAME] == "Arduino"


async def test_one_packet_is_no_name_however_long_ago(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    """Nothing of the board itself is heard: multicast does not get through."""
    await hear(board, name="Evil")
    clock.advance(2 * RENAMED_AFTER)
    await look(home, 2)
    assert entry.data[CONF_NAME] == "Arduino"


async def test_a_board_that_was_renamed_with_another_tool_has_its_new_name_minutes_later(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    await board_of(home).store.note(lambda record: record.running_now(FLASHED))
    await minutes(home, clock, hear, board, 2, None)
    await minutes(home, clock, hear, board, 2, "Garden")
    assert entry.data[CONF_NAME] == "Arduino"
    assert board_of(home).record.version == "1.0"
    await minutes(home, clock, hear, board, 3, "Garden")
    assert entry.data[CONF_NAME] == "Garden"
    assert board_of(home).record.version is None, "it is another sketch"
    assert home.states.is_state(CONNECTIVITY, "on")
    assert not reauths(home, entry)


async def test_a_sketch_that_never_announces_what_its_image_says_is_no_other_one(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    """It puts its name together while it runs, and the inspector has taken another text for it; flashed twice as well."""
    for started in (1.0, 2.0):
        await board_of(home).store.note(lambda record, at=started: record.running_now(replace(FLASHED, started=at)))  # type: ignore[misc]
        async_show_running(board_of(home))
        assert entry.data[CONF_NAME] == "Arduino"
        await look(home)
        assert entry.data[CONF_NAME] == "Arduino", "what was announced before the flash says nothing"
        await minutes(home, clock, hear, board, 6, "Garden")
        assert entry.data[CONF_NAME] == "Garden"
        assert board_of(home).record.version == "1.0"


async def test_the_library_is_that_of_the_last_response(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    """A sketch from somewhere else is not heard: what was announced last is not true anymore."""
    await minutes(home, clock, hear, board, 6, None)
    await board.flash_over_usb(build_sketch(library="ArduinoOTA"))
    written: list[str] = []
    note = lambda _, changed: written.append(changed.data[CONF_LIBRARY])  # noqa: E731
    stop = async_dispatcher_connect(home, SIGNAL_CONFIG_ENTRY_CHANGED, note)
    await look(home, 4)
    stop()
    assert written == ["ArduinoOTA"]


async def test_two_names_that_take_turns_are_neither_taken(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    await minutes(home, clock, hear, board, 10, "Evil", "Garden")
    assert entry.data[CONF_NAME] == "Arduino"


async def test_the_first_name_of_a_board_is_not_one_that_is_made_up(
    home: HomeAssistant, clock: Clock, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    """It was silent when it was added; its hardware address says that it is the board, so that there is no hurry."""
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_NAME: None})
    await hear(board, name="Evil")
    assert entry.data[CONF_NAME] is None
    await minutes(home, clock, hear, board, 6, None)
    assert entry.data[CONF_NAME] == "Arduino"


async def test_a_board_without_a_name_does_not_take_that_of_another_one(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    """Who was never heard, and has lost its address to a board that is set up elsewhere, looks like that."""
    board = await start_board()
    garden = await start_board(address="127.0.0.8", port=board.port, name="Garden")
    await add_board(garden)
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_NAME: None})
    await settle(home, garden, board)
    await board.stop()
    await garden.renumber(board.address)
    await hear(garden)
    await settled(home)
    await look(home)
    assert entry.data[CONF_NAME] is None
    assert not entry.runtime_data.coordinator.data
    assert ir.async_get(home).async_get_issue(DOMAIN, f"renamed.{entry.entry_id}")
    assert passwords_sent_to(garden) == []
