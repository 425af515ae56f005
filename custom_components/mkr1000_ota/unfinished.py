"""What was under way when Home Assistant, or the entry, was stopped."""

import asyncio
import time

from .activity import IDLE, Activity, Stage
from .arduino_ota.errors import BoardError
from .const import DOMAIN, LOGGER
from .homecoming import async_resolve
from .job import job_for_awaited
from .outcome import async_report_not_back, async_report_not_installed
from .runtime import Board
from .waiting import async_forget_wait


def async_finish(board: Board) -> None:
    """Go on with what was under way, in the background."""
    coordinator = board.coordinator
    if coordinator.record.pending is None and coordinator.record.awaited is None:
        return
    coordinator.config_entry.async_create_background_task(
        coordinator.hass, _finish(board), f"{DOMAIN} finish {coordinator.name}"
    )


async def _finish(board: Board) -> None:
    coordinator = board.coordinator
    if (pending := coordinator.record.pending) is not None:
        LOGGER.info("Finding out what became of the flash of %s with %s", coordinator.name, pending.version)
        coordinator.set_activity(Activity(Stage.RESTARTING, pending.version))
        try:
            if not await _resolved(board):
                async_report_not_back(coordinator, pending)
        finally:
            coordinator.set_activity(IDLE)
    awaited = coordinator.record.awaited
    if awaited is None or coordinator.activity != IDLE:
        # Nothing waits, or somebody has ordered something else meanwhile.
        return
    if time.time() < awaited.until:
        board.installer.resume(job_for_awaited(coordinator, awaited))
        return
    async_report_not_installed(coordinator, awaited.version)
    await async_forget_wait(coordinator)


async def _resolved(board: Board) -> bool:
    coordinator = board.coordinator
    timeouts = coordinator.shared.timeouts
    with coordinator.shared.asker.awaiting():
        deadline = time.monotonic() + timeouts.return_timeout
        while time.monotonic() < deadline:
            try:
                if await async_resolve(coordinator):
                    return True
            except BoardError:
                LOGGER.debug("%s does not answer yet", coordinator.name)
            await asyncio.sleep(timeouts.probe_interval)
    return False
