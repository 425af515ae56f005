"""Versions: how people write them, where they are found, and which one their authors mean to be newer."""

from collections.abc import Iterator
from functools import lru_cache
import re
from typing import Final
from unicodedata import normalize

from .. import limits

# What a version may look like at all: it becomes an entity's state and part of texts.
VERSION: Final = re.compile(
    r"(?:build )?[0-9a-z][0-9a-z.+_-]{0,63}(?: build \d{1,16}| \((?:build )?[0-9a-z.+_-]{1,16}\))?",
    re.ASCII | re.IGNORECASE,
)

type Order = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]

# Where a number may begin: `blinds.1.2` has one behind its first dot, `x1.2` has none.
_BEGIN: Final = r"(?:^|(?<=[-_ /(+])|(?<=\D\.))"
_PREFIX: Final = r"(?:v(?:er(?:sion)?)?|rel(?:ease)?|r(?:ev)?|b(?:uild)?|fw)"
_DAY: Final = r"20\d\d([-_]?)(?:0[1-9]|1[0-2])\{group}(?:0[1-9]|[12]\d|3[01])"
_FULL_DAY: Final = rf"v?(?P<day>{_DAY.format(group=2)}(?:\d\d){{0,3}})(?!\d)"
# Whether the day or the month stands first in 05.11.2026 depends on where its author lives.
_UNCLEAR_DAY: Final = re.compile(r"v?(?:[0-2]\d|3[01])([-_.]?)(?:[0-2]\d|3[01])\1(?:20\d\d)(?!\d)", re.ASCII)
# In this order: the 2 of `garden-2-v1.2` is none, a single number counts only where nothing else does.
_NUMBERS: Final = tuple(
    re.compile(_BEGIN + number, re.ASCII)
    for number in (
        rf"(?:{_FULL_DAY}|{_PREFIX}?\.?(?P<number>\d+(?:\.\d+)+)|v\.?(?P<single>\d+))",
        rf"{_PREFIX}?\.?(?P<number>\d+)",
    )
)
_DATE: Final = re.compile(r"(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(\d*)", re.ASCII)
_SEPARATORS: Final = re.compile(r"[-_ .+()/]+")
_WORD: Final = re.compile(r"([a-z]*)(\d*)", re.ASCII)
# An abbreviated commit, as it is or as `git describe` writes it. A number alone is none.
_COMMIT: Final = re.compile(r"g[0-9a-f]{4,40}|(?=.*\d)(?=.*[a-f])[0-9a-f]{6,40}", re.ASCII)

# Behind a number, in their order; the number itself stands between them with the rank 0. A word may be missing.
_DIRTY: Final = 1  # ahead of its commit, behind the next one
_BUILD: Final = 2
_RANKS: Final = {
    **dict.fromkeys(("dev", "snapshot", "nightly", "canary", "unstable", "edge", "next"), -5),
    **dict.fromkeys(("alpha", "a"), -4),
    **dict.fromkeys(("beta", "b"), -3),
    **dict.fromkeys(("pre", "preview", "ea", "m", "milestone"), -2),
    **dict.fromkeys(("rc", "c"), -1),
    **dict.fromkeys(("", "build", "fix", "hotfix", "p", "patch", "pl", "post", "r", "rev", "t", "update"), _BUILD),
}


def order(version: str) -> Order | None:
    """Return what orders a version among others, equal where the authors mean the same; None where nothing does.

    A leading v, the name in front and unknown words behind, with their numbers, say nothing. Without a number, as in a
    commit or in `nightly`, only time tells what is newer.
    """
    text = version.strip().lower()
    for pattern in _NUMBERS:
        for match in pattern.finditer(text):
            if _UNCLEAR_DAY.match(text, match.start()):
                return None
            if match.groupdict().get("day") or not _COMMIT.fullmatch(_SEPARATORS.split(text[match.start() :])[0]):
                return _order(match.groupdict(), text[match.end() :])
    return None


def _order(found: dict[str, str | None], rest: str) -> Order:
    number = next(filter(None, found.values()), "")
    parts: list[tuple[int, int]] = []
    if date := _DATE.fullmatch(number):
        numbers = [int(part) for part in date.groups()[:3]]
        parts = [(_BUILD, int(date[4]))] if date[4] else []
    else:
        numbers = [int(part) for part in number.split(".")]
        while numbers and numbers[-1] == 0:
            numbers.pop()
    return tuple(numbers), (*parts, *_parts(rest), (0, 0))


def _parts(rest: str) -> Iterator[tuple[int, int]]:
    """Return what stands behind a number: pre-releases, builds, local changes."""
    chunks = [chunk for chunk in _SEPARATORS.split(rest) if chunk]
    if re.match(r"[a-z](?![a-z0-9])", rest):
        # 1.1h comes behind 1.1f: single letters are the revisions of small projects.
        yield _BUILD, ord(rest[0])
        chunks.pop(0)
    while chunks:
        match _WORD.fullmatch(chunks.pop(0)):
            case None:
                continue
            case word if word[1] == "dirty":
                yield _DIRTY, 0
            case word:
                number = word[2] or (chunks.pop(0) if word[1] and chunks and chunks[0].isdecimal() else "0")
                if word[1] in _RANKS:
                    yield _RANKS[word[1]], int(number)


def bare(version: str) -> str:
    """Return the version without a leading v."""
    return _LEADING_V.sub("", version, count=1)


_LEADING_V: Final = re.compile(r"^[vV]\.?(?=\d)")
# `blinds-1.2.3`, `blinds_v1.2.3-rc1`, `1.2.3`, `v7`, `blinds-20261127`. A single number needs a word in front of it:
# `mkr-1000` is no version. What follows may be any words: `blinds-1.2.3-old`.
_IN_NAME: Final = re.compile(
    r"(?:^|[-_ ]|(?<!\d)\.)"
    rf"(?P<version>(?:{_DAY.format(group=2)}(?:(?:\d\d){{0,3}}(?!\d)|[-_]\d\d[-_.]?\d\d(?:[-_.]?\d\d)?(?!\d))"
    r"|(?:[vV]?\d+(?:\.\d+)+|[vV]\d+(?:_\d+)+|(?:[vVrR]|rev|build[-_.]?)\d+))"
    r"(?:(?i:[-._]?(?:alpha|beta|dev|snapshot|nightly|canary|preview|pre|rc|post|hotfix|fix|patch|a|b|p)"
    r"(?:[-.]?\d+)?|[- ]build[- .]?\d+)(?![0-9A-Za-z])|[a-z](?![0-9A-Za-z]))?"
    r"(?:-\d+(?![0-9A-Za-z])(?:-\d\d-\d\d(?!\d))?)?(?:-g[0-9a-f]{4,40}(?![0-9A-Za-z]))?(?:-dirty)?(?:\+[0-9A-Za-z.]+)?)"
    r"(?=$|[-_ .][A-Za-z]|[-_ .](?=\d*[a-f])[0-9a-f]{6,40}(?![0-9A-Za-z]))",
    re.ASCII,
)
# What the Arduino IDE exports is called `blinds.ino.bin`, and once was `blinds.ino.mkr1000.bin`.
_IMAGE: Final = re.compile(r"\.bin$", re.IGNORECASE)
_SKETCH: Final = re.compile(r"\.ino(?:\.[a-z]\w*)?$", re.ASCII | re.IGNORECASE)
# What browsers and desktops append to the name of a copy, in the languages that we speak.
_COPY: Final = re.compile(
    r"(?:(?: [-–—])? (?:cop(?:y|i[ea])|c(?:ó|o\u0301)pia|kopi[ea]|コピー|副本)(?: \d+)?)?(?: ?\(\d+\))?$",
    re.ASCII | re.IGNORECASE,
)
# What the IDE calls a sketch that nobody has given a name.
_UNNAMED: Final = re.compile(r"sketch_[a-z]{3}\d+[a-z]*", re.ASCII)


def _stem(file: str) -> str:
    return _SKETCH.sub("", _COPY.sub("", _IMAGE.sub("", file), count=1))


def version_in_name(stem: str) -> str | None:
    """Return the version in a file name without its extension, or None."""
    match = _IN_NAME.search(_COPY.sub("", stem, count=1))
    version = bare(match["version"]) if match else ""
    return version if VERSION.fullmatch(version) else None


def version_of_file(file: str) -> str | None:
    """Return the version in the name of an image: 1.2.3 of `blinds-1.2.3.bin`, or of what the Arduino IDE exports."""
    return version_in_name(_stem(file))


def version_of_tag(tag: str) -> str | None:
    """Return the version that a release tag means: `v1.2.3` and `blinds-v1.2.3` mean 1.2.3."""
    without_v = bare(tag)
    if without_v[:1].isdigit() and VERSION.fullmatch(without_v):
        return without_v
    return version_in_name(tag.replace("/", "-")) or (tag if VERSION.fullmatch(tag) else None)


def series_of(name: str) -> str:
    """Return the series that a file or a tag belongs to, letters and digits only: `garden` of `Garden_v1.2.3.bin`.

    Empty where the name is nothing but a version, or one that nobody has chosen.
    """
    stem = _stem(name)
    match = _IN_NAME.search(stem)
    series = stem[: match.start()] if match else stem
    return "" if _UNNAMED.fullmatch(series) else squeezed(series)


@lru_cache(2 * limits.SIGHTINGS)
def squeezed(name: str) -> str:
    """Return the letters and digits of a name, for comparing how different people write it."""
    return "".join(filter(str.isalnum, folded(name)))


def folded(name: str) -> str:
    """Return a name in the case, and with the letters, that any other way of writing it has: a Mac takes ä for two."""
    return normalize("NFC", name.casefold())
