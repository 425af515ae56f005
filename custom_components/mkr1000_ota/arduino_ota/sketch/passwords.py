"""Which OTA name and password an image has: the likeliest first, and not too many.

An image does not say which of its strings is the password. The call of begin() tells nearly always. Where it does not,
the password is likely among the strings that the code around that call uses, or one of those near the name.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
import re
from typing import Final

from .begin_call import BeginCall
from .code import Code
from .image import FlashImage
from .ota_library import AUTHORIZATION_PREFIX, COMMON_STRINGS, VERSION_MARKER

# Each may cost the board a request, during which its sketch stands still.
MOST_CANDIDATES: Final = 24

# How many strings near the name are looked at.
_NEARBY: Final = 1024
# How many calls that look like one of begin() are looked at, and how many bytes of code in front of them and behind.
_CALLS: Final = 6
_BEFORE: Final = 2048
_BEHIND: Final = 256
# How many likely strings around a call come before those near the name, how many of these before the unlikely ones
# around a call, and how many literals are nearer than any array.
_MOST_AROUND: Final = 12
_MOST_NEAR: Final = 8
_LITERALS_FIRST: Final = 64
# Code and numbers look like short strings now and then, and hardly ever like long ones.
_SHORT: Final = 4

_NO_NAMES: Final = (None, "", *COMMON_STRINGS)
_STRING_BEHIND_NUL: Final = re.compile(rb"(?<=\0)[ -~\x80-\xff]{1,128}(?=\0)")
# Names of files and functions, with which libraries complain.
_COMPLAINT: Final = re.compile(r"/\w+\.(c|cc|cpp|h|hpp)$|\w::\w+")
_FORMAT: Final = re.compile(r"%[-+ #0]*\d*(\.\d+)?[hl]*[diouxXcsfgp]")


def name_and_passwords(code: Code, calls: list[BeginCall]) -> tuple[str | None, tuple[str, ...]]:
    """The name that a sketch announces, None if not found, and the passwords that it may want, likeliest first."""
    image = code.image
    # A compiler may have left out arguments: then the password would be taken for the name.
    named = next(
        (call for call in calls if call.is_understood or (call.has_objects and call.name not in _NO_NAMES)), None
    )
    understood = (call.password for call in calls if call.is_understood and call.password is not None)
    # A compiler may have put the code of begin() in the place of its call.
    sites = [call.site for call in calls if call.has_objects]
    sites = sites or list(code.loads(image.pointers(AUTHORIZATION_PREFIX)))
    used = [offset for site in sites[:_CALLS] for offset in _used_around(code, site)]
    name = image.offset(named.name_address) if named and named.name_address is not None else None
    around = list(_texts(image, used))
    nearby = _by_distance(code, next(iter(used), 0) if name is None else name)
    near = list(islice(_texts(image, nearby), _NEARBY))
    likely_around = [text for text in around if not _is_unlikely(text)]
    likely_near = [text for text in near if not _is_unlikely(text)]
    long_near = (text for text in near if len(text) >= _SHORT)
    ranked = (understood, likely_around[:_MOST_AROUND], likely_near[:_MOST_NEAR], around, likely_near, long_near)
    found = dict.fromkeys(chain.from_iterable(ranked))
    return named.name if named else None, tuple(islice(found, MOST_CANDIDATES))


def _texts(image: FlashImage, offsets: Iterable[int]) -> Iterator[str]:
    """What a person may have typed of the strings at these offsets, without what every image has."""
    for offset in offsets:
        text = image.text(offset)
        if text is None or not text.replace("\t", " ").isprintable() or text in COMMON_STRINGS:
            continue
        if not text.startswith(VERSION_MARKER) and not _COMPLAINT.search(text):
            yield text


def _is_unlikely(text: str) -> bool:
    """Whether a text does not look much like a password, or may be no text at all."""
    return len(text) < _SHORT or text.endswith((" ", ":")) or "\t" in text or bool(_FORMAT.search(text))


def _used_around(code: Code, site: int) -> Iterator[int]:
    """Where the strings are that code uses, the nearest to a call first; a short array is a number in the code."""
    function, image = code.function_of(site) or 0, code.image
    places = sorted(
        code.within(function, site - _BEFORE, site + _BEHIND), key=lambda place: (place > site, abs(place - site))
    )
    for literal in dict.fromkeys(map(code.literal, places)):
        if literal is not None and (word := image.word_at(literal)) is not None:
            offset = image.offset(word)
            if offset is None and (text := image.text(literal)) and text.isascii():
                yield literal
            elif offset is not None and offset >= code.end:
                yield offset


def _by_distance(code: Code, origin: int) -> Iterator[int]:
    """Every string, the nearest to an offset first; arrays early, those that no word points to at the end."""

    def nearest_first(offsets: Iterable[int]) -> Iterator[int]:
        return iter(sorted(offsets, key=lambda offset: abs(offset - origin)))

    image = code.image
    start, end = image.base + code.end, image.base + len(image.content)
    literals = nearest_first({word - image.base for word in image.words if start <= word < end})
    yield from islice(literals, _LITERALS_FIRST)
    if variables := image.variables:
        yield from nearest_first(_behind_nul(image, variables.offset, variables.offset + variables.size))
    yield from literals
    yield from nearest_first(_behind_nul(image, code.end, len(image.content)))


def _behind_nul(image: FlashImage, start: int, end: int) -> Iterator[int]:
    return (match.start() for match in _STRING_BEHIND_NUL.finditer(image.content, start, end))
