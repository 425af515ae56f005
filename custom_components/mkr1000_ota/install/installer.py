"""One install on one board at a time, from its order to its applied outcome, whoever is there to see it.

The stages are those of `coordinator.Stage`; CONTRIBUTING.md draws how one follows from another.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
import time
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError, WrongPassword
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.journal import JournalUnwritable
from ..arduino_ota.flash.verdict import Outcome, Verdict
from ..const import DOMAIN, LOGGER
from ..coordinator import IDLE, BoardCoordinator, InstallState, Stage
from ..data import InstallEnd, InstallRequest
from ..errors import board_error, translated_error, validation_error
from ..issues import Kind
from ..storage.records import WaitingOrder
from .flashing import async_flash, async_resolve
from .notices import async_raise_notices, with_notice
from .outcome import async_apply_outcome
from .reconnect import async_check_password, async_note_rejected, is_password_check_due
from .rollback import async_check_health, async_roll_back
from .wait import async_wait_for_board, longest_wait

# The event of an install that ended before there was anything to see.
FAILED: Final = "failed"


def end_signal(entry_id: str) -> str:
    """Return the dispatcher signal that is sent with event type and attributes when an install on a board has ended."""
    return f"{DOMAIN}_end_{entry_id}"


class BoardInstaller:
    """Installs on one board."""

    def __init__(self, board: BoardCoordinator) -> None:
        self._board = board
        self._task: asyncio.Task[InstallEnd] | None = None
        self._waits = asyncio.Event()

    async def install(self, request: InstallRequest) -> InstallEnd | None:
        """Install a build, and return how that ended; None where the board is offline and is being waited for.

        The install goes on when the caller goes away: a browser that is closed must not leave half a flash behind.
        """
        task = self.begin(Stage.DOWNLOADING, request.version, self.carry_out(request))
        waits = asyncio.create_task(self._waits.wait())
        try:
            await asyncio.wait((task, waits), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            if not task.done():
                task.add_done_callback(self._log_end)
        if not task.done():
            return None
        if task.cancelled():
            raise translated_error("install_cancelled", board=self._board.name)
        return task.result()

    async def cancel(self) -> None:
        """Cancel an install of which the board has not seen anything. Raises ServiceValidationError."""
        if (task := self._task) is None or not self._board.state.is_cancelable:
            raise validation_error("nothing_to_cancel", board=self._board.name)
        task.cancel()
        await asyncio.wait((task,))
        await self._board.store.note(lambda record: replace(record, order=None))
        await self._board.async_tidy_images()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done with the board."""
        return self._task is not None

    @callback
    def begin(
        self, stage: Stage, version: str | None, work: Coroutine[None, None, InstallEnd]
    ) -> asyncio.Task[InstallEnd]:
        """Do something with the board in a task of its own. Raises ServiceValidationError if it is busy already."""
        board = self._board
        if self._task is not None:
            work.close()
            raise validation_error("already_installing", board=board.name)
        self._waits.clear()
        board.set_state(InstallState(stage, version))
        self._task = board.config_entry.async_create_background_task(
            board.hass, self._ended(version, work), f"{DOMAIN} {stage} {version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        return self._task

    @callback
    def order(self, request: InstallRequest) -> None:
        """Install a build although nobody waits for the end. Raises ServiceValidationError if something is being done."""
        self.in_background(Stage.DOWNLOADING, request.version, self.carry_out(request))

    @callback
    def in_background(self, stage: Stage, version: str | None, work: Coroutine[None, None, InstallEnd]) -> None:
        """Do something that nobody waits for."""
        self.begin(stage, version, work).add_done_callback(self._log_end)

    @callback
    def on_response(self, was_offline: bool) -> None:
        """Do what is due when the board has responded."""
        board, record = self._board, self._board.record
        if self._task is not None:
            return
        if record.pending is not None:
            self.in_background(Stage.RESTARTING, record.pending.version, self.resolve())
        elif record.rollback_to is not None and was_offline:
            self.in_background(Stage.CHECKING, None, async_roll_back(board))
        elif is_password_check_due(board, was_offline=was_offline):
            board.config_entry.async_create_background_task(
                board.hass, async_check_password(board), f"{DOMAIN} check {board.name}"
            )

    async def resolve(self) -> InstallEnd:
        """Find out what became of a flash that nobody saw end. Raises a BoardError while the board does not tell."""
        return await self._conclude(await async_resolve(self._board))

    async def carry_out(self, request: InstallRequest) -> InstallEnd:
        """Prepare a build, wait for the board as long as that is allowed, flash it, and apply what that has shown."""
        board = self._board
        order = await request.prepare()
        await self._store_image(order)
        now = time.time()
        until = request.until or now + longest_wait(board)
        if until > now:
            waiting = WaitingOrder(
                version=order.version,
                sha256=order.sketch.sha256,
                file=request.file,
                ordered=now,
                until=until,
                password=order.password,
                signature=order.signature,
                allow=request.allow,
            )
            await board.store.update(order=waiting)
        try:
            waited = await async_wait_for_board(board, order.version, until, self._waits.set)
            outcome = await async_flash(board, order, waited=waited or request.until is not None)
        except (BoardError, HomeAssistantError, JournalUnwritable) as err:
            # Whoever ordered an install that waited has gone.
            left_alone = request.until is not None or self._waits.is_set()
            await self._drop_order(self._translated(err) if left_alone else None, order.version)
            raise
        return await self._conclude(outcome)

    async def _conclude(self, outcome: Outcome) -> InstallEnd:
        end = await async_apply_outcome(self._board, outcome)
        return await async_check_health(self._board, end) if outcome.verdict is Verdict.FLASHED else end

    async def _store_image(self, order: Order) -> None:
        try:
            await self._board.images.store(order.sketch.sha256, order.sketch.image)
        except OSError as err:
            raise JournalUnwritable from err

    async def _drop_order(self, reason: HomeAssistantError | None, version: str) -> None:
        board = self._board
        await board.store.note(
            lambda record: (
                with_notice(replace(record, order=None), Kind.NOT_INSTALLED, reason, version)
                if reason is not None
                else replace(record, order=None)
            )
        )
        async_raise_notices(board)
        await board.async_tidy_images()

    async def _ended(self, version: str | None, work: Coroutine[None, None, InstallEnd]) -> InstallEnd:
        """Return how some work ends, whatever that is."""
        try:
            return await work
        except (BoardError, HomeAssistantError, JournalUnwritable) as err:
            if isinstance(err, WrongPassword):
                await async_note_rejected(self._board)
            error = self._translated(err)
        except Exception:  # noqa: BLE001 - whatever it is, the board gets free again, and it is told
            LOGGER.exception("The install on %s failed", self._board.name)
            error = translated_error("unexpected", board=self._board.name)
        return InstallEnd(event=FAILED, attributes={"to": version, "reason": error.translation_key}, error=error)

    def _translated(self, err: Exception) -> HomeAssistantError:
        board = self._board
        match err:
            case HomeAssistantError():
                return err
            case WrongBoard():
                return translated_error("another_board", board=board.name, host=board.host)
            case BoardError():
                return board_error(err, board.name)
            case _:
                return translated_error("journal_unwritable", board=board.name)

    @callback
    def _finished(self, task: asyncio.Task[InstallEnd]) -> None:
        self._task = None
        self._board.set_state(IDLE)
        if not task.cancelled() and (end := task.result()).event is not None:
            signal = end_signal(self._board.config_entry.entry_id)
            async_dispatcher_send(self._board.hass, signal, end.event, end.attributes)

    @callback
    def _log_end(self, task: asyncio.Task[InstallEnd]) -> None:
        """Log what nobody is there to be told."""
        if not task.cancelled() and (error := task.result().error) is not None:
            LOGGER.error("The install on %s failed: %s", self._board.name, error)
