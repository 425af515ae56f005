"""One install on one board at a time, from its order to its applied outcome, whoever is there to see it.

The stages are those of `coordinator.Stage`; CONTRIBUTING.md draws how one follows from another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
import time
from typing import Final

from homeassistant.core import CoreState, callback
from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError, BoardUnreachable, WrongPassword
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.journal import JournalUnwritable
from ..arduino_ota.flash.verdict import Outcome, Verdict
from ..const import DOMAIN, LOGGER
from ..coordinator import IDLE, BoardCoordinator, InstallState, Stage
from ..data import InstallEnd, InstallRequest
from ..errors import board_error, translated_error, validation_error
from ..issues import Kind
from ..presence.tracker import async_get_tracker
from ..storage.records import BoardRecord, WaitingOrder
from .flashing import FlashedElsewhere, async_flash_in_turn, async_resolve
from .notices import async_raise_notices, with_notice
from .outcome import async_apply_outcome, async_note_not_back, async_send_end, attributes, failed
from .prepare import request_for_order
from .reconnect import async_ask_for_password, async_check_password, is_password_check_due
from .rollback import async_check_health, async_roll_back
from .wait import async_find_board, async_wait_for_board, longest_wait

type _Work = Callable[[], Awaitable[InstallEnd]]

# Nothing that anybody has to be told.
_NOTHING: Final = InstallEnd(event=None, attributes={})
# Seconds to fetch and inspect a sketch: a network folder may hang for ever.
PREPARE_TIMEOUT: Final = 120.0
# Seconds between two attempts to flash a board that is there and goes again each time.
RETRY_INTERVAL: Final = 10.0


class BoardInstaller:
    """Installs on one board."""

    def __init__(self, board: BoardCoordinator) -> None:
        self._board = board
        self._task: asyncio.Task[InstallEnd] | None = None
        # Whoever ordered the install waits to be told how it ends, unless it waits for the board itself.
        self._is_attended = False
        self._waits = asyncio.Event()
        self._is_canceled = False

    async def install(self, request: InstallRequest) -> InstallEnd | None:
        """Install a build, and return how that ended; None where the board is offline and is being waited for.

        The install goes on when the caller goes away: a browser that is closed must not leave half a flash behind.
        """
        task = self._begin(Stage.DOWNLOADING, request.version, partial(self._carry_out, request))
        self._is_attended = True
        waits = asyncio.create_task(self._waits.wait())
        try:
            await asyncio.wait((task, waits), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            if not task.done():
                self._is_attended = False
                task.add_done_callback(self._log_end)
        if not task.done():
            return None
        if task.cancelled():
            key = "install_interrupted" if self._board.record.is_unfinished else "install_stopped"
            raise translated_error("install_canceled" if self._is_canceled else key, board=self._board.name)
        return task.result()

    @callback
    def order(self, request: InstallRequest) -> None:
        """Install a build although nobody waits for the end. Raises ServiceValidationError if something is being done."""
        self._order(Stage.DOWNLOADING, request)

    async def cancel(self) -> None:
        """Cancel an install of which the board has not seen anything. Raises ServiceValidationError."""
        if (task := self._task) is None or not self._board.state.is_cancelable:
            raise validation_error("nothing_to_cancel", board=self._board.name)
        self._is_canceled = True
        task.cancel()
        await asyncio.wait((task,))
        await self._drop_order(None, None)

    @callback
    def resume(self) -> None:
        """Go on with what the record says is due, after a start and after each end of a flash that nobody saw."""
        board, record = self._board, self._board.record
        if self._task is not None:
            return
        if (order := record.order) is not None:
            self._order(Stage.WAITING, request_for_order(board, order, order.until))
        elif record.pending is not None or board.hass.state is not CoreState.running:
            return
        elif record.rollback_to is not None:
            self._in_background(Stage.CHECKING_HEALTH, record.version, self._roll_back)
        elif (running := record.running) is not None and running.health_due:
            end = InstallEnd(event=Verdict.FLASHED.value, attributes=attributes(running, Verdict.FLASHED))
            self._in_background(Stage.CHECKING_HEALTH, running.version, partial(async_check_health, board, end))

    @callback
    def on_response(self, was_offline: bool) -> None:
        """Do what is due when the board has responded."""
        board, record = self._board, self._board.record
        if self._task is not None:
            return
        if record.pending is not None:
            self.resolve(within=0)
        elif record.rollback_to is not None and was_offline:
            self.resume()
        elif is_password_check_due(board, was_offline=was_offline):
            board.config_entry.async_create_background_task(
                board.hass, async_check_password(board), f"{DOMAIN} check {board.name}"
            )

    @callback
    def resolve(self, *, within: float) -> None:
        """Find out what became of a flash that nobody saw end, if the board tells within so many seconds."""
        pending = self._board.record.pending
        assert pending is not None
        task = self._begin(Stage.RESTARTING, pending.version, partial(self._resolve, within))
        task.add_done_callback(lambda done: done.cancelled() or self.resume())

    async def _resolve(self, within: float) -> InstallEnd:
        deadline = time.monotonic() + within
        while True:
            try:
                return await self._conclude(await async_resolve(self._board))
            except WrongBoard:
                async_get_tracker(self._board.hass).async_hint()
            except BoardError as err:
                LOGGER.debug("%s does not tell yet what became of its flash: %s", self._board.name, type(err).__name__)
            if time.monotonic() >= deadline:
                await async_note_not_back(self._board)
                return _NOTHING
            await asyncio.sleep(self._board.timeouts.probe_interval)

    async def _carry_out(self, request: InstallRequest) -> InstallEnd:
        """Prepare a build, wait for the board as long as that is allowed, flash it, and apply what that has shown."""
        try:
            order = await self._prepare(request)
            outcome = await self._flash(order, request)
        except Exception as err:  # noqa: BLE001 - whatever it is, the board gets free again, and it is told
            end = failed(request.version, self._translated(err))
            await self._drop_order(err, end)
            return end
        return await self._conclude(outcome)

    async def _prepare(self, request: InstallRequest) -> Order:
        """Return what is to be flashed; from then on no crash can lose the order."""
        board, now = self._board, time.time()
        if request.until is not None and request.until <= now:
            raise translated_error("wait_over", board=board.name)
        try:
            async with asyncio.timeout(PREPARE_TIMEOUT):
                order = await request.prepare()
        except TimeoutError:
            raise translated_error("prepare_timeout", file=request.file) from None
        if request.until is not None:
            return order
        try:
            await board.images.store(order.sketch.sha256, order.sketch.image)
        except OSError as err:
            raise JournalUnwritable from err
        waiting = WaitingOrder(
            version=order.version,
            sha256=order.sketch.sha256,
            file=request.file,
            ordered=now,
            until=now + longest_wait(board),
            password=order.password,
            signature=order.signature,
            allow=request.allow,
            board_name=board.board_name,
            board_library=board.library,
        )
        await board.store.save(lambda record: replace(record, order=waiting))
        return order

    async def _flash(self, order: Order, request: InstallRequest) -> Outcome:
        board, ordered = self._board, self._board.record.order
        assert ordered is not None
        library = None if request.until is not None else await async_find_board(board, ordered.until)
        waited = ordered if library is None else None
        while True:
            if library is None:
                board.set_state(InstallState(Stage.WAITING, order.version))
                self._is_attended = False
                self._waits.set()
                library = await async_wait_for_board(board, ordered.until)
            try:
                return await async_flash_in_turn(board, order, library, waited)
            except BoardUnreachable, WrongBoard:
                if time.time() >= ordered.until:
                    raise
            # It has gone again, and got nothing of the sketch.
            waited, library = ordered, None
            board.set_state(InstallState(Stage.WAITING, order.version))
            await asyncio.sleep(RETRY_INTERVAL)

    async def _conclude(self, outcome: Outcome) -> InstallEnd:
        return await async_check_health(self._board, await async_apply_outcome(self._board, outcome))

    async def _roll_back(self) -> InstallEnd:
        return await async_roll_back(self._board) or _NOTHING

    async def _drop_order(self, err: Exception | None, end: InstallEnd | None) -> None:
        """Forget the order, and note what its end has shown; whoever is not there is told of it by an issue."""
        board = self._board

        def drop(record: BoardRecord) -> BoardRecord:
            changed = replace(record, order=None)
            match err:
                case WrongPassword():
                    changed = changed.rejected(time.time())
                case FlashedElsewhere(password=password):
                    changed = changed.accepted(password, time.time()).flashed_elsewhere()
            if end is None or end.error is None:
                return changed
            version = end.attributes["to"]
            told = record.notices.get(Kind.NOT_INSTALLED)
            is_told = told is not None and told.placeholders.get("version") == version
            if self._is_attended and not is_told:
                return changed
            again = record.order or (told.order if told and is_told else None)
            return with_notice(changed, Kind.NOT_INSTALLED, end.error, version, again)

        await board.store.note(drop)
        await board.async_tidy_images()
        board.show_password()
        board.show_version()
        async_raise_notices(board)
        if board.record.password_rejected:
            async_ask_for_password(board)

    @callback
    def _begin(self, stage: Stage, version: str | None, work: _Work) -> asyncio.Task[InstallEnd]:
        """Do something with the board in a task of its own. Raises ServiceValidationError if it is busy already."""
        board = self._board
        if self._task is not None:
            raise validation_error("already_installing", board=board.name)
        self._waits.clear()
        self._is_attended = self._is_canceled = False
        board.set_state(InstallState(stage, version))
        self._task = board.config_entry.async_create_background_task(
            board.hass, self._ended(version, work), f"{DOMAIN} {stage} {version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        return self._task

    @callback
    def _order(self, stage: Stage, request: InstallRequest) -> None:
        self._in_background(stage, request.version, partial(self._carry_out, request))

    @callback
    def _in_background(self, stage: Stage, version: str | None, work: _Work) -> None:
        self._begin(stage, version, work).add_done_callback(self._log_end)

    async def _ended(self, version: str | None, work: _Work) -> InstallEnd:
        """Return how some work ends, whatever that is."""
        try:
            return await work()
        except Exception as err:  # noqa: BLE001 - whatever it is, the board gets free again, and it is told
            return failed(version, self._translated(err))

    def _translated(self, err: Exception) -> HomeAssistantError:
        board = self._board
        match err:
            case HomeAssistantError():
                return err
            case BoardError():
                return board_error(err, board.name, board.host)
            case JournalUnwritable():
                return translated_error("journal_unwritable", board=board.name)
            case FlashedElsewhere():
                return translated_error("flashed_elsewhere", board=board.name)
        LOGGER.error("The install on %s failed", board.name, exc_info=err)
        return translated_error("unexpected", board=board.name)

    @callback
    def _finished(self, task: asyncio.Task[InstallEnd]) -> None:
        self._task = None
        self._board.set_state(IDLE)
        if not task.cancelled():
            async_send_end(self._board, task.result())

    @callback
    def _log_end(self, task: asyncio.Task[InstallEnd]) -> None:
        """Log what nobody is there to be told."""
        if not task.cancelled() and (error := task.result().error) is not None:
            LOGGER.error("The install on %s failed: %s", self._board.name, error)
