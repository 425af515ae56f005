"""The order of versions: the one that Home Assistant's update entities apply, made total."""

from collections.abc import Callable, Iterable
from functools import cmp_to_key
import re

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy

_DIGITS = re.compile(r"(\d+)", re.ASCII)


def bare(version: str) -> str:
    """Return the version without a leading v: AwesomeVersion takes both for the same."""
    return AwesomeVersion(version).string


def newest_first[T](items: Iterable[T], version: Callable[[T], str]) -> list[T]:
    """Sort by version. What AwesomeVersion cannot read comes last, ordered as text with numbers in it."""
    order = cmp_to_key(_compare)
    return sorted(items, key=lambda item: order(version(item)), reverse=True)


def _compare(one: str, other: str) -> int:
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
