"""Files that hold secrets: whole or not there at all, and read by nobody else."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
import os
from pathlib import Path
import shutil

from ..arduino_ota.firmware.fenced_folder import replace_file, unfinished_name
from ..const import LOGGER


def write_private(path: Path, content: bytes) -> None:
    """Put a file into a folder that is there; it is on the disk then, or what was there before is. Raises OSError."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        replace_file(folder, path.name, content)
    finally:
        os.close(folder)


def remove(*paths: Path) -> None:
    """Remove whatever is there, and what was to be there and was never finished; say so in the log if that fails."""
    for each in (*paths, *(path.with_name(unfinished_name(path.name)) for path in paths)):
        try:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink(missing_ok=True)
        except OSError as err:
            LOGGER.warning("%s cannot be removed: %s", each, err.strerror)


def to_the_end[**P](work: Callable[P, Coroutine[None, None, None]]) -> Callable[P, Coroutine[None, None, None]]:
    """Have whoever is cancelled in the middle of some work wait for its end.

    A thread cannot be cancelled: what it writes late would take the place of what is written next.
    """

    @wraps(work)
    async def done(*args: P.args, **kwargs: P.kwargs) -> None:
        task, cancelled = asyncio.ensure_future(work(*args, **kwargs)), None
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as err:
                cancelled = err
        if cancelled is not None:
            task.exception()
            raise cancelled
        task.result()

    return done
