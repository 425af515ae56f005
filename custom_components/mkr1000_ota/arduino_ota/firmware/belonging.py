"""Which board a sketch is for: by its model, its size, the name that it states, and the series that it is of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import digits
from typing import Final

from .release import Release
from .versions import series_of, squeezed

# What the libraries' own example calls every board: this name tells nobody's board from another.
STOCK_NAME: Final = "Arduino"


class Hold(StrEnum):
    """Why a build is not offered by itself. With the last two, a person can choose it all the same."""

    OTHER_MODEL = "other_model"
    TOO_LARGE = "too_large"
    OTHER_BOARD = "other_board"  # another board bears the name that it states
    OTHER_SKETCH = "other_sketch"  # its source has one that states the name of this board
    OTHER_NAME = "other_name"  # only what is signed is trusted, and the signed name is not this board's
    OTHER_SERIES = "other_series"
    FAILED = "failed"  # its health check
    CHOSEN = "chosen"  # somebody has chosen an older one


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFacts:
    """What has to be known of a board. Builds are SHA-256s, `model` is an id, `largest` the largest sketch in bytes.

    `is_named` says that its name is known; otherwise that is what a person calls it. `running` is None where nobody
    knows what runs. `others` are the names of the other boards, set up or announced.
    `chosen` is the label that a person wants to be offered.
    """

    name: str
    model: str
    largest: int
    is_named: bool = True
    running: str | None = None
    ran: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    others: Collection[str] = ()
    key_pinned: bool = False
    chosen: str | None = None


class Belonging:
    """What decides whether the builds of a source are for a board."""

    def __init__(self, board: BoardFacts, releases: Sequence[Release], running: str) -> None:
        """Look at all that a source has, to know what each is. `running` is the series that what runs was once of."""
        there = {series_for(board, each) for each in releases} - {""}
        stems = {_stem(series_for(board, each)) for each in releases if not each.version} - {""}
        now = [series_for(board, each) for each in releases if each.sha256 and each.sha256 == board.running]
        known = [*now, running, squeezed(board.name)]
        self._board = board
        self._has_own = any(_bears(each, board.name) for each in releases)
        self._series = next((series for series in known if series in there or _stem(series) in stems), None)
        # Put together once, because anybody can announce thousands.
        self._others = frozenset(map(str.casefold, board.others))
        self._other_series = frozenset(map(squeezed, board.others))

    def hold(self, release: Release, *, is_upload: bool) -> Hold | None:
        """Return why a build is none of this board's, or does not fit it. An upload is for this board, if for any."""
        board = self._board
        if (unfit := misfit(board, release)) is not None:
            return unfit
        if new_name(board, release) is not None:
            if self._is_of_other(release):
                return Hold.OTHER_BOARD
            if board.key_pinned and board.is_named:
                return Hold.OTHER_NAME
            if self._has_own and not is_upload:
                return Hold.OTHER_SKETCH
        return None if is_upload or self._is_of_series(release) else Hold.OTHER_SERIES

    def _is_of_series(self, release: Release) -> bool:
        series, has_name = series_for(self._board, release), _bears(release, self._board.name)
        if self._series is None or series in ("", self._series):
            return True
        if has_name and not self._is_of_other(release) and not _bears(release, STOCK_NAME):
            return True
        # What has no version is called garden2, garden_new and the like while somebody works on it. Not if that is what
        # another board is called.
        stem = _stem(self._series)
        if any(series[:end] in self._other_series for end in range(len(stem) + 1, len(series) + 1)):
            return False
        return not release.version and (series.startswith(stem) if stem else series.isdecimal())

    def _is_of_other(self, release: Release) -> bool:
        return release.name is not None and release.name.casefold() in self._others


def misfit(board: BoardFacts, release: Release) -> Hold | None:
    """Return why the hardware cannot take a build."""
    if any(model not in (None, board.model) for model in (release.model, release.board)):
        return Hold.OTHER_MODEL
    return Hold.TOO_LARGE if release.size is not None and release.size > board.largest else None


def new_name(board: BoardFacts, release: Release) -> str | None:
    """Return the name that a board gets from a build, if that is another one."""
    return None if _bears(release, board.name) else release.name


def _bears(release: Release, name: str) -> bool:
    return release.name is not None and release.name.casefold() == name.casefold()


def series_for(board: BoardFacts, release: Release) -> str:
    """Return the series of a build, without the name of the model: that tells the files of one release apart."""
    series = squeezed(release.series) if release.series else series_of(release.file)
    return series.replace(squeezed(board.model), "")


def _stem(series: str) -> str:
    return series.rstrip(digits)
