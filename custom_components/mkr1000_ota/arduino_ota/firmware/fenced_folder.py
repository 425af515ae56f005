"""Files in a folder that others may put things into: read and written there, and never outside of it.

A folder is opened once and its files are reached through that, so that nothing which is swapped meanwhile leads
elsewhere. Links are never followed, not even inside the folder: what they lead to can be changed by others, too, and
a file that stands in the folder itself is offered without them. All of this blocks.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import errno
import os
from pathlib import Path
import stat
from typing import Final, Self

from .. import limits
from ..text import words_of
from .reasons import Reason
from .release import SourceError

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe or a device in the place of a file must not be waited for.
_FILE: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what something in a folder is recognised as unchanged. Times are in nanoseconds, the size in bytes."""

    modified: int
    # Of what the system knows of the file: a new content may come with an old date.
    changed: int
    size: int
    inode: int
    kind: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, stat.S_IFMT(status.st_mode))

    @property
    def is_folder(self) -> bool:
        return self.kind == stat.S_IFDIR


class Directory:
    """An open folder. Names are those of files right in it. All methods raise SourceError."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    def scan(self) -> dict[str, Stamp]:
        """Return what can be seen in the folder, one more than the limit if there is more than that."""
        found: dict[str, Stamp] = {}
        with _explained(Reason.FOLDER_UNREADABLE, folder=str(self._path)), os.scandir(self._descriptor) as entries:
            for entry in entries:
                if len(found) > limits.FOLDER_ENTRIES:
                    break
                if not entry.name.startswith("."):
                    with suppress(FileNotFoundError):
                        found[entry.name] = Stamp.of(entry.stat(follow_symlinks=False))
        return found

    def read(self, name: str, *, limit: int) -> tuple[bytes, Stamp]:
        """Return a file's content, of at most `limit` bytes, and the stamp it had when it was opened."""
        if "/" in name or "\0" in name or name in ("", ".", ".."):
            raise SourceError(Reason.FILE_GONE, file=name)

        def opener(*_: object) -> int:
            return os.open(name, _FILE, dir_fd=self._descriptor)

        # Of a folder with the name of a file, os.fdopen() would leave the descriptor open.
        with _explained(Reason.FILE_UNREADABLE, file=name), open(name, "rb", opener=opener) as file:
            stamp = Stamp.of(os.fstat(file.fileno()))
            if stamp.kind != stat.S_IFREG:
                raise SourceError(Reason.FILE_UNREADABLE, file=name, error="it is not a regular file")
            content = file.read(limit + 1)
        if len(content) > limit:
            raise SourceError(Reason.FILE_TOO_LARGE, file=name, size=str(stamp.size), limit=str(limit))
        return content, stamp

    def write(self, name: str, content: bytes) -> None:
        """Replace a file at once, or leave it as it is; nobody else may read it."""
        with _explained(Reason.FOLDER_UNWRITABLE, folder=str(self._path)):
            replace_file(self._descriptor, name, content)

    def keep(self, names: Collection[str]) -> None:
        """Remove every file but some, and what a crash has left half written."""
        with _explained(Reason.FOLDER_UNWRITABLE, folder=str(self._path)):
            with os.scandir(self._descriptor) as entries:
                superfluous = [entry.name for entry in entries if entry.name not in names]
            for name in superfluous:
                os.unlink(name, dir_fd=self._descriptor)


def replace_file(folder: int, name: str, content: bytes) -> None:
    """Put a file that nobody else may read into an open folder; it is on the disk then, or what was there before is.

    Raises OSError.
    """
    unfinished = unfinished_name(name)
    with suppress(FileNotFoundError):
        os.unlink(unfinished, dir_fd=folder)
    descriptor = os.open(unfinished, _NEW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(unfinished, dir_fd=folder)
        raise
    # Until then a loss of power brings back what was there before. Not every file system can do it for a folder.
    with suppress(OSError):
        os.fsync(folder)


def unfinished_name(name: str) -> str:
    """Return what a file is called until it is whole; a crash leaves it behind."""
    return f".{name}.part"


@contextmanager
def opened(path: Path, base: Path | None = None) -> Iterator[Directory]:
    """Open a folder. `base` is trusted; none of the folders from there on may be a link. Raises SourceError."""
    steps = path.relative_to(base).parts if base else ()
    if ".." in steps:
        raise ValueError(f"{path} leads out of {base}")
    with _explained(Reason.FOLDER_UNREADABLE, folder=str(path)):
        descriptor = os.open(base or path, _FOLDER)
        for step in steps:
            above = descriptor
            try:
                descriptor = os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
            finally:
                os.close(above)
    try:
        yield Directory(descriptor, path)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder that nobody else may look into. Raises SourceError."""
    with _explained(Reason.FOLDER_UNWRITABLE, folder=str(path)):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _explained(reason: Reason, **placeholders: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        match reason, error.errno:
            case Reason.FILE_UNREADABLE, errno.ENOENT:
                reason = Reason.FILE_GONE
            case Reason.FILE_UNREADABLE, errno.ELOOP:
                reason = Reason.LINK
        # Where a link stands in the place of a folder, the system says that it is none.
        words = "it is a link, or not a folder" if error.errno == errno.ENOTDIR else words_of(error)
        raise SourceError(reason, **placeholders, error=words) from error
