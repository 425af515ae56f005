"""Which OTA name and password an image has: the likeliest first, and not too many.

An image does not say which of its strings is the password. The call of begin() tells nearly always. Where it does not,
the password is likely among the constants around that call, or one of the strings near the name.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
import re
from typing import Final

from .begin import BeginCall, calls_of_begin
from .image import FlashImage
from .literals import AUTHORIZATION_PREFIX, NO_PASSWORDS, VERSION_MARKER

# Each may cost the board a request, during which its sketch stands still.
MOST_CANDIDATES: Final = 24

# Words to either side of a pointer that are likely to be of the same literal pool.
_POOL_REACH: Final = 12
# What looks like a call of begin() without making sense is less likely to be one the further down the list it is.
_CALLS: Final = 6
# So many strings near the name come before the arrays: these are few, and never near a name that is no array.
_BEFORE_ARRAYS: Final = 8

# Code and numbers look like strings now and then, and hardly ever like long ones.
_SHORTEST_ANYWHERE: Final = 4

_NO_NAMES: Final = (None, *NO_PASSWORDS)

_STRING_BEHIND_NUL: Final = re.compile(rb"(?<=\0)[ -~\x80-\xff]{1,128}(?=\0)")


def name_and_passwords(image: FlashImage) -> tuple[str | None, tuple[str, ...]]:
    """The name that a sketch announces, None if not found, and the passwords that it may want, likeliest first."""
    calls = calls_of_begin(image)
    named = next((call for call in calls if call.is_understood or call.name not in _NO_NAMES), None)
    found: dict[str, None] = {}
    for password in _passwords(image, calls, named.name_address if named else None):
        found[password] = None
        if len(found) == MOST_CANDIDATES:
            break
    return named.name if named else None, tuple(found)


def _passwords(image: FlashImage, calls: list[BeginCall], name: int | None) -> Iterator[str]:
    understood = [call.password for call in calls if call.is_understood and call.password is not None]
    yield from understood
    for call in calls[:_CALLS]:
        yield from _likely(image, _around_call(image, call))
    pointers = list(image.pointers(AUTHORIZATION_PREFIX) if name is None else image.references(name))
    yield from _likely(image, _in_pool(image, pointers))
    if not understood:
        yield ""
    origins = list(image.occurrences(AUTHORIZATION_PREFIX)) if name is None else [image.offset(name)]
    yield from _likely(image, _by_distance(image, next(filter(None, origins), 0)), _SHORTEST_ANYWHERE)


def _likely(image: FlashImage, offsets: Iterable[int | None], shortest: int = 1) -> Iterator[str]:
    """The strings at these offsets that look like passwords."""
    for offset in offsets:
        text = None if offset is None else image.text(offset)
        if (
            text is not None
            and len(text) >= shortest
            and text.isprintable()
            and text not in NO_PASSWORDS
            and not text.startswith(VERSION_MARKER)
        ):
            yield text


def _around_call(image: FlashImage, call: BeginCall) -> Iterator[int | None]:
    """Where the constants of a call point to, and where they are: short strings are among the numbers of the code."""
    for pool in call.loaded:
        constant = image.word(pool)
        yield None if constant is None else image.offset(constant)
        yield image.offset(pool)


def _in_pool(image: FlashImage, pointers: list[int]) -> Iterator[int | None]:
    """Where the words next to these point to."""
    for distance in range(1, _POOL_REACH + 1):
        for pointer in pointers:
            for offset in (pointer - 4 * distance, pointer + 4 * distance):
                if 0 <= offset // 4 < len(image.words):
                    yield image.offset(image.words[offset // 4])


def _by_distance(image: FlashImage, origin: int) -> Iterator[int]:
    """Every string, the nearest to an offset first; those that no word points to at the end."""

    def nearest_first(offsets: Iterable[int]) -> Iterator[int]:
        return iter(sorted(offsets, key=lambda offset: abs(offset - origin)))

    literals = nearest_first(_pointed(image, image.base, len(image.content), 0))
    yield from islice(literals, _BEFORE_ARRAYS)
    if variables := image.variables:
        yield from nearest_first(_pointed(image, variables.address, variables.size, variables.offset))
        yield from nearest_first(_behind_nul(image, variables.offset, variables.offset + variables.size))
    yield from literals
    yield from nearest_first(_behind_nul(image, 0, len(image.content)))


def _behind_nul(image: FlashImage, start: int, end: int) -> Iterator[int]:
    return (match.start() for match in _STRING_BEHIND_NUL.finditer(image.content, start, end))


def _pointed(image: FlashImage, address: int, size: int, offset: int) -> set[int]:
    """The offsets that words point to, of what stands at `offset` and is found at `address`."""
    end = address + size
    return {word - address + offset for word in image.words if address <= word < end}
