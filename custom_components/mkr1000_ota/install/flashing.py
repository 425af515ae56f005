"""Flashing a board from an order to an outcome, one of few boards at a time, and finding out what nobody saw end."""

import asyncio
from dataclasses import replace
import time
from typing import Final

from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton

from ..arduino_ota.errors import BoardUnreachable, WrongPassword
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.verdict import Outcome, Running, Verdict
from ..arduino_ota.libraries import Library
from ..const import DOMAIN, LOGGER
from ..coordinator import BoardCoordinator, InstallState, Stage
from ..network.identity import async_peer
from ..network.mdns import async_get_querier
from ..presence.asking import async_recognize
from ..storage.records import WaitingOrder
from .outcome import async_apply_outcome, async_send_end
from .prepare import async_running_sketch
from .reconnect import async_learn_mac

# Each flash holds an image in memory and a connection open for half a minute; a small host has other things to do.
FLASH_SLOTS: Final = 4


class NoVerdict(BoardUnreachable):
    """A board was asked for its password, perhaps, and did not tell what became of its flash."""


class FlashedElsewhere(Exception):
    """A board runs a sketch from somewhere else, which accepts a known password."""


@singleton(f"{DOMAIN}_flash_slots")
def flash_slots(_hass: HomeAssistant) -> asyncio.Semaphore:
    """Return what limits how many boards are flashed at once."""
    return asyncio.Semaphore(FLASH_SLOTS)


async def async_flash_in_turn(
    board: BoardCoordinator, order: Order, library: Library, waited: WaitingOrder | None
) -> Outcome:
    """Flash a board that has just responded with a library, as soon as that is possible.

    If it was `waited` for, it must run what it ran when that was ordered. Raises FlashedElsewhere, and what
    `async_flash` raises.
    """
    slots = flash_slots(board.hass)
    if must_queue := slots.locked():
        board.set_state(InstallState(Stage.QUEUED, order.version))
    async with slots:
        board.set_state(InstallState(Stage.CHECKING, order.version))
        if must_queue:
            # It may have changed while others were flashed.
            async with board.lock:
                library = await async_recognize(board)
        if (outcome := await async_resolve(board)) is not None:
            if outcome.verdict is Verdict.FLASHED and outcome.pending.sha256 == order.sketch.sha256:
                return outcome
            async_send_end(board, await async_apply_outcome(board, outcome))
            is_foreign = outcome.verdict is Verdict.NOT_APPLIED and outcome.running is Running.UNKNOWN
            if waited is not None and is_foreign and outcome.accepted is not None:
                raise FlashedElsewhere
        elif waited is not None:
            await async_refuse_other_sketch(board, library, waited.board_library, waited.board_name)
        return await async_flash(board, order)


async def async_flash(board: BoardCoordinator, order: Order) -> Outcome:
    """Flash a board. Raises a BoardError or JournalUnwritable if it got nothing of the sketch."""
    async with board.lock:
        order = replace(order, previous_version=board.record.version, running=await async_running_sketch(board))
        with async_get_querier(board.hass).frequent():
            outcome = await board.flasher.flash(order, lambda taken: _show_progress(board, order, taken))
    if outcome.accepted is not None:
        await async_learn_mac(board)
    return outcome


async def async_resolve(board: BoardCoordinator) -> Outcome | None:
    """Find out what became of a flash that nobody saw end; None if that has been found out already.

    Raises a BoardError while the board does not tell.
    """
    async with board.lock:
        if board.record.pending is None:
            return None
        await async_recognize(board)
        outcome = await board.flasher.resolve()
    if outcome is None:
        raise NoVerdict("The board has gone again")
    LOGGER.info("The flash of %s with %s ended: %s", board.name, outcome.pending.version, outcome.verdict)
    return outcome


async def async_refuse_other_sketch(
    board: BoardCoordinator, library: Library, expected_library: Library | None, expected_name: str | None
) -> None:
    """Ask a board that has just responded with a library whether it still runs what it ran, as far as that is known.

    Raises FlashedElsewhere, or WrongPassword if it accepts none that is known; the record says so by then.
    """
    async with board.lock:
        name = (await async_peer(board.hass, board.host)).name
        accepted = await board.flasher.accepted_password(*board.record.keyring.passwords)
    now = time.time()
    if accepted is None:
        await board.store.note(lambda record: record.rejected(now))
        raise WrongPassword
    is_renamed = None not in (name, expected_name) and name != expected_name
    if accepted == board.record.keyring.current and expected_library in (None, library) and not is_renamed:
        return
    await board.store.note(lambda record: record.accepted(accepted, now).flashed_elsewhere())
    if name is not None:
        board.update_entry(**{CONF_NAME: name})
    raise FlashedElsewhere


def _show_progress(board: BoardCoordinator, order: Order, taken: int) -> None:
    stage = Stage.UPLOADING if taken < order.sketch.size else Stage.RESTARTING
    if not taken:
        # It was cut short, and the board has to respond before it is repeated.
        stage = Stage.CHECKING
    board.set_state(InstallState(stage, order.version, taken, order.sketch.size))
