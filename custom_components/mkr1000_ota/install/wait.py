"""Finding a board that an update was ordered for, and waiting for one that is offline, as long as the options allow."""

import asyncio
import time
from typing import Final

from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError, BoardUnreachable
from ..arduino_ota.libraries import Library
from ..coordinator import BoardCoordinator
from ..errors import translated_error
from ..network.mdns import async_get_querier
from ..presence.asking import async_recognize
from ..presence.tracker import async_get_tracker

# Seconds between two attempts to reach a board that is waited for: one that sleeps is awake for seconds only, and an
# update begins within two seconds of its return.
PROBE_INTERVAL: Final = 0.25
# And where another board has its address: each request stops the sketch of that one for a moment.
WRONG_BOARD_INTERVAL: Final = 30.0
# A board that was offline just now gets so many seconds to show that it is not, before whoever waits is told.
OFFLINE_TIMEOUT: Final = 2.0


async def async_find_board(board: BoardCoordinator, until: float) -> Library | None:
    """Return the library with which a board responds, or None if it is offline and may be waited for.

    `until` is in seconds since the epoch. Raises a BoardError if waiting is not allowed, or cannot help.
    """
    may_wait, was_offline = time.time() < until, board.data is False
    try:
        async with asyncio.timeout(OFFLINE_TIMEOUT if may_wait and was_offline else None):
            return await _recognized(board)
    except (BoardError, TimeoutError) as err:
        is_offline = was_offline or isinstance(err, BoardUnreachable | WrongBoard)
        if is_offline:
            board.set_online(False)
        if not (may_wait and is_offline):
            raise
        return None


async def async_wait_for_board(board: BoardCoordinator, until: float) -> Library:
    """Return the library with which a board responds as soon as it does. Raises a HomeAssistantError if it is too late."""
    # It may be at another address by now, and then it is moved there.
    async_get_tracker(board.hass).moves.async_search()
    # Even if the clock is set meanwhile, as it is after a power cut.
    deadline = time.monotonic() + until - time.time()
    with async_get_querier(board.hass).frequent():
        while time.monotonic() < deadline:
            host = board.host
            try:
                library = await _recognized(board)
            except WrongBoard:
                board.set_online(False)
                ask_again_at = min(deadline, time.monotonic() + WRONG_BOARD_INTERVAL)
                # The tracker may find the board there, or elsewhere.
                while not board.data and board.host == host and time.monotonic() < ask_again_at:
                    await asyncio.sleep(PROBE_INTERVAL)
            except BoardError:
                await asyncio.sleep(PROBE_INTERVAL)
            else:
                async_get_tracker(board.hass).note_response(board)
                return library
    raise translated_error("wait_over", board=board.name)


async def _recognized(board: BoardCoordinator) -> Library:
    async with board.lock:
        return await async_recognize(board)
