"""Reading files of a folder that anybody may put things into."""

from dataclasses import dataclass
import os
from pathlib import Path
import stat

from .reasons import Reason
from .release import SourceError

# Far more than a folder of sketches holds; a look must not take longer because of a stray million of files.
_MOST_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is recognised as unchanged. Times are in nanoseconds, the size in bytes."""

    modified: int
    size: int
    inode: int


def list_folder(folder: Path) -> dict[str, Stamp]:
    """Return the visible regular files of a folder, and links to such. Blocking. Raises SourceError."""
    found: dict[str, Stamp] = {}
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False):
                if entry.name.startswith("."):
                    continue
                if (stamp := _stamp(entry)) is not None:
                    found[entry.name] = stamp
    except OSError as error:
        raise SourceError(Reason.FOLDER_UNREADABLE, folder=str(folder), error=_words(error)) from error
    return found


def read_inside(folder: Path, name: str, *, limit: int) -> tuple[bytes, Stamp]:
    """Return a file's content and the stamp it had when it was opened. Blocking.

    Follows links inside the folder only, and waits for no pipe or device. Raises SourceError.
    """
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve(strict=True)):
            raise SourceError(Reason.LINK_OUTSIDE, file=name)
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(Reason.FILE_UNREADABLE, file=name, error="It is no regular file")
            content = file.read(limit + 1)
    except FileNotFoundError as error:
        raise SourceError(Reason.FILE_GONE, file=name) from error
    except OSError as error:
        raise SourceError(Reason.FILE_UNREADABLE, file=name, error=_words(error)) from error
    if len(content) > limit:
        raise SourceError(Reason.FILE_TOO_LARGE, file=name, size=str(status.st_size), limit=str(limit))
    return content, _stamp_of(status)


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        status = entry.stat()
    except OSError:
        # It has just gone, or is a link to nowhere.
        return None
    return _stamp_of(status) if stat.S_ISREG(status.st_mode) else None


def _stamp_of(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def _words(error: OSError) -> str:
    # The text of an OSError names the file once more, with its whole path.
    return error.strerror or type(error).__name__
