"""What follows from the end of a flash."""

import time
from typing import Any, Final

from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..arduino_ota.flash.flasher import Outcome
from ..arduino_ota.flash.journal import Pending, Verdict
from ..const import CONF_FLASHED, CONF_HEARD_NAME, CONF_LIBRARY, DOMAIN
from ..coordinator import BoardCoordinator
from ..data import InstallEnd
from ..errors import translated_error
from ..issues import Kind
from ..storage.records import PastFlash
from .notices import async_add_notice, async_raise_notices
from .reconnect import async_ask_for_password

ROLLED_BACK: Final = "rolled_back"
# What builds predict, and how a board comes back then: the one that was running copies the new one and restarts.
_HANGS: Final = "hangs_after_update"
_WAITS_FOR_SERIAL: Final = "waits_for_serial"


def end_signal(entry_id: str) -> str:
    """Return the dispatcher signal that is sent with event type and attributes when an install on a board has ended."""
    return f"{DOMAIN}_end_{entry_id}"


@callback
def async_send_end(board: BoardCoordinator, end: InstallEnd) -> None:
    """Tell automations and the activity log how an install has ended."""
    if end.event is not None:
        async_dispatcher_send(board.hass, end_signal(board.config_entry.entry_id), end.event, end.attributes)


async def async_apply_outcome(board: BoardCoordinator, outcome: Outcome) -> InstallEnd:
    """Have Home Assistant know what a flash has shown, which is in the record already, and return how the install ended."""
    verdict, pending = outcome.verdict, outcome.pending
    board.show_password()
    board.set_online(verdict not in (Verdict.NOT_BACK, Verdict.WITHOUT_OTA))
    async_show_running(board)
    await board.async_tidy_images()
    error: HomeAssistantError | None = None
    event, attributes = verdict.value, outcome_attributes(outcome)
    match verdict:
        case Verdict.FLASHED if not board.record.health_is_due:
            # Only what a roll-back ends at is not judged.
            event = ROLLED_BACK
            facts = {"version": pending.previous_version or "", "previous": pending.version}
            error = translated_error("rolled_back", board=board.name, **facts)
            async_raise_notices(board)
        case Verdict.FLASHED | Verdict.WITHOUT_OTA:
            async_raise_notices(board)
        case Verdict.NOT_BACK:
            error = await async_note_not_back(board)
        case _:
            error = translated_error(f"verdict_{verdict}", board=board.name, version=pending.version)
            async_raise_notices(board)
    if verdict is Verdict.LOCKED:
        async_ask_for_password(board)
    return InstallEnd(event=event, attributes=attributes, error=error)


@callback
def async_show_running(board: BoardCoordinator) -> None:
    """Have the entry describe the sketch that was flashed last: after a crash it may still describe the one before.

    Whoever has not been heard since may be the board; whatever a nameless sketch announces is its name.
    """
    running = board.record.running
    if running is not None and running.started != board.config_entry.data.get(CONF_FLASHED):
        library = (running.library or board.library).value
        changes = {CONF_LIBRARY: library, CONF_NAME: running.name, CONF_HEARD_NAME: None}
        board.update_entry(**changes, **{CONF_FLASHED: running.started})
    board.show_version()


def outcome_attributes(outcome: Outcome) -> dict[str, Any]:
    """Return what is told about a flash: to actions, automations and the logbook. It never holds a password."""
    return {
        "from": outcome.pending.previous_version,
        "to": outcome.pending.version,
        "bytes": outcome.pending.size,
        "seconds": round(outcome.seconds, 1),
        "verdict": outcome.verdict.value,
    }


def past_attributes(flash: PastFlash) -> dict[str, Any]:
    """Return what is told about a flash whose health check ends long after it."""
    return {
        "from": flash.previous_version,
        "to": flash.version,
        "bytes": flash.size,
        "seconds": round(time.time() - flash.started, 1),
        "verdict": Verdict.FLASHED.value,
    }


def new_warnings(pending: Pending) -> tuple[str, ...]:
    """Return the codes of what the build that was flashed will need a hand for."""
    return getattr(pending, "warnings", ())


async def async_note_not_back(board: BoardCoordinator) -> HomeAssistantError:
    """Tell a person that a board is not back, and what to do first; it stays true through restarts."""
    pending, running = board.record.pending, board.record.running
    assert pending is not None
    key = "verdict_not_back"
    if running is not None and _HANGS in running.warnings:
        key = "not_back_hangs"
    elif _WAITS_FOR_SERIAL in new_warnings(pending):
        key = "not_back_serial"
    error = translated_error(key, board=board.name, version=pending.version)
    await async_add_notice(board, Kind.NOT_BACK, error, pending.version)
    return error
