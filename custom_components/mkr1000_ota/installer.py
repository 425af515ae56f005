"""Installing a sketch on one board, from its source to the stored password."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.start import async_at_started

from .activity import IDLE, Activity, Stage
from .arduino_ota.errors import BoardError, BoardSilent, WrongPassword
from .arduino_ota.flash.flasher import Order
from .arduino_ota.flash.journal import JournalUnwritable
from .arduino_ota.flash.verdict import Outcome, Verdict
from .const import CONF_STORAGE, DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .health import async_becomes_healthy, has_health_check
from .homecoming import async_resolve
from .job import Job, Judged, async_running_sketch, job_for_archived, sketch_before
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
from .waiting import async_forget_wait, async_wait_for_board

# The reason of a failure that was not foreseen.
UNEXPECTED = "unexpected"


class Installer:
    """Installs on one board, one sketch at a time."""

    def __init__(self, board: BoardCoordinator) -> None:
        """Install on a board."""
        self._board = board
        self._task: asyncio.Task[Outcome | None] | None = None
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
        """Give up an install that waits for its board or its turn."""
        if (task := self._task) is None or not self._board.activity.can_be_cancelled:
            raise mistake("nothing_to_cancel", board=self._board.name)
        task.cancel()
        await asyncio.wait((task,))
        await async_forget_wait(self._board)

    def _start(self, job: Job) -> asyncio.Task[Outcome | None]:
        if self._task is not None or self._board.activity != IDLE:
            raise mistake("already_installing", board=self._board.name)
        self._waits.clear()
        self._judged = False
        self._board.set_activity(Activity(Stage.FETCHING, job.version))
        self._task = self._board.config_entry.async_create_background_task(
            self._board.hass, self._run(self._install, job), f"{DOMAIN} install {job.version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        return self._task

    @callback
    def async_keep_proving(self) -> CALLBACK_TYPE:
        """Prove also sketches whose flash nobody saw end, or whose proof was broken off; returns what ends that."""
        board = self._board
        signal = flash_signal(board.config_entry.entry_id)
        ends = [async_dispatcher_connect(board.hass, signal, self._flash_ended)]
        if board.record.pending is None:
            # Before Home Assistant has started, an entity may be unavailable without any fault of the sketch.
            ends.append(async_at_started(board.hass, self._prove))

        @callback
        def end() -> None:
            for each in ends:
                each()

        return end

    @callback
    def _flash_ended(self, event_type: str, _: object) -> None:
        # A way back that was broken off is to be gone again.
        if event_type in (Verdict.FLASHED, Verdict.NOT_APPLIED):
            self._prove()

    @callback
    def _prove(self, _: object = None) -> None:
        board = self._board
        if self._task is not None or not board.record.unproven or board.record.awaited is not None:
            return
        version = board.record.history[0].version
        self._judged = True
        self._task = board.config_entry.async_create_background_task(
            board.hass, self._run(self._watch, version), f"{DOMAIN} watch {version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        self._task.add_done_callback(self._report_late)

    @callback
    def _finished(self, task: asyncio.Task[Outcome | None]) -> None:
        self._task = None
        version = self._board.activity.version
        self._board.set_activity(IDLE)
        if task.cancelled() or (err := task.exception()) is None or self._judged:
            return
        reason = err.translation_key if isinstance(err, HomeAssistantError) else UNEXPECTED
        signal = flash_signal(self._board.config_entry.entry_id)
        async_dispatcher_send(self._board.hass, signal, FAILED, {"to": version, "reason": reason})

    @callback
    def _report_late(self, task: asyncio.Task[Outcome | None]) -> None:
        """Log what nobody is there any more to be told."""
        if not task.cancelled() and (err := task.exception()) is not None:
            # What was not foreseen can only be mended by somebody who sees where it happened.
            unforeseen = None if isinstance(err, HomeAssistantError) else err
            LOGGER.error("The install on %s failed: %s", self._board.name, err, exc_info=unforeseen)

    async def _run[T](self, work: Callable[[T], Awaitable[Outcome | None]], subject: T) -> Outcome | None:
        """Do something, and say what went wrong in words that a person can act on."""
        board = self._board
        try:
            return await work(subject)
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
            await async_wait_for_board(board, job, judged, self._waits.set)
            if board.shared.flashes.locked():
                # A way back has to wait as well, but is nothing that a person has ordered and may cancel.
                board.set_activity(Activity(Stage.QUEUED, job.version))
            outcome = await self._flash(job, judged)
        except Exception:
            awaited = board.record.awaited
            if awaited is not None or job.waits_until is not None or self._waits.is_set():
                # Whoever ordered it has gone, and a restart of Home Assistant must not begin it again.
                async_report_not_installed(board, awaited.version if awaited else job.version)
                await async_forget_wait(board)
            raise
        self._judged = True
        await async_settle(board, outcome)
        if outcome.verdict is Verdict.FLASHED:
            await self._watch(job.version)
        return outcome

    async def _watch(self, version: str) -> None:
        """Hold the sketch that was flashed against the health check, and go back to the one before if it fails."""
        board = self._board
        if has_health_check(board):
            board.set_activity(Activity(Stage.WATCHING, version))
            if not await async_becomes_healthy(board):
                await self._go_back(version)
        await board.record.trust(version)

    async def _go_back(self, failed: str) -> NoReturn:
        """Flash what ran before; the password that counts for that is the one of the sketch that has failed."""
        board = self._board
        before = sketch_before(board)
        await board.record.distrust(failed, stays=before is None)
        if before is None:
            async_report_unhealthy(board, UNHEALTHY, failed)
            raise problem("unhealthy", board=board.name, version=failed)
        job = job_for_archived(board, before)
        try:
            outcome = await self._flash(job, await job.judge(board))
            await async_settle(board, outcome)
        except Exception as err:
            LOGGER.error("%s could not go back to version %s: %s", board.name, job.version, err)
            async_report_unhealthy(board, NOT_ROLLED_BACK, failed, job.version)
            raise
        await board.record.trust(job.version)
        async_report_unhealthy(board, ROLLED_BACK, failed, job.version)
        raise problem("rolled_back", board=board.name, version=failed, previous=job.version)

    async def _flash(self, job: Job, judged: Judged) -> Outcome:
        board = self._board
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
            password=job.password,
            signature=judged.signature,
            running=await async_running_sketch(board),
            storage=board.config_entry.options[CONF_STORAGE],
        )
        async with board.turn:
            # The board may have changed while others were flashed.
            identity = await async_recognise(board)
            with board.shared.asker.awaiting():
                outcome = await board.flasher.flash(order, on_progress)
        if outcome.accepted is not None:
            async_learn(board, identity)
        if outcome.error is not None:
            raise outcome.error
        return outcome
