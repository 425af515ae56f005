"""What is on offer for a board: the builds that it can take, which of them is newest, what is held back and why.

Values in, values out: nothing here reads a file, a clock or the network. A build is its SHA-256, a version is a label.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from math import inf
import re
from typing import Final, Self

from .belonging import Belonging, BoardFacts, Hold, misfit, new_name, series_for
from .release import Release
from .versions import Order, order

_TIME: Final = re.compile(r"\d{4}\.\d\d\.\d\d\.\d{4}", re.ASCII)
_HASH_SHOWN: Final = 6  # hexadecimal digits
# Words that mean "whatever is newest" and "nobody knows" wherever a label can stand; a tag may be called so, too.
_RESERVED: Final = frozenset({"latest", "unknown", "unavailable"})
# Builds that are in no source anymore and never ran here are remembered, too, so that none is new twice.
_MOST_REMEMBERED: Final = 100


class Place(StrEnum):
    """Where a build can be fetched from. One that only runs can not."""

    BOARD = "board"
    ARCHIVE = "archive"
    SOURCE = "source"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When a build was first seen here and when it was compiled, in seconds since the epoch.

    `label` is what it has been called since, `series` what it was last of.
    """

    at: float
    built: float | None = None
    label: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build, in the best of the places that have it.

    No other one that can be chosen has its label, whatever comes and goes. `order` is that of its version, `arrived` says
    when it came.
    """

    label: str
    release: Release
    place: Place
    hold: Hold | None
    seen: Seen
    order: Order | None
    arrived: tuple[float, float, str]

    @property
    def content(self) -> str:
        """Its SHA-256; where to find it as long as nobody knows that."""
        return self.release.sha256 or f"{self.place} {self.release.identifier}"

    @property
    def is_live(self) -> bool:
        """Whether somebody offers it now."""
        return self.place in (Place.SOURCE, Place.UPLOAD)

    @property
    def is_inspected(self) -> bool:
        """Whether somebody has looked inside."""
        return self.place is not Place.SOURCE or bool(self.release.sha256 and self.release.model)

    @property
    def can_be_chosen(self) -> bool:
        """Whether a person can have it installed."""
        return bool(self.label) and self.place is not Place.BOARD and self.hold in (None, Hold.FAILED, Hold.CHOSEN)

    def replaces(self, other: Self) -> bool:
        """Whether it is newer than another whenever both came: by version, or by the compiler's clock if neither has one."""
        if self.order is not None and other.order is not None:
            return self.order > other.order
        return self.order is other.order and (self.seen.built or -inf) > (other.seen.built or inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a board can be offered.

    `builds` can be chosen, the newest first; `held_back` are builds that may be newer. `needs_download` must be fetched
    and looked into before it can be offered. `seen` is to be kept for the next time. `renames` is the name that the
    offered build gives a board of another name. `unattended` tells whether it may be installed without a person.
    """

    builds: tuple[Build, ...]
    offered: Build | None
    held_back: tuple[Build, ...]
    needs_download: Release | None
    seen: Mapping[str, Seen]
    renames: str | None
    unattended: bool


def find_offers(
    board: BoardFacts,
    releases: Sequence[Release],
    *,
    uploads: Sequence[Release] = (),
    archived: Sequence[Release] = (),
    seen: Mapping[str, Seen],
    now: float,
    zone: tzinfo = UTC,
) -> Offers:
    """Return what is on offer, whatever the order of the releases.

    `releases` are those of the source; of one that is down, what it offered last. `uploads` say in `published` when they
    were uploaded. `archived` are images that ran on this board, their versions the labels that they had. `now` is in
    seconds since the epoch, the same for all boards that learn of one look at their source. `zone` is that of compile
    times and labels.
    """
    places = {Place.ARCHIVE: archived, Place.SOURCE: releases, Place.UPLOAD: uploads}
    if board.running:
        label = seen[board.running].label if board.running in seen else ""
        places = {Place.BOARD: [Release(version=label, identifier="", sha256=board.running)], **places}
    line = _labelled(board, _newest_first(_builds(board, places, seen, now, zone)), seen)
    current = next((build for build in line if build.content == board.running), None)
    wanted = by_itself = _by_itself(board, line, current)
    held: list[Build] = []
    if chosen := next((build for build in line if build.can_be_chosen and build.label == board.chosen), None):
        wanted = [] if chosen is current else [chosen]
        held += (replace(build, hold=Hold.CHOSEN) for build in _ahead(line, chosen) if build in by_itself[:1])
    offered = next((build for build in wanted if build.is_inspected), None)
    held += (build for build in _ahead(line, offered or current) if build.is_live and build.hold)
    renames = new_name(board, offered.release) if offered else None
    return Offers(
        builds=tuple(build for build in line if build.can_be_chosen),
        offered=offered,
        held_back=tuple(held),
        needs_download=wanted[0].release if wanted and not wanted[0].is_inspected else None,
        seen=_remembered(board, line, seen),
        renames=renames,
        unattended=offered is not None
        and current is not None
        and offered.content not in board.ran
        and not (renames or offered.release.warnings),
    )


def _builds(
    board: BoardFacts, places: Mapping[Place, Sequence[Release]], seen: Mapping[str, Seen], now: float, zone: tzinfo
) -> Iterable[Build]:
    """Return each build once."""
    running = seen.get(board.running or "", Seen(at=now))
    belonging = Belonging(board, places[Place.SOURCE], running.series)
    if (latest := max((known.at for known in seen.values()), default=now)) > now:
        now = latest + 1  # the clock of a computer that has just been switched on may be years behind
    found: dict[str, Build] = {}
    for place, releases in places.items():
        for release in sorted(releases, key=lambda each: (each.version or "", each.file, each.identifier)):
            is_upload, is_live = place is Place.UPLOAD, place in (Place.SOURCE, Place.UPLOAD)
            hold = belonging.hold(release, is_upload=is_upload) if is_live else misfit(board, release)
            if hold is None and release.sha256 in board.failed:
                hold = Hold.FAILED
            known = seen.get(release.sha256 or "", Seen(at=now))
            if release.built and known.built is None:
                # Clocks may be wrong, but what was here cannot have been compiled later.
                known = replace(known, built=min(known.at, release.built.replace(tzinfo=zone).timestamp()))
            known = replace(known, series=series_for(board, release) or known.series)
            published = release.published.timestamp() if release.published else 0.0
            came = max(known.at, published) if is_upload else known.at
            # What is signed is what the image says, not what is said of it.
            is_signed = board.key_pinned and is_live and (is_upload or release.model is not None)
            label = (release.stated_version if is_signed else release.version) or ""
            build = Build(
                label=label or (_time(release, known, zone) if release.sha256 else ""),
                release=release,
                place=place,
                hold=hold,
                seen=known,
                order=_order(label, release.sha256 or "-"),
                arrived=(came, known.built or published, release.sha256 or release.identifier),
            )
            # What the board has run itself can be had again, whatever else is said of it.
            if build.can_be_chosen or not ((earlier := found.get(build.content)) and earlier.can_be_chosen):
                found[build.content] = build
    return found.values()


def _time(release: Release, seen: Seen, zone: tzinfo) -> str:
    """Return when a build was made, or else first seen, as a version: the shape is one that all can order."""
    at = release.built or datetime.fromtimestamp(seen.at, zone)
    return f"{at.year:04}.{at:%m.%d.%H%M}"


def _order(label: str, content: str) -> Order | None:
    """Return what orders a version, which may be a label of ours. Times have no order among versions."""
    version, _, digits = label.rpartition(" (")
    if not version or not content.startswith(digits.removesuffix(")")):
        version = label
    return None if _TIME.fullmatch(version) else order(version)


def _newest_first(builds: Iterable[Build]) -> list[Build]:
    """Put builds into the order in which they replace each other.

    What comes is ahead of all that is there, but behind what is newer in any case. So nothing that comes turns the order
    of two others around. An upload is ahead of all that is there.
    """
    line: list[Build] = []
    for build in sorted(builds, key=lambda each: each.arrived):
        newer = (index for index, other in enumerate(line, 1) if other.replaces(build))
        line.insert(0 if build.place is Place.UPLOAD else max(newer, default=0), build)
    return line


def _by_itself(board: BoardFacts, line: Sequence[Build], current: Build | None) -> list[Build]:
    """Return what may be offered without being chosen, the best first."""
    own = [build for build in line if build.is_live and build.hold is None]
    if current is None:
        return own
    newer = [build for build in _ahead(line, current) if build.is_live and build.hold is None]
    fresh = [build for build in newer if build.content not in board.ran]
    if newer or current.is_live or any(build.content not in board.ran for build in own):
        return fresh or newer
    # The source has nothing but what ran before: somebody has put it back. It must not be an older version, though.
    return [build for build in own if current.order is None or not current.replaces(build)]


def _ahead(line: Sequence[Build], other: Build | None) -> Sequence[Build]:
    """Return what is newer than another, the same version for other models left out."""
    if other is None:
        return line
    same = (Hold.OTHER_MODEL, other.order or ())
    return [build for build in line[: line.index(other)] if (build.hold, build.order) != same]


def possible_labels(version: str, sha256: str) -> list[str]:
    """Return what a build of a version may be called, the best first: with its hash where another build has the rest."""
    hashes = (sha256[:digits] for digits in range(_HASH_SHOWN, len(sha256) + 1))
    return [each for each in (version, *(f"{version} ({digits})" for digits in hashes)) if each not in _RESERVED]


def _labelled(board: BoardFacts, line: Iterable[Build], seen: Mapping[str, Seen]) -> list[Build]:
    """Give each build the label that it had, else its own, with its hash where another build has that."""
    taken = {known.label for known in seen.values()}
    running = {known.label for sha256, known in seen.items() if sha256 == board.running}
    labels: dict[str, str] = {}
    can_be_chosen = (build for build in line if build.can_be_chosen)
    for build in sorted(can_be_chosen, key=lambda each: (each.release.sha256 is None, each.arrived)):
        last, sha256 = build.seen.label, build.release.sha256 or ""
        possible = possible_labels(build.label, sha256)
        if last and last not in labels.values() and (sha256 in board.ran or last in possible):
            labels[build.content] = last
        else:
            # Without a hash, it may be the very one that is remembered: that shows when somebody looks inside.
            others = taken if sha256 else {*labels.values(), *running}
            labels[build.content] = next((label for label in possible if label not in others), "")
            taken.add(labels[build.content])
    return [
        replace(build, label=label, seen=replace(build.seen, label=label))
        if (label := labels.get(build.content)) is not None
        else build
        for build in line
    ]


def _remembered(board: BoardFacts, line: Iterable[Build], seen: Mapping[str, Seen]) -> dict[str, Seen]:
    there = {build.release.sha256: build.seen for build in line if build.release.sha256}
    gone = sorted(seen.keys() - there.keys() - board.ran - board.failed, key=lambda content: seen[content].at)
    return {content: seen[content] for content in seen.keys() - gone[:-_MOST_REMEMBERED]} | there
