"""Waiting for a board that is offline, for as long as the options allow."""

import asyncio
from collections.abc import Callable
import time
from typing import Final

from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardSilent, BoardUnreachable
from ..const import CONF_WAIT, DEFAULT_WAIT
from ..coordinator import BoardCoordinator, InstallState, Stage
from ..network.mdns import async_get_querier
from ..presence.recognition import async_recognize
from ..presence.tracker import async_get_tracker

# Seconds between two attempts to reach a board that is waited for: one that sleeps is awake for seconds only.
PROBE_INTERVAL: Final = 1.0


def longest_wait(board: BoardCoordinator) -> float:
    """Return for how many seconds an install may wait for a board."""
    return 60.0 * float(board.config_entry.options.get(CONF_WAIT, DEFAULT_WAIT))


async def async_wait_for_board(
    board: BoardCoordinator, version: str, until: float, on_wait: Callable[[], None]
) -> bool:
    """Return when a board is there, and whether it had to be waited for until then; `on_wait` is called when that begins.

    `until` is in seconds since the epoch. Raises a BoardError if the board was not there in time.
    """
    try:
        await _recognize(board)
    except BoardUnreachable, BoardSilent, WrongBoard:
        board.set_online(False)
        if time.time() >= until:
            raise
    else:
        return False
    board.set_state(InstallState(Stage.WAITING, version))
    on_wait()
    # It may be at another address by now, and then it is moved there.
    async_get_tracker(board.hass).moves.async_search()
    with async_get_querier(board.hass).frequent():
        while True:
            await asyncio.sleep(PROBE_INTERVAL)
            try:
                await _recognize(board)
            except BoardUnreachable, BoardSilent, WrongBoard:
                if time.time() >= until:
                    raise
            else:
                return True


async def _recognize(board: BoardCoordinator) -> None:
    async with board.lock:
        await async_recognize(board)
