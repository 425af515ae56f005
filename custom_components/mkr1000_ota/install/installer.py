"""One install on one board at a time, from its order to its applied outcome, whoever is there to see it.

The stages are those of `coordinator.Stage`; CONTRIBUTING.md draws how one follows from another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
import time
from typing import Final

from homeassistant.core import CALLBACK_TYPE, CoreState, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.start import async_at_started

from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError, BoardSilent, BoardUnreachable, NotABoard
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.journal import JournalUnwritable
from ..arduino_ota.flash.pending import Phase
from ..arduino_ota.flash.verdict import Outcome, Verdict
from ..const import DOMAIN, LOGGER
from ..coordinator import IDLE, BoardCoordinator, InstallState, Stage
from ..data import InstallEnd, InstallRequest
from ..errors import board_error, translated_error, validation_error
from ..presence.tracker import async_get_tracker
from ..storage.records import WaitingOrder
from .flashing import FlashedElsewhere, NoVerdict, async_flash_in_turn, async_resolve
from .health_check import async_check_health, async_roll_back_after_all
from .notices import async_raise_notices
from .orders import async_drop_order, async_place_order
from .outcome import async_apply_outcome, async_note_not_back, async_send_end, async_show_running, attributes, failed
from .prepare import async_verify_signature, request_for_order
from .reconnect import async_ask_for_password, async_check_password, is_password_check_due
from .wait import async_find_board, async_wait_for_board

type _Work = Callable[[], Awaitable[InstallEnd]]

# Nothing that anybody has to be told.
_NOTHING: Final = InstallEnd(event=None, attributes={})
# Seconds between two attempts to flash a board that is there and goes again each time.
RETRY_INTERVAL: Final = 10.0
# And between two attempts once passwords may have been sent without a response, or without a verdict on what became of a
# flash: whoever spoils the responses could have them sent again and again.
RESOLVE_INTERVAL: Final = 300.0


class BoardInstaller:
    """Installs on one board."""

    def __init__(self, board: BoardCoordinator) -> None:
        self._board = board
        self._task: asyncio.Task[InstallEnd] | None = None
        # Pending as long as whoever ordered the install waits to be told how it ends.
        self._caller: asyncio.Future[None] | None = None
        self._is_canceled = False
        self._is_unloaded = False
        # The SHA-256 of a sketch that is to be gone back from, and has had all of its time once more.
        self._judged_again: str | None = None
        # By the monotonic clock.
        self._resolve_after = float("-inf")

    async def install(self, request: InstallRequest) -> InstallEnd | None:
        """Install a build, and return how that ended; None where the board is offline and is being waited for.

        The install goes on when the caller goes away: a browser that is closed must not leave half a flash behind.
        """
        task = self._begin(Stage.DOWNLOADING, request.version, partial(self._carry_out, request))
        caller = self._caller = self._board.hass.loop.create_future()
        try:
            await asyncio.wait((task, caller), return_when=asyncio.FIRST_COMPLETED)
        finally:
            caller.cancel()
        if not task.done():
            return None
        if task.cancelled():
            raise translated_error(self._why_stopped, board=self._board.name)
        return task.result()

    @property
    def _why_stopped(self) -> str:
        record = self._board.record
        if self._is_canceled:
            return "install_canceled"
        if record.pending is not None and record.pending.phase is Phase.UPLOADING and record.rollback_to is None:
            return "install_broken_off"
        return "install_interrupted" if record.is_unfinished else "install_stopped"

    @callback
    def order(self, request: InstallRequest) -> None:
        self._begin(Stage.DOWNLOADING, request.version, partial(self._carry_out, request))

    async def cancel(self) -> None:
        board = self._board
        # Whoever sets the entry up anew meanwhile would begin what is on the disk.
        async with board.config_entry.setup_lock:
            if (task := self._task) is None or not board.state.is_cancelable:
                raise validation_error("nothing_to_cancel", board=board.name)
            self._is_canceled = True
            task.cancel()
            await asyncio.wait((task,))
            await async_drop_order(board, None, None)

    @callback
    def recover(self) -> CALLBACK_TYPE:
        """Go on after a start with what is on the disk, and tell again what a person has to know; returns what ends that."""
        board = self._board
        async_raise_notices(board)
        async_show_running(board)
        if board.record.password_rejected:
            async_ask_for_password(board)
        if board.record.pending is not None:
            self._resolve_pending(board.timeouts.return_timeout)
        else:
            self.resume()
        stop_waiting = async_at_started(board.hass, callback(lambda _: self.resume()))

        @callback
        def unload() -> None:
            stop_waiting()
            self._is_unloaded = True

        return unload

    @callback
    def resume(self) -> None:
        """Go on with what the record says is due, after a start and after each end of a flash that nobody saw."""
        board, record = self._board, self._board.record
        if self._task is not None or self._is_unloaded:
            return
        if (order := record.order_to_begin) is not None:
            request = request_for_order(board, order, order.until)
            self._begin(Stage.WAITING, order.version, partial(self._carry_out, request))
        elif record.pending is not None or board.hass.state is not CoreState.running:
            return
        elif record.rollback_to is not None:
            self._begin(Stage.CHECKING_HEALTH, record.version, self._roll_back)
        elif (running := record.running) is not None and running.health_due:
            end = InstallEnd(event=Verdict.FLASHED.value, attributes=attributes(running, Verdict.FLASHED))
            self._begin(Stage.CHECKING_HEALTH, running.version, partial(async_check_health, board, end))

    @callback
    def on_response(self, was_offline: bool) -> None:
        board, record = self._board, self._board.record
        if self._task is not None:
            return
        # What is said of a sketch that does not run anymore goes with it.
        async_raise_notices(board)
        if record.pending is not None:
            if was_offline or time.monotonic() >= self._resolve_after:
                self._resolve_pending(0)
        elif record.health_is_due or (record.rollback_to is not None and was_offline):
            self.resume()
        elif is_password_check_due(board, was_offline=was_offline):
            board.config_entry.async_create_background_task(
                board.hass, async_check_password(board), f"{DOMAIN} check {board.name}"
            )

    def _resolve_pending(self, within: float) -> None:
        """Find out what became of a flash that nobody saw end, if the board tells within so many seconds."""
        assert (pending := self._board.record.pending)  # noqa: RUF018
        task = self._begin(Stage.RESTARTING, pending.version, partial(self._resolve, time.monotonic() + within))
        task.add_done_callback(lambda done: done.cancelled() or self.resume())

    async def _resolve(self, deadline: float) -> InstallEnd:
        board, tries = self._board, 0
        while True:
            try:
                outcome = await async_resolve(board)
                return await self._conclude(outcome) if outcome else _NOTHING
            except WrongBoard:
                async_get_tracker(board.hass).moves.async_search()
            except NoVerdict, NotABoard:
                self._resolve_after = time.monotonic() + RESOLVE_INTERVAL
                tries += 1
            except BoardError as err:
                LOGGER.debug("%s does not tell yet what became of its flash: %s", board.name, type(err).__name__)
            if time.monotonic() >= deadline:
                await async_note_not_back(board)
                return _NOTHING
            await asyncio.sleep(board.timeouts.probe_interval * min(2**tries, 32))

    async def _carry_out(self, request: InstallRequest) -> InstallEnd:
        """Prepare a build, wait for the board as long as that is allowed, flash it, and apply what that has shown."""
        board = self._board
        try:
            outcome = await self._flash(request, *await async_place_order(board, request))
        except Exception as err:  # noqa: BLE001 - whatever it is, the board gets free again, and it is told
            end = failed(request.version, self._translated(err))
            await async_drop_order(board, err, None if self._is_attended else end)
            return end
        return await self._conclude(outcome)

    async def _flash(self, request: InstallRequest, order: Order, ordered: WaitingOrder) -> Outcome:
        """Flash the board when it is there. Raises what ends that before it got anything of the sketch."""
        board = self._board
        library = None if request.until is not None else await async_find_board(board, ordered.until)
        waited = ordered if library is None else None
        pause = RETRY_INTERVAL
        while True:
            if library is None:
                board.set_state(InstallState(Stage.WAITING, order.version))
                if self._caller is not None and self._is_attended:
                    self._caller.set_result(None)
                library = await async_wait_for_board(board, ordered.until)
            # A key may be trusted only since it waits.
            await async_verify_signature(board, request, order.sketch, order.signature)
            try:
                return await async_flash_in_turn(board, order, library, waited)
            except (BoardUnreachable, BoardSilent, WrongBoard) as err:
                # A board that was waited for may fall asleep before it responds. Whoever orders is told of one that is stuck.
                if (waited is None and isinstance(err, BoardSilent)) or time.time() >= ordered.until:
                    raise
                is_spoiled = isinstance(err, BoardSilent | NoVerdict)
            # It has gone again; and may run another sketch than when that was ordered, which was being flashed then.
            waited, library = board.record.order or ordered, None
            board.set_state(InstallState(Stage.WAITING, order.version))
            await asyncio.sleep(pause)
            if is_spoiled:
                pause = min(2 * pause, RESOLVE_INTERVAL)

    @property
    def _is_attended(self) -> bool:
        return self._caller is not None and not self._caller.done()

    async def _conclude(self, outcome: Outcome) -> InstallEnd:
        return await async_check_health(self._board, await async_apply_outcome(self._board, outcome))

    async def _roll_back(self) -> InstallEnd:
        board, sha256 = self._board, self._board.record.sha256
        at_once = self._judged_again == sha256
        if board.data:
            self._judged_again = sha256
        end = await async_roll_back_after_all(board, at_once=at_once) or _NOTHING
        # Whoever has tried that from the repair sees it again if it has failed.
        async_raise_notices(board)
        return end

    @callback
    def _begin(self, stage: Stage, version: str | None, work: _Work) -> asyncio.Task[InstallEnd]:
        """Do something with the board in a task of its own. Raises ServiceValidationError if it is busy already."""
        board = self._board
        if self._is_unloaded:
            # Whoever has ordered it had to wait for its source; another installer may have the board by now.
            raise translated_error("install_stopped", board=board.name)
        if self._task is not None:
            raise validation_error("already_installing", board=board.name)
        self._caller, self._is_canceled = None, False
        board.set_state(InstallState(stage, version))
        self._task = board.config_entry.async_create_background_task(
            board.hass, self._ended(version, work), f"{DOMAIN} {stage} {version}", eager_start=False
        )
        self._task.add_done_callback(self._finished)
        return self._task

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
        if task.cancelled():
            return
        end = task.result()
        async_send_end(self._board, end)
        if end.error is not None and not self._is_attended:
            LOGGER.error("The install on %s failed: %s", self._board.name, end.error)
