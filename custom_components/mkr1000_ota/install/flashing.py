"""Flashing a board from an order to an outcome, one of few boards at a time, and finding out what nobody saw end."""

import asyncio
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..arduino_ota.errors import BoardUnreachable
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.verdict import Outcome
from ..const import DOMAIN, LOGGER
from ..coordinator import BoardCoordinator, InstallState, Stage
from ..errors import translated_error
from ..network.mdns import async_get_querier
from ..presence.recognition import async_recognize
from .outcome import async_apply_outcome
from .reconnect import async_learn_mac

# Each flash holds an image in memory and a connection open for half a minute; a small host has other things to do.
FLASH_SLOTS: Final = 4

_SLOTS: HassKey[asyncio.Semaphore] = HassKey(f"{DOMAIN}_flash_slots")


@singleton(_SLOTS)
def flash_slots(_hass: HomeAssistant) -> asyncio.Semaphore:
    """Return what limits how many boards are flashed at once."""
    return asyncio.Semaphore(FLASH_SLOTS)


async def async_flash(board: BoardCoordinator, order: Order, *, waited: bool) -> Outcome:
    """Flash a board; one that was `waited` for only if it still runs what it ran when that was ordered.

    Raises a BoardError, a translated HomeAssistantError or JournalUnwritable; the board runs what it ran then.
    """
    slots = flash_slots(board.hass)
    if slots.locked() and board.record.rollback_to is None:
        board.set_state(InstallState(Stage.QUEUED, order.version))
    async with slots:
        board.set_state(InstallState(Stage.CHECKING, order.version))
        if board.record.pending is not None:
            await async_apply_outcome(board, await async_resolve(board))
        # The board may have changed while others were flashed.
        async with board.lock:
            await async_recognize(board)
            if waited:
                await _refuse_foreign_sketch(board)
            with async_get_querier(board.hass).frequent():
                outcome = await board.flasher.flash(order, lambda taken: _show_progress(board, order, taken))
    if outcome.accepted is not None:
        await async_learn_mac(board)
    if outcome.error is not None:
        raise outcome.error
    return outcome


async def async_resolve(board: BoardCoordinator) -> Outcome:
    """Find out what became of a flash that nobody saw end. Raises a BoardError while the board does not tell."""
    async with board.lock:
        await async_recognize(board)
        outcome = await board.flasher.resolve()
    if outcome is None:
        raise BoardUnreachable("The board has gone again")
    LOGGER.info("The flash of %s with %s ended: %s", board.name, outcome.pending.version, outcome.verdict)
    return outcome


async def _refuse_foreign_sketch(board: BoardCoordinator) -> None:
    """Raise if a board that was waited for has come back with a sketch from somewhere else."""
    accepted = await board.flasher.accepted_password(*board.record.keyring.passwords)
    if accepted is not None and accepted != board.record.keyring.current:
        await board.async_accept_password(accepted)
        raise translated_error("flashed_elsewhere", board=board.name)


def _show_progress(board: BoardCoordinator, order: Order, taken: int) -> None:
    stage = Stage.UPLOADING if taken < order.sketch.size else Stage.RESTARTING
    board.set_state(InstallState(stage, order.version, taken, order.sketch.size))
