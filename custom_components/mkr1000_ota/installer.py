"""Installing a sketch on one board, from its source to the stored password."""

import asyncio
import time
from typing import NoReturn

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .activity import IDLE, Activity, Stage
from .board.errors import BoardError, BoardSilent, BoardUnreachable, WrongPassword
from .const import CONF_WAIT, DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .flash.flasher import Order, Outcome
from .flash.journal import JournalUnwritable, Pending
from .flash.verdict import Verdict
from .health import async_becomes_healthy, has_health_check
from .homecoming import async_resolve
from .job import Job, Judged, job_for_archived, sketch_before
from .outcome import (
    FAILED,
    NOT_ROLLED_BACK,
    ROLLED_BACK,
    UNHEALTHY,
    async_report_not_installed,
    async_report_unhealthy,
    async_settle,
    flash_signal,
)
from .problems import board_problem, mistake, problem
from .recognition import AnotherBoard, async_learn, async_recognise
from .store import Awaited

# How long a question for a board that is waited for may stay without an answer before the board is asked directly.
LISTEN_FOR = 15.0

# The reason of a failure that was not foreseen.
UNEXPECTED = "unexpected"

# Stages in which nothing has been sent to the board.
_CANCELLABLE = (Stage.FETCHING, Stage.WAITING, Stage.QUEUED)


class Installer:
    """Installs on one board, one sketch at a time."""

    def __init__(self, board: BoardCoordinator) -> None:
        """Install on a board."""
        self._board = board
        self._task: asyncio.Task[Outcome] | None = None
        self._waits = asyncio.Event()
        self._judged = False

    async def install(self, job: Job) -> Outcome | None:
        """Install a sketch and return when the board runs it; None when the board is away and is being waited for.

        The install goes on when the caller goes away: a browser that is closed must not leave half a flash behind.

        Raises a translated HomeAssistantError that says what to do; the board runs what it ran then, unless the error
        says something else.
        """
        task = self._start(job)
        waits = asyncio.create_task(self._waits.wait())
        try:
            await asyncio.wait((task, waits), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            if not task.done():
                task.add_done_callback(self._report_late)
        if not task.done():
            return None
        if task.cancelled():
            raise problem("install_cancelled", board=self._board.name)
        return task.result()

    @callback
    def resume(self, job: Job) -> None:
        """Go on waiting for a board after a restart of Home Assistant."""
        self._start(job).add_done_callback(self._report_late)

    async def cancel(self) -> None:
        """Give up an install of which the board has not seen anything yet."""
        if (task := self._task) is None:
            raise mistake("nothing_to_cancel", board=self._board.name)
        if self._board.activity.stage not in _CANCELLABLE:
            raise mistake("too_late_to_cancel", board=self._board.name)
        task.cancel()
        await asyncio.wait((task,))
        await self._forget_wait()

    def _start(self, job: Job) -> asyncio.Task[Outcome]:
        if self._task is not None or self._board.activity != IDLE:
            raise mistake("already_installing", board=self._board.name)
        self._waits.clear()
        self._judged = False
        self._board.set_activity(Activity(Stage.FETCHING, job.version))
        self._task = self._board.config_entry.async_create_background_task(
            self._board.hass, self._run(job), f"{DOMAIN} install {job.version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        return self._task

    @callback
    def _finished(self, task: asyncio.Task[Outcome]) -> None:
        self._task = None
        version = self._board.activity.version
        self._board.set_activity(IDLE)
        if task.cancelled() or (err := task.exception()) is None or self._judged:
            return
        reason = err.translation_key if isinstance(err, HomeAssistantError) else UNEXPECTED
        signal = flash_signal(self._board.config_entry.entry_id)
        async_dispatcher_send(self._board.hass, signal, FAILED, {"to": version, "reason": reason})

    @callback
    def _report_late(self, task: asyncio.Task[Outcome]) -> None:
        """Log what nobody is there any more to be told."""
        if not task.cancelled() and (err := task.exception()) is not None:
            # What was not foreseen can only be mended by somebody who sees where it happened.
            unforeseen = None if isinstance(err, HomeAssistantError) else err
            LOGGER.error("The install on %s failed: %s", self._board.name, err, exc_info=unforeseen)

    async def _run(self, job: Job) -> Outcome:
        """Install, and say what went wrong in words that a person can act on."""
        board = self._board
        try:
            return await self._install(job)
        except AnotherBoard as err:
            raise problem("another_board", board=board.name, host=board.host) from err
        except BoardError as err:
            if isinstance(err, WrongPassword):
                board.config_entry.async_start_reauth(board.hass)
            raise board_problem(err, board.name) from err
        except JournalUnwritable as err:
            raise problem("journal_unwritable", board=board.name) from err

    async def _install(self, job: Job) -> Outcome:
        board = self._board
        try:
            judged = await job.judge(board)
            await self._wait_for_board(job)
        except Exception:
            # It ends here, and a restart of Home Assistant must not begin it again.
            await self._forget_wait()
            raise
        outcome = await self._flash(job, judged)
        self._judged = True
        await async_settle(board, outcome)
        if outcome.verdict is Verdict.FLASHED:
            if has_health_check(board):
                board.set_activity(Activity(Stage.WATCHING, job.version))
                if not await async_becomes_healthy(board):
                    await self._go_back(outcome.pending)
            await board.record.trust(job.version)
        return outcome

    async def _go_back(self, failed: Pending) -> NoReturn:
        """Flash what ran before; the password that counts for that is the one of the sketch that has failed."""
        board = self._board
        await board.record.distrust(failed.version)
        if (before := sketch_before(board, failed)) is None:
            async_report_unhealthy(board, UNHEALTHY, failed.version)
            raise problem("unhealthy", board=board.name, version=failed.version)
        job = job_for_archived(board, before)
        try:
            outcome = await self._flash(job, await job.judge(board))
            await async_settle(board, outcome)
        except Exception as err:
            LOGGER.error("%s could not go back to version %s: %s", board.name, job.version, err)
            async_report_unhealthy(board, NOT_ROLLED_BACK, failed.version, job.version)
            raise
        async_report_unhealthy(board, ROLLED_BACK, failed.version, job.version)
        raise problem("rolled_back", board=board.name, version=failed.version, previous=job.version)

    async def _wait_for_board(self, job: Job) -> None:
        """Return when the board is there; raise what is wrong if it is not and may not be waited for."""
        board = self._board
        awaited = board.record.awaited
        try:
            await self._recognise_anywhere()
        except BoardUnreachable, BoardSilent, AnotherBoard:
            minutes = board.config_entry.options.get(CONF_WAIT, 0)
            if awaited is None and not minutes:
                raise
        else:
            await self._forget_wait()
            return
        if awaited is None:
            awaited = board.record.awaited = Awaited(version=job.version, until=time.time() + 60 * minutes)
            await board.record.save()
        board.set_activity(Activity(Stage.WAITING, job.version))
        self._waits.set()
        with board.shared.asker.awaiting():
            while True:
                await board.shared.asker.async_wait_for(board.host, within=LISTEN_FOR)
                try:
                    await async_recognise(board)
                except BoardUnreachable, BoardSilent, AnotherBoard:
                    if time.time() > awaited.until:
                        await self._forget_wait()
                        async_report_not_installed(board, job.version)
                        raise
                else:
                    break
        await self._forget_wait()

    async def _recognise_anywhere(self) -> None:
        """Recognise the board, and if it is not where it was, look for it among all that are heard."""
        board = self._board
        try:
            await async_recognise(board)
        except BoardError:
            board.set_reachable(False)
            host = board.host
            if board.mac is not None:
                await board.shared.presence.async_census()
            if board.host == host:
                raise
            await async_recognise(board)

    async def _forget_wait(self) -> None:
        if self._board.record.awaited is not None:
            self._board.record.awaited = None
            await self._board.record.save()

    async def _flash(self, job: Job, judged: Judged) -> Outcome:
        board = self._board
        board.set_activity(Activity(Stage.QUEUED, job.version))
        async with board.shared.flashes:
            board.set_activity(Activity(Stage.CHECKING, job.version))
            if board.record.pending is not None and not await async_resolve(board):
                raise BoardSilent("It is not known yet what became of the last flash")
            try:
                await board.archive.store(judged.sketch.sha256, judged.sketch.image)
            except OSError as err:
                raise JournalUnwritable from err
            try:
                return await self._upload(job, judged)
            except Exception:
                # What the board has not got is no way back.
                await board.tidy_archive()
                raise

    async def _upload(self, job: Job, judged: Judged) -> Outcome:
        board = self._board
        sketch = judged.sketch

        @callback
        def on_progress(taken: int) -> None:
            stage = Stage.UPLOADING if taken < sketch.size else Stage.RESTARTING
            board.set_activity(Activity(stage, job.version, taken, sketch.size))

        order = Order(
            sketch=sketch,
            version=job.version,
            previous_version=board.record.installed_version,
            declared=job.password,
            signature=judged.signature,
        )
        async with board.turn:
            # The board may have changed while others were flashed.
            identity = await async_recognise(board)
            with board.shared.asker.awaiting():
                outcome = await board.flasher.flash(order, on_progress)
        if outcome.accepted is not None:
            async_learn(board, identity)
        return outcome
