"""Waiting for a board that is away, for as long as the user allows."""

from collections.abc import Callable
import time
from typing import Final

from .activity import Activity, Stage
from .board.errors import AnotherBoard, BoardError, BoardSilent, BoardUnreachable
from .const import CONF_WAIT
from .coordinator import BoardCoordinator
from .outcome import async_report_not_installed
from .recognition import async_recognise
from .store import Awaited

# How long a question for a board that is waited for may stay without an answer before the board is asked directly.
LISTEN_FOR: Final = 15.0


async def async_wait_for_board(board: BoardCoordinator, version: str, on_wait: Callable[[], None]) -> None:
    """Return when a board is there; raise what is wrong if it is not and may not be waited for.

    `on_wait` is called when the wait begins; it is written down then, so that it goes on after a restart.
    """
    awaited = board.record.awaited
    try:
        await _recognise_anywhere(board)
    except BoardUnreachable, BoardSilent, AnotherBoard:
        minutes = board.config_entry.options.get(CONF_WAIT, 0)
        if awaited is None and not minutes:
            raise
    else:
        await async_forget_wait(board)
        return
    if awaited is None:
        awaited = board.record.awaited = Awaited(version=version, until=time.time() + 60 * minutes)
        await board.record.save()
    board.set_activity(Activity(Stage.WAITING, version))
    on_wait()
    with board.shared.asker.awaiting():
        while True:
            await board.shared.asker.async_wait_for(board.host, within=LISTEN_FOR)
            try:
                await async_recognise(board)
            except BoardUnreachable, BoardSilent, AnotherBoard:
                if time.time() > awaited.until:
                    async_report_not_installed(board, version)
                    raise
            else:
                break
    await async_forget_wait(board)


async def async_forget_wait(board: BoardCoordinator) -> None:
    """Note that a board is not waited for any more."""
    if board.record.awaited is not None:
        board.record.awaited = None
        await board.record.save()


async def _recognise_anywhere(board: BoardCoordinator) -> None:
    """Recognise a board, and if it is not where it was, look for it among all that are heard."""
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
