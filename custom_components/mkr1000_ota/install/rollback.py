"""Holding a new sketch against its health check, once, and going back to the one before if it fails."""

from dataclasses import replace
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota.errors import BoardError
from ..arduino_ota.flash.journal import JournalUnwritable
from ..arduino_ota.flash.verdict import Verdict
from ..const import LOGGER
from ..coordinator import BoardCoordinator, InstallState, Stage
from ..data import InstallEnd
from ..errors import translated_error
from ..issues import Kind
from ..storage.records import PastFlash
from .flashing import async_flash
from .health_check import async_becomes_healthy, has_health_check
from .notices import async_add_notice, async_raise_notices, with_notice
from .outcome import async_apply_outcome
from .prepare import request_for_archived

ROLLED_BACK: Final = "rolled_back"
UNHEALTHY: Final = "unhealthy"


async def async_check_health(board: BoardCoordinator, end: InstallEnd) -> InstallEnd:
    """Return how an install ends whose sketch is healthy, or how going back from it does."""
    if not board.record.health_is_due or (running := board.record.running) is None:
        return end
    healthy = True
    if has_health_check(board):
        board.set_state(InstallState(Stage.CHECKING_HEALTH, running.version))
        healthy = await async_becomes_healthy(board)
    if healthy:
        await board.store.note(lambda record: record.judged(healthy=True))
        return end
    target = _target(board)
    # Until it has succeeded, going back has failed: whatever ends it, that is what a person has to know.
    key = "unhealthy" if target is None else "not_rolled_back"
    facts = {"previous": target.version} if target else {}
    reason = translated_error(key, board=board.name, version=running.version, **facts)
    await board.store.note(
        lambda record: with_notice(
            record.judged(healthy=False, rollback_to=target.sha256 if target else None),
            Kind.UNHEALTHY,
            reason,
            running.version,
        )
    )
    if target is not None:
        return await async_roll_back(board)
    async_raise_notices(board)
    told = {"from": running.version, "to": running.version}
    return InstallEnd(event=UNHEALTHY, attributes=told, error=reason)


async def async_roll_back(board: BoardCoordinator) -> InstallEnd:
    """Flash the build that takes the place of one that is not healthy, with the password of that one."""
    failed = board.record.version or ""
    target = next(one for one in board.record.history if one.sha256 == board.record.rollback_to)
    try:
        outcome = await async_flash(board, await request_for_archived(board, target).prepare(), waited=False)
        end = await async_apply_outcome(board, outcome)
    except (BoardError, HomeAssistantError, JournalUnwritable) as err:
        LOGGER.error("%s could not go back to version %s: %s", board.name, target.version, err)
        async_raise_notices(board)
        raise
    if outcome.verdict is not Verdict.FLASHED:
        return replace(end, event=UNHEALTHY)
    error = translated_error("rolled_back", board=board.name, version=failed, previous=target.version)
    await async_add_notice(board, Kind.UNHEALTHY, error, failed)
    return InstallEnd(event=ROLLED_BACK, attributes={"from": failed, "to": target.version}, error=error)


def _target(board: BoardCoordinator) -> PastFlash | None:
    """Return the sketch to go back to from what the board runs: the last one before that has not failed itself.

    None if it is not in the archive, or if nobody knows what the board ran: it may have been nothing from here.
    """
    failed = board.record.running
    if failed is None or failed.previous_version is None:
        return None
    passed_over = {failed.sha256, *board.record.failed}
    return next((flash for flash in board.archived if flash.sha256 not in passed_over), None)
