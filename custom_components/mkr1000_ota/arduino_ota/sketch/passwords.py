"""Which OTA name and password an image has: the likeliest first, and not too many.

An image does not say which of its strings is the password. The call of begin() tells nearly always. Where it does not,
the password is likely among the constants around that call, or one of the strings near the name.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
import re
from typing import Final, TypeIs

from .begin_call import BeginCall, calls_of_begin
from .image import SRAM_END, SRAM_START, FlashImage
from .library_strings import AUTHORIZATION_PREFIX, BASE_64_DIGITS, NO_PASSWORDS, VERSION_MARKER

# Each may cost the board a request, during which its sketch stands still.
MOST_CANDIDATES: Final = 24

# How many pointers to the name are looked at.
_POINTERS: Final = 8
# Words to either side of a pointer that are likely to be of the same literal pool.
_POOL_REACH: Final = 12
# What looks like a call of begin() without making sense is less likely to be one the further down the list it is.
_CALLS: Final = 6
# So many strings near the name come before the arrays: these are few, and never near a name that is no array.
_BEFORE_ARRAYS: Final = 8

# How many strings of those around a call are likelier than one that is only near the name.
_MOST_AROUND: Final = 12
# Code and numbers look like short strings now and then, and hardly ever like long ones.
_SHORT: Final = 4

_NEVER: Final = (AUTHORIZATION_PREFIX.decode(), BASE_64_DIGITS.decode())
_NO_NAMES: Final = (None, "", *NO_PASSWORDS)

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
    pointers = list(image.pointers(AUTHORIZATION_PREFIX) if name is None else islice(image.references(name), _POINTERS))
    around = chain(
        _in_pool(image, pointers),
        *(_around_call(image, call) for call in calls[:_CALLS]),
        () if understood else _beside_an_object(image),
    )
    texts = dict.fromkeys(text for offset in around if _is_possible(text := image.text(offset)))
    yield from islice(sorted(texts, key=_unlikeliness), _MOST_AROUND)
    origins = list(image.occurrences(AUTHORIZATION_PREFIX)) if name is None else [image.offset(name)]
    for offset in _by_distance(image, next(filter(None, origins), 0)):
        if _is_possible(text := image.text(offset)) and not _unlikeliness(text):
            yield text


def _is_possible(text: str | None) -> TypeIs[str]:
    """Whether a person may have typed this."""
    return text is not None and text.replace("\t", " ").isprintable() and text not in _NEVER


def _unlikeliness(text: str) -> int:
    """0 for what looks like a password, more for what more likely is something else."""
    if not text.isprintable() or text in NO_PASSWORDS or text.startswith(VERSION_MARKER):
        return 2
    return 1 if len(text) < _SHORT or text.endswith((" ", ":")) else 0


def _beside_an_object(image: FlashImage) -> Iterator[int]:
    """Where two words of a literal pool point to that an object follows, as name and password of begin() often do."""
    offset_of = image.offset
    for first, second, third in zip(image.words, image.words[1:], image.words[2:], strict=False):
        if SRAM_START <= third < SRAM_END and (one := offset_of(first)) and (other := offset_of(second)):
            yield other
            yield one


def _in_pool(image: FlashImage, pointers: list[int]) -> Iterator[int]:
    """Where the words next to these point to, the nearest first."""
    for distance in range(1, _POOL_REACH + 1):
        for pointer in pointers:
            for word in (pointer // 4 - distance, pointer // 4 + distance):
                if 0 <= word < len(image.words) and (offset := image.offset(image.words[word])) is not None:
                    yield offset


def _around_call(image: FlashImage, call: BeginCall) -> Iterator[int]:
    """Where the constants of a call point to, or where they are: a short array is a number in the code."""
    for pool in call.loaded:
        address, place = image.word(pool), image.offset(pool)
        if address is not None and (offset := image.offset(address)) is not None:
            yield offset
        elif place is not None and (text := image.text(place)) and text.isascii():
            yield place


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
