"""Sketches in a folder: whatever is dropped there is offered a moment later."""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
import hashlib
from itertools import islice
import os
from pathlib import Path
import time
from typing import Any, Final

from .. import limits
from ..errors import SketchRefused
from ..text import fit_to_store
from .description import WITH_BOOTLOADER, declared, inspected, read_description, without_bootloader
from .fenced_folder import Directory, Stamp, opened
from .reasons import Reason
from .release import Catalog, Finding, Release, SourceError
from .versions import folded, squeezed

# A file that changed more recently may still be being copied. In seconds.
_SETTLED_AFTER: Final = 2.0
# Other outputs of a build, and what sketches are sent around in.
_NOT_IMAGES: Final = (".hex", ".elf", ".uf2", ".ino", ".zip", ".gz", ".7z")
# What the command that makes manifests is told to write.
_MANIFEST: Final = "manifest.json"

type _Entries = dict[str, Stamp]


@dataclass(frozen=True, slots=True)
class _Files:
    """An image and the files beside it, as one scan found them."""

    image: str
    description: str | None
    notes: str | None
    signature: str | None
    stamps: tuple[Stamp, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that there are, in the order of their stamps."""
        return tuple(name for name in (self.image, self.description, self.notes, self.signature) if name)


class FolderSource:
    """A folder with files such as `blinds-1.2.3.bin`.

    Beside each may be `blinds-1.2.3.json` with its description (version, title or name, notes, password, sha256, size,
    board, url, published), `blinds-1.2.3.md` with release notes, and `blinds-1.2.3.bin.minisig` with its signature.
    Case does not matter in these names.
    """

    server: str | None = None

    def __init__(
        self,
        directory: Path,
        *,
        base: Path | None = None,
        above: Path | None = None,
        make: bool = False,
        settled_after: float = _SETTLED_AFTER,
    ) -> None:
        """Take the folder, and the trusted one below which no folder may be a link.

        `above` is the folder around it, if sketches have no place there: those dropped there are reported. With `make`
        the first look makes the folder where there is none. A file must rest for `settled_after` seconds.
        """
        self.key: Hashable = ("folder", str(directory))
        self.directory = directory
        self._base = base
        self._above = above
        self._has_to_be_made = make
        self._settled_after = settled_after
        self._running: asyncio.Future[Any] | None = None
        self._first_seen: dict[tuple[str, Stamp], float] = {}
        self._inspected: dict[_Files, Release | Finding] = {}

    async def catalog(self) -> Catalog:
        return await self._alone(self._make_catalog)

    async def image(self, release: Release) -> bytes:
        image = await self._read(release.identifier, limits.FILE)
        try:
            release.verify(image)
        except SourceError:
            raise SourceError(Reason.FILE_GONE, file=release.label) from None
        return image

    async def signature(self, release: Release) -> str | None:
        if release.signature is None:
            return None
        return (await self._read(release.signature, limits.SIGNATURE)).decode(errors="replace")

    async def _read(self, name: str, limit: int) -> bytes:
        def read() -> bytes:
            with opened(self.directory, self._base) as folder:
                return folder.read(name, limit=limit)[0]

        return await self._alone(read)

    async def _alone[T](self, work: Callable[[], T]) -> T:
        """Run in a thread, one at a time: a network drive that hangs takes no more than this one. Raises SourceError."""
        try:
            async with asyncio.timeout(limits.FOLDER):
                while self._running and not self._running.done():
                    await asyncio.wait((self._running,))
                running = asyncio.ensure_future(asyncio.to_thread(work))
                # Nobody may be left to hear what a look that was given up comes to.
                running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
                self._running = running
                await asyncio.wait((running,))
                return running.result()
        except TimeoutError:
            raise SourceError(Reason.FOLDER_SILENT, folder=str(self.directory)) from None

    def _make_catalog(self) -> Catalog:
        if self._has_to_be_made:
            self._has_to_be_made = False
            with suppress(OSError):
                self.directory.mkdir(parents=True, exist_ok=True)
        with opened(self.directory, self._base) as folder:
            entries, now = folder.scan(), time.monotonic()
            self._first_seen = {each: self._first_seen.get(each, now) for each in entries.items()}
            images = without_bootloader([name for name in entries if _ends(name, ".bin")])
            newest = sorted(images, key=lambda name: entries[name].modified, reverse=True)[: limits.SKETCHES]
            named = {folded(name): name for name in entries}
            sketches = [_gather(name, entries, named) for name in sorted(newest, reverse=True)]
            self._inspected = dict(self._inspect_all(folder, sketches))
        return Catalog.of((*self._passed_over(entries, images), *self._inspected.values()))

    def _is_settled(self, name: str, stamp: Stamp) -> bool:
        # The clock of a file server may be ahead of ours: a file that looks the same for long enough is at rest, too.
        return (
            stamp.modified <= time.time_ns() - self._settled_after * 1e9
            or time.monotonic() - self._first_seen[name, stamp] >= self._settled_after
        )

    def _inspect_all(self, folder: Directory, sketches: list[_Files]) -> Iterator[tuple[_Files, Release | Finding]]:
        earlier = {files.image: files for files in self._inspected}
        for files in sketches:
            known = earlier.get(files.image)
            if known == files:
                yield files, self._inspected[files]
            elif all(map(self._is_settled, files.names, files.stamps, strict=True)):
                if (outcome := _inspect(folder, files)) is not None:
                    yield files, outcome
            elif known and (
                known.stamps[0] == files.stamps[0] or _is_still(folder, files.image, self._inspected[known])
            ):
                # A description that is being edited does not take back the image it belongs to, nor does another copy of
                # the same image, which a synchronization may make each night.
                yield known, self._inspected[known]

    def _passed_over(self, entries: _Entries, images: Collection[str]) -> Iterator[Finding]:
        """Return what a person would miss."""
        for count, limit in ((len(entries), limits.FOLDER_ENTRIES), (len(images), limits.SKETCHES)):
            if count > limit:
                yield Finding.of(self.directory.name, Reason.TOO_MANY, count=str(count), limit=str(limit))
        described = {folded(name) for name in entries if _ends(name, ".bin")}
        built = {_build_of(name) for name in described}
        for name in sorted(entries):
            plain = folded(name)
            if _ends(name, ".json") and f"{plain[:-5]}.bin" not in described and plain != _MANIFEST:
                yield Finding.of(name, Reason.NO_SKETCH, image=f"{name[:-5]}.bin")
            elif _ends(name, ".minisig") and plain[:-8] not in described:
                yield Finding.of(name, Reason.NO_SKETCH, image=name[:-8])
            elif _ends(name, ".json.txt", ".md.txt", ".minisig.txt"):
                # Editors append that, and desktops hide it; a password in it would be missed.
                yield Finding.of(name, Reason.BAD_SIDECAR, path="its name", problem="it must not end in .txt")
            elif _ends(name, *_NOT_IMAGES) and _build_of(plain) not in built:
                yield Finding.of(name, Reason.NOT_A_BIN)
        below = [] if images else [self.directory / name for name in entries if entries[name].is_folder]
        for path in (*self._sketches_above(), *_sketches_in(below)):
            yield Finding.of(os.path.relpath(path, self.directory), Reason.MISPLACED, folder=str(self.directory))

    def _sketches_above(self) -> Iterator[Path]:
        """Return the images one folder too high: those of our name, and the first of its folders has all others."""
        if self._above is None:
            return
        with suppress(SourceError), opened(self._above, self._above.parent) as directory:
            entries = directory.scan()
            folders = sorted(name for name in entries if entries[name].is_folder)
            for name in entries:
                of_name = [each for each in folders if squeezed(name).startswith(squeezed(each))]
                if _ends(name, ".bin") and self.directory.name == (of_name[-1:] or folders)[0]:
                    yield self._above / name


def _gather(image: str, entries: _Entries, named: dict[str, str]) -> _Files:
    def beside(name: str) -> str | None:
        return name if name in entries else named.get(folded(name))

    stem = image[:-4]
    others = beside(f"{stem}.json"), beside(f"{stem}.md"), beside(f"{image}.minisig")
    return _Files(image, *others, tuple(entries[name] for name in (image, *others) if name))


def _inspect(folder: Directory, files: _Files) -> Release | Finding | None:
    """Return what an image is; None if it changes or goes just now."""
    model = None
    try:
        files.image.encode()
        image, stamp = folder.read(files.image, limit=limits.FILE)
        if stamp != files.stamps[0]:
            return None
        description = {}
        if files.description:
            body, _ = folder.read(files.description, limit=limits.DESCRIPTION)
            description = read_description(body, files.description)
        if files.notes and "notes" not in description:
            text, _ = folder.read(files.notes, limit=limits.DESCRIPTION)
            description["notes"] = fit_to_store(text.decode(errors="replace"), limits.NOTES)
        release = declared(description, file=files.image, identifier=files.image, signature=files.signature)
        model = release.board
        return inspected(image, release)
    except UnicodeEncodeError:
        return Finding.of(files.image, Reason.FILE_UNREADABLE, error="its name is not UTF-8")
    except SketchRefused as refused:
        return Finding.from_error(files.image, refused, model=model)
    except SourceError as error:
        if error.reason is Reason.FILE_GONE:
            return None
        return Finding.from_error(error.placeholders["file"], error, model=model)


def _is_still(folder: Directory, image: str, known: Release | Finding) -> bool:
    with suppress(SourceError):
        content, _ = folder.read(image, limit=limits.FILE)
        return isinstance(known, Release) and hashlib.sha256(content).hexdigest() == known.sha256
    return False


def _sketches_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Return the images in some folders, and in those right below them: in the first `limits.SKETCHES` of all these."""
    waiting = [(folder, 1) for folder in folders]
    # It grows meanwhile.
    for folder, depth in islice(waiting, limits.SKETCHES):
        with suppress(SourceError), opened(folder, folder.parent) as directory:
            entries = directory.scan()
            yield from (folder / name for name in entries if _ends(name, ".bin"))
            waiting += ((folder / name, 0) for name in entries if depth and entries[name].is_folder)


def _ends(name: str, *ends: str) -> bool:
    return name.casefold().endswith(ends)


def _build_of(name: str) -> str:
    """Return what all outputs of one build have in common in their names."""
    return name.rpartition(".")[0].removesuffix(WITH_BOOTLOADER).removesuffix(".ino")
