"""Files that hold secrets: whole or not there at all, and read by nobody else."""

import asyncio
from collections.abc import Coroutine
import os
from pathlib import Path
import shutil

from ..const import LOGGER

# What a file is called until it is whole.
_UNFINISHED = ".part"


def write_private(path: Path, content: bytes) -> None:
    """Put a file into a folder that is there; it is on the disk then, or what was there before is. Raises OSError."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode=0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        remove(unfinished)
        raise


def remove(*paths: Path) -> None:
    """Remove whatever is there, and what was to be there and was never finished; say so in the log if that fails."""
    for each in (*paths, *(path.with_name(path.name + _UNFINISHED) for path in paths)):
        try:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink(missing_ok=True)
        except OSError as err:
            LOGGER.warning("%s cannot be removed: %s", each, err.strerror)


async def finished[T](work: Coroutine[None, None, T]) -> T:
    """Return what some work returns; whoever is cancelled meanwhile waits for its end.

    A thread cannot be cancelled: what it writes late would take the place of what is written next.
    """
    task, cancelled = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as err:
            cancelled = err
    if cancelled is not None:
        task.exception()
        raise cancelled
    return task.result()
