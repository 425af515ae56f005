"""Waiting for a board that is away, for as long as the user allows."""

from collections.abc import Callable
import time
from typing import Final

from ..arduino_ota.errors import AnotherBoard, BoardError, BoardSilent, BoardUnreachable
from ..arduino_ota.flash.journal import JournalUnwritable
from ..const import CONF_WAIT
from ..coordinator import BoardCoordinator
from ..data import Activity, Stage
from ..network.recognition import async_recognise
from ..storage.records import Awaited
from .prepare import Job, Judged

# How long a question for a board that is waited for may stay without an answer before the board is asked directly.
LISTEN_FOR: Final = 15.0


async def async_wait_for_board(board: BoardCoordinator, job: Job, judged: Judged, on_wait: Callable[[], None]) -> None:
    """Return when a board is there; raise what is wrong if it is not and may not be waited for.

    `on_wait` is called when the wait begins; it is written down then, with the sketch, so that it goes on after a
    restart. What is written down ends with the journal of the flash, or with `async_forget_wait`.

    Raises JournalUnwritable.
    """
    try:
        await _recognise_anywhere(board)
    except BoardUnreachable, BoardSilent, AnotherBoard:
        minutes = board.config_entry.options.get(CONF_WAIT, 0)
        if job.waits_until is None and not minutes:
            raise
    else:
        return
    until = job.waits_until
    if until is None:
        until = time.time() + 60 * minutes
        await _remember_wait(board, job, judged, until)
    board.set_activity(Activity(Stage.WAITING, job.version))
    on_wait()
    with board.shared.asker.awaiting():
        while True:
            await board.shared.asker.async_wait_for(board.host, within=LISTEN_FOR)
            try:
                await async_recognise(board)
            except BoardUnreachable, BoardSilent, AnotherBoard:
                if time.time() > until:
                    raise
            else:
                break


async def async_forget_wait(board: BoardCoordinator) -> None:
    """Note that a board is not waited for any more, and let go of what was kept for it."""
    if board.record.awaited is not None:
        board.record.awaited = None
        await board.record.save()
        await board.tidy_archive()


async def _remember_wait(board: BoardCoordinator, job: Job, judged: Judged, until: float) -> None:
    """Keep the sketch, which may be gone from where it came from, and write down what it waits for."""
    sketch = judged.sketch
    awaited = Awaited(
        version=job.version,
        until=until,
        sha256=sketch.sha256,
        file=job.file,
        password=job.password,
        signature=judged.signature,
        without_ota=not sketch.ota,
    )
    try:
        await board.archive.store(sketch.sha256, sketch.image)
        await board.record.wait(awaited)
    except (OSError, JournalUnwritable) as err:
        await async_forget_wait(board)
        raise JournalUnwritable from err


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
