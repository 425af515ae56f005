"""Versions: how people write them, and their order, which is the one of Home Assistant's update entities, made total."""

from collections.abc import Callable, Iterable
from functools import cmp_to_key
import re

_DIGITS = re.compile(r"(\d+)", re.ASCII)


def bare(version: str) -> str:
    """Return the version without a leading v: AwesomeVersion takes both for the same."""
    from awesomeversion import AwesomeVersion  # noqa: PLC0415 - the command line needs no package to read versions

    return AwesomeVersion(version).string


def newest_first[T](items: Iterable[T], version: Callable[[T], str]) -> list[T]:
    """Sort by version. What AwesomeVersion cannot read comes last, ordered as text with numbers in it."""
    order = cmp_to_key(_compare)
    return sorted(items, key=lambda item: order(version(item)), reverse=True)


def _compare(one: str, other: str) -> int:
    from awesomeversion import AwesomeVersion, AwesomeVersionStrategy  # noqa: PLC0415 - as above

    first, second = AwesomeVersion(one), AwesomeVersion(other)
    readable = [each.strategy is not AwesomeVersionStrategy.UNKNOWN for each in (first, second)]
    match readable:
        case [True, True] if first > second:
            return 1
        case [True, True] if second > first:
            return -1
        case [True, False]:
            return 1
        case [False, True]:
            return -1
    natural = _natural(one), _natural(other)
    return (natural[0] > natural[1]) - (natural[0] < natural[1])


def _natural(text: str) -> list[tuple[int, str]]:
    # Text and digits alternate in what split() returns, so that like is compared with like.
    parts = _DIGITS.split(text)
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)]


# What a version may look like at all: it becomes an entity's state and part of texts.
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}", re.ASCII)

# `blinds-1.2.3`, `blinds_v1.2.3-rc1`, `1.2.3`, `v7`. A single number needs the v: `mkr-1000` is no version.
_AT_END_OF_NAME = re.compile(
    r"(?:^|[-_ ]|(?<!\d)\.)(?:[vV]?(?=\d+\.)|[vV](?=\d))"
    r"(?P<version>\d+(?:\.\d+)*(?:[-._]?(?:alpha|beta|dev|pre|rc|a|b)[-.]?\d*)?(?:\+[0-9A-Za-z.]+)?)$",
    re.ASCII,
)
_IMAGE = re.compile(r"(\.ino)?\.bin$", re.IGNORECASE)
_LEADING_V = re.compile(r"^[vV]\.?(?=\d)")


def version_in_name(stem: str) -> str | None:
    """Return the version at the end of a file name without its extension, or None."""
    match = _AT_END_OF_NAME.search(stem)
    return match["version"] if match else None


def version_of_file(file: str) -> str | None:
    """Return the version in the name of an image: 1.2.3 of `blinds-1.2.3.bin`, or of what the Arduino IDE exports."""
    return version_in_name(_IMAGE.sub("", file))


def version_of_tag(tag: str) -> str | None:
    """Return the version that a release tag means: `v1.2.3` and `blinds-v1.2.3` mean 1.2.3."""
    without_v = _LEADING_V.sub("", tag, count=1)
    if without_v[:1].isdigit() and VERSION.fullmatch(without_v):
        return without_v
    return version_in_name(tag.replace("/", "-")) or (tag if VERSION.fullmatch(tag) else None)
