"""What follows from the end of a flash."""

from typing import Any

from homeassistant.const import CONF_NAME
from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota.flash.verdict import Outcome, Running, Verdict
from ..const import CONF_HEARD_NAME, CONF_LIBRARY, LOCKED_BY
from ..coordinator import BoardCoordinator
from ..data import InstallEnd
from ..errors import translated_error
from ..issues import Kind
from .notices import async_add_notice, async_raise_notices


async def async_apply_outcome(board: BoardCoordinator, outcome: Outcome) -> InstallEnd:
    """Have Home Assistant know what a flash has shown, which is in the record already, and return how the install ended."""
    verdict, pending = outcome.verdict, outcome.pending
    board.show_password()
    board.set_online(verdict not in (Verdict.NOT_BACK, Verdict.WITHOUT_OTA))
    if outcome.running is Running.NEW:
        library = pending.library or board.library
        # Whoever has not been heard since may be the board; whatever a nameless sketch announces is its name.
        board.update_entry(**{CONF_LIBRARY: library.value, CONF_NAME: pending.name, CONF_HEARD_NAME: None})
    await board.async_tidy_images()
    board.show_version()
    error: HomeAssistantError | None = None
    match verdict:
        case Verdict.FLASHED | Verdict.WITHOUT_OTA:
            pass
        case Verdict.LOCKED:
            board.config_entry.async_start_reauth(board.hass, data={LOCKED_BY: pending.version})
            error = translated_error("verdict_locked", board=board.name, version=pending.version)
        case _:
            error = translated_error(f"verdict_{verdict}", board=board.name, version=pending.version)
    if verdict is Verdict.NOT_BACK and error is not None:
        await async_add_notice(board, Kind.NOT_BACK, error, pending.version)
    else:
        async_raise_notices(board)
    return InstallEnd(event=verdict.value, attributes=outcome_attributes(outcome), error=error)


def outcome_attributes(outcome: Outcome) -> dict[str, Any]:
    """Return what is told about a flash: to actions, automations and the logbook. It never holds a password."""
    return {
        "from": outcome.pending.previous_version,
        "to": outcome.pending.version,
        "bytes": outcome.pending.size,
        "seconds": round(outcome.seconds, 1),
        "verdict": outcome.verdict.value,
    }
