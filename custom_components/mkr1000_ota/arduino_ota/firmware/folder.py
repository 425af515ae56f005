"""Sketches in a folder: whatever is dropped there is offered a moment later."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, replace
import os
from pathlib import Path
import threading
import time
from typing import Self

from ..errors import SketchRefused
from ..hardware import Storage
from .description import LARGEST_DESCRIPTION, LARGEST_FILE, Description, describe, read_description
from .directory import Stamp, list_folder, read_inside
from .integrity import check_announced
from .reasons import Reason
from .release import LARGEST_SIGNATURE, Catalog, Finding, Release, SourceError

# A file that changed more recently may still be being copied. In seconds.
_SETTLED_AFTER = 2.0
_MOST_SKETCHES = 100


@dataclass(frozen=True, slots=True)
class _Sketch:
    """An image and the files beside it, as one look found them."""

    name: str
    image: Stamp
    description: Stamp | None
    notes: Stamp | None
    settled: bool

    @property
    def stem(self) -> str:
        return self.name[: -len(".bin")]

    def is_like(self, other: Self) -> bool:
        """Return whether the files are the same, at rest or not."""
        return replace(self, settled=other.settled) == other


@dataclass(frozen=True, slots=True)
class _Look:
    """What the folder holds at one moment; equal looks make equal catalogs."""

    sketches: tuple[_Sketch, ...] = ()
    left_out: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    sketch: _Sketch
    outcome: Release | Finding


class FolderSource:
    """A folder with files such as `blinds-1.2.3.bin`.

    Beside each may lie `blinds-1.2.3.json` with its description (version, title, notes, password, sha256, md5, size,
    board, url, published), `blinds-1.2.3.md` with release notes, and `blinds-1.2.3.bin.minisig` with its signature.
    """

    def __init__(
        self, directory: Path, storage: Storage | None = None, *, settled_after: float = _SETTLED_AFTER
    ) -> None:
        """Take the folder, the largest sketch that is offered in bytes, and how long a file must rest in seconds."""
        self.key: Hashable = ("folder", str(directory), storage)
        self.server: str | None = None
        self.directory = directory
        self._storage = storage
        self._settled_after = settled_after
        self._lock = threading.Lock()
        self._first_seen: dict[str, tuple[Stamp, float]] = {}
        self._verdicts: dict[str, _Verdict] = {}
        self._look: _Look | None = None

    def changed(self) -> bool:
        """Return whether a new catalog could differ from the last one. Blocking: one scan of the folder."""
        with self._lock:
            try:
                look = self._look_around()
            except SourceError as error:
                look = _Look(error=str(error))
            return look != self._look

    async def catalog(self) -> Catalog:
        """Look at the folder. Raises SourceError if it cannot be read."""
        return await asyncio.to_thread(self._make_catalog)

    async def image(self, release: Release) -> bytes:
        """Read the image, if it still is the one that was offered. Raises SourceError."""
        image, _ = await asyncio.to_thread(read_inside, self.directory, release.identifier, limit=LARGEST_FILE)
        try:
            check_announced(image, release)
        except SourceError:
            raise SourceError(Reason.FILE_GONE, file=release.label) from None
        return image

    async def signature(self, release: Release) -> str | None:
        """Read the signature beside an image. Raises SourceError."""
        name = f"{release.identifier}.minisig"
        try:
            text, _ = await asyncio.to_thread(read_inside, self.directory, name, limit=LARGEST_SIGNATURE)
        except SourceError as error:
            if error.reason is Reason.FILE_GONE:
                return None
            raise
        return text.decode(errors="replace")

    def _make_catalog(self) -> Catalog:
        with self._lock:
            try:
                self._look = look = self._look_around()
            except SourceError as error:
                self._look = _Look(error=str(error))
                raise
            judged = (self._judge(sketch, self._verdicts.get(sketch.name)) for sketch in look.sketches)
            self._verdicts = {verdict.sketch.name: verdict for verdict in judged if verdict}
            outcomes = [verdict.outcome for verdict in self._verdicts.values()]
        findings = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
        if look.left_out:
            findings.append(Finding.of(self.directory.name, Reason.TOO_MANY_FILES, limit=str(_MOST_SKETCHES)))
        return Catalog.of((outcome for outcome in outcomes if isinstance(outcome, Release)), findings)

    def _look_around(self) -> _Look:
        stamps = list_folder(self.directory)
        now = time.monotonic()
        before = self._first_seen
        self._first_seen = {
            name: before[name] if name in before and before[name][0] == stamp else (stamp, now)
            for name, stamp in stamps.items()
        }
        images = sorted(
            (name for name in stamps if name.lower().endswith(".bin")),
            key=lambda name: (stamps[name].modified, name),
            reverse=True,
        )
        sketches = tuple(self._gather(name, stamps) for name in images[:_MOST_SKETCHES])
        return _Look(sketches, left_out=len(images) > _MOST_SKETCHES)

    def _gather(self, name: str, stamps: dict[str, Stamp]) -> _Sketch:
        stem = name[: -len(".bin")]
        description, notes = f"{stem}.json", f"{stem}.md"
        return _Sketch(
            name=name,
            image=stamps[name],
            description=stamps.get(description),
            notes=stamps.get(notes),
            settled=all(self._is_settled(each) for each in (name, description, notes) if each in stamps),
        )

    def _is_settled(self, name: str) -> bool:
        # The clock of a file server may be ahead of ours: a file that looks the same for long enough is at rest, too.
        stamp, first_seen = self._first_seen[name]
        return (
            stamp.modified <= time.time_ns() - self._settled_after * 1e9
            or time.monotonic() - first_seen >= self._settled_after
        )

    def _judge(self, sketch: _Sketch, earlier: _Verdict | None) -> _Verdict | None:
        """Return what is known of a sketch; None while it must rest first."""
        if earlier and earlier.sketch.is_like(sketch):
            return earlier
        if not sketch.settled:
            # A description that is being edited does not take back the image it belongs to.
            return earlier if earlier and earlier.sketch.image == sketch.image else None
        outcome = self._examine(sketch)
        return _Verdict(sketch, outcome) if outcome else None

    def _examine(self, sketch: _Sketch) -> Release | Finding | None:
        shown = os.fsencode(sketch.name).decode(errors="replace")
        if shown != sketch.name:
            return Finding.of(shown, Reason.FILE_UNREADABLE, error="Its name is not UTF-8")
        try:
            image, stamp = read_inside(self.directory, sketch.name, limit=LARGEST_FILE)
            if stamp != sketch.image:
                return None
            release = describe(image, sketch.name, self._description(sketch), storage=self._storage)
            return replace(release, notes=self._notes(sketch)) if release.notes is None else release
        except SketchRefused as refused:
            return Finding.from_error(sketch.name, refused)
        except SourceError as error:
            return None if error.reason is Reason.FILE_GONE else Finding.from_error(error.placeholders["file"], error)

    def _description(self, sketch: _Sketch) -> Description:
        if sketch.description is None:
            return {}
        file = f"{sketch.stem}.json"
        body, _ = read_inside(self.directory, file, limit=LARGEST_DESCRIPTION)
        return read_description(body, file)

    def _notes(self, sketch: _Sketch) -> str | None:
        if sketch.notes is None:
            return None
        text, _ = read_inside(self.directory, f"{sketch.stem}.md", limit=LARGEST_DESCRIPTION)
        return text.decode(errors="replace")
