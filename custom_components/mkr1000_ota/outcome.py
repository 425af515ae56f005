"""What follows from the end of a flash."""

import time
from typing import Any

from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .arduino_ota.flash.pending import Pending
from .arduino_ota.flash.verdict import Outcome, Verdict
from .const import CONF_LIBRARY, DOMAIN, LOCKED_BY
from .coordinator import BoardCoordinator
from .problems import problem

# The event of an install that ended before there was anything to judge.
FAILED = "failed"
# The events, and repair issues, of a sketch that has failed its health check.
ROLLED_BACK = "rolled_back"
UNHEALTHY = "unhealthy"
# The repair issue of one for which there was a way back that could not be gone.
NOT_ROLLED_BACK = "not_rolled_back"
# The repair issue of an install that waited for its board in vain.
NOT_INSTALLED = "not_installed"

_ISSUES = (Verdict.NOT_BACK, Verdict.UNCERTAIN, ROLLED_BACK, UNHEALTHY, NOT_ROLLED_BACK, NOT_INSTALLED)


async def async_settle(board: BoardCoordinator, outcome: Outcome) -> None:
    """Store what a flash has shown, and tell the user what is left to do.

    Raises a translated HomeAssistantError unless the board runs the new sketch and is known.
    """
    if outcome.accepted is not None:
        await board.accept_password(outcome.accepted)
    if outcome.verdict is not Verdict.NOT_BACK:
        board.password_checked = time.monotonic()
    board.set_reachable(outcome.verdict not in (Verdict.NOT_BACK, Verdict.WITHOUT_OTA))
    if outcome.verdict in (Verdict.FLASHED, Verdict.LOCKED):
        flashed = outcome.pending
        board.follow(**{CONF_LIBRARY: flashed.library or board.library, CONF_NAME: flashed.name or board.board_name})
        board.awaits_name = True
    await board.tidy_archive()
    board.show_version()
    async_dispatcher_send(board.hass, flash_signal(board.config_entry.entry_id), outcome.verdict.value, report(outcome))
    async_clear_issues(board.hass, board.config_entry.entry_id)
    match outcome.verdict:
        case Verdict.FLASHED | Verdict.WITHOUT_OTA:
            return
        case Verdict.LOCKED:
            board.config_entry.async_start_reauth(board.hass, data={LOCKED_BY: outcome.pending.version})
        case Verdict.NOT_BACK | Verdict.UNCERTAIN as verdict:
            _issue(board, verdict, outcome.pending)
        case Verdict.NOT_APPLIED:
            pass
    raise problem(f"verdict_{outcome.verdict}", board=board.name, version=outcome.pending.version)


def flash_signal(entry_id: str) -> str:
    """Return the dispatcher signal that is sent with event type and attributes when a flash of a board has ended."""
    return f"{DOMAIN}_flash_{entry_id}"


def report(outcome: Outcome) -> dict[str, Any]:
    """Return what is told about a flash: to actions, automations and the logbook. It never holds a password."""
    return {
        "from": outcome.pending.previous_version,
        "to": outcome.pending.version,
        "bytes": outcome.pending.size,
        "seconds": round(outcome.seconds, 1),
        "verdict": outcome.verdict.value,
    }


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Take back what was said about earlier flashes of a board."""
    for key in _ISSUES:
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry_id}")


@callback
def async_report_not_back(board: BoardCoordinator, pending: Pending) -> None:
    """Tell the user how to find a board that did not come back; its flash stays in the journal until it does."""
    _issue(board, Verdict.NOT_BACK, pending)


@callback
def async_report_not_installed(board: BoardCoordinator, version: str) -> None:
    """Tell the user that an install which waited for its board came to nothing; the board runs what it ran."""
    ir.async_create_issue(
        board.hass,
        DOMAIN,
        f"{NOT_INSTALLED}_{board.config_entry.entry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=NOT_INSTALLED,
        translation_placeholders={"board": board.name, "version": version},
    )


@callback
def async_report_unhealthy(board: BoardCoordinator, key: str, version: str, previous: str | None = None) -> None:
    """Tell the user that a sketch has failed its health check, and what became of going back to the previous one."""
    entry_id = board.config_entry.entry_id
    placeholders = {"board": board.name, "version": version, "previous": previous or ""}
    ir.async_create_issue(
        board.hass,
        DOMAIN,
        f"{key}_{entry_id}",
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
    )
    runs = {"from": version, "to": previous} if key == ROLLED_BACK else {"from": version, "to": version}
    event = ROLLED_BACK if key == ROLLED_BACK else UNHEALTHY
    async_dispatcher_send(board.hass, flash_signal(entry_id), event, runs)


@callback
def _issue(board: BoardCoordinator, verdict: Verdict, pending: Pending) -> None:
    entry_id = board.config_entry.entry_id
    placeholders = {"board": board.name, "host": board.host, "version": pending.version}
    ir.async_create_issue(
        board.hass,
        DOMAIN,
        f"{verdict}_{entry_id}",
        data={"entry_id": entry_id, **placeholders},
        is_fixable=verdict is Verdict.NOT_BACK,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR if verdict is Verdict.NOT_BACK else ir.IssueSeverity.WARNING,
        translation_key=verdict.value,
        translation_placeholders=placeholders,
    )
