"""Whoever has the .bin of the running sketch has its password: the image says which it is, and what the board runs."""

from contextlib import suppress
import time

from ..arduino_ota.sketch import Sketch
from ..coordinator import BoardCoordinator
from ..storage.records import PastFlash
from .outcome import async_show_record
from .prepare import label_for


async def async_adopt_sketch(board: BoardCoordinator, sketch: Sketch, password: str) -> None:
    """Note that a board runs a sketch, as a person says: it has accepted a password that stands in its image."""
    flash = PastFlash(
        version=label_for(board, sketch),
        sha256=sketch.sha256,
        size=sketch.size,
        started=time.time(),
        password=password,
        name=sketch.name,
        library=sketch.library,
        warnings={warning.code: warning.placeholders for warning in sketch.warnings},
    )
    await board.store.note(lambda record: record.adopted(flash, time.time()))
    with suppress(OSError):
        await board.images.store(sketch.sha256, sketch.image)
    await async_show_record(board)
