"""What follows from the end of a flash."""

import time
from typing import Any, Final

from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..arduino_ota.flash.pending import Pending, Phase
from ..arduino_ota.flash.verdict import Outcome, Running, Verdict
from ..const import CONF_FLASHED, CONF_HEARD_NAME, CONF_LIBRARY, DOMAIN
from ..coordinator import BoardCoordinator
from ..data import InstallEnd
from ..errors import not_applied_error, translated_error, uncertain_error
from ..issues import Kind
from ..storage.records import PastFlash
from .notices import async_raise_notices
from .reconnect import async_ask_for_password

# The event of an install that ended before the board had all of the sketch, and of one that another has undone.
FAILED: Final = "failed"
ROLLED_BACK: Final = "rolled_back"
# What is to be done about a board that is not back, by what its builds predict.
_NOT_BACK: Final = {"hangs_after_update": "not_back_hangs", "waits_for_serial": "not_back_serial"}


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
    verdict, pending, record = outcome.verdict, outcome.pending, board.record
    board.set_online(verdict not in (Verdict.NOT_BACK, Verdict.WITHOUT_OTA))
    event, facts, error = verdict.value, {"board": board.name, "version": pending.version}, None
    if verdict is Verdict.NOT_BACK:
        # At once: whoever waits for the board, such as a dialog, may find it back.
        error = await async_note_not_back(board)
    await async_show_record(board)
    match verdict:
        case Verdict.NOT_APPLIED:
            error = not_applied_error(outcome, board.name, board.host)
            if outcome.error is not None:
                return failed(pending.version, error)
        case Verdict.LOCKED if outcome.running is Running.UNKNOWN:
            error = translated_error("verdict_password_unknown", **facts)
        case Verdict.FLASHED if not record.health_is_due:
            # Only what a roll-back ends at is not judged.
            event, previous = ROLLED_BACK, {"version": pending.previous_version or "", "previous": pending.version}
            error = translated_error("rolled_back", **facts | previous)
        case Verdict.LOCKED:
            error = translated_error("verdict_locked", **facts)
        case Verdict.UNCERTAIN:
            error = uncertain_error(pending, board.name)
    return InstallEnd(event=event, attributes=attributes(pending, verdict), error=error)


def failed(version: str | None, error: HomeAssistantError) -> InstallEnd:
    """Return the end of an install of which the board has not got everything."""
    return InstallEnd(event=FAILED, attributes={"to": version, "reason": error.translation_key}, error=error)


async def async_show_record(board: BoardCoordinator) -> None:
    """Have entry, archive and issues follow what has changed in the record, and ask for a password that nobody knows."""
    board.show_password()
    await board.async_tidy_images()
    async_show_running(board)
    async_raise_notices(board)
    if board.record.password_rejected:
        async_ask_for_password(board)


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


def attributes(flash: Pending | PastFlash, verdict: Verdict) -> dict[str, Any]:
    """Return what is told about a flash: to actions, automations and the logbook. It never holds a password."""
    return {
        "from": flash.previous_version,
        "to": flash.version,
        "bytes": flash.size,
        "seconds": round(max(0.0, time.time() - flash.started), 1),
        "verdict": verdict.value,
    }


async def async_note_not_back(board: BoardCoordinator) -> HomeAssistantError:
    """Tell a person that a board is not back, and what to do first; it stays true through restarts."""
    pending = board.record.pending
    assert pending is not None
    facts = {"board": board.name, "version": pending.version}
    why = _why_not_back(pending)
    reason = translated_error(why or "not_back", **facts)
    told = board.record.notices.get(Kind.NOT_BACK)
    if told is None or not told.is_closed:
        await board.store.note(lambda record: record.with_notice(Kind.NOT_BACK, reason, pending.version))
    async_raise_notices(board)
    return translated_error(why or "verdict_not_back", **facts)


def _why_not_back(pending: Pending) -> str | None:
    """Return the key of what explains that a board does not answer; None if it has all of the sketch and none does."""
    if pending.phase is Phase.UPLOADING:
        # It cannot have begun to copy the sketch, and runs its previous one when it is back.
        return "not_back_interrupted"
    if not pending.ota:
        return "not_back_without_ota"
    predicted = next((_NOT_BACK[code] for code in pending.predictions if code in _NOT_BACK), None)
    return predicted or ("not_back_unanswered" if pending.phase is Phase.FINISHING else None)
