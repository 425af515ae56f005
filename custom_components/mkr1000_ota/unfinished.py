"""What was under way when Home Assistant, or the entry, was stopped."""

import asyncio
import time

from .activity import IDLE, Activity, Stage
from .board.errors import BoardError
from .const import DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .homecoming import async_resolve
from .job import Job, job_for_version
from .outcome import async_report_not_back, async_report_not_installed
from .runtime import Board
from .store import Awaited


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
    if (awaited := coordinator.record.awaited) is not None:
        job = await _job_for(coordinator, awaited)
        if coordinator.record.awaited is not awaited or coordinator.activity != IDLE:
            # Somebody has ordered something else meanwhile.
            return
        if job is not None:
            board.installer.resume(job)
            return
        coordinator.record.awaited = None
        await coordinator.record.save()
        async_report_not_installed(coordinator, awaited.version)


async def _job_for(coordinator: BoardCoordinator, awaited: Awaited) -> Job | None:
    """Return the job that waits, once its source offers it again; None if it does not as long as it may wait."""
    changed = asyncio.Event()
    unsubscribe = coordinator.catalog.async_add_listener(changed.set)
    try:
        async with asyncio.timeout(awaited.until - time.time()):
            await asyncio.wait((coordinator.catalog.first_look,))
            while (job := job_for_version(coordinator, awaited.version)) is None:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return None
    else:
        return job
    finally:
        unsubscribe()


async def _resolved(board: Board) -> bool:
    coordinator = board.coordinator
    timing = coordinator.shared.timing
    with coordinator.shared.asker.awaiting():
        deadline = time.monotonic() + timing.returns_within
        while time.monotonic() < deadline:
            try:
                if await async_resolve(coordinator):
                    return True
            except BoardError:
                LOGGER.debug("%s does not answer yet", coordinator.name)
            await asyncio.sleep(timing.probe_every)
    return False
