"""What a sketch passes to WiFiOTA.begin(name, password, storage) or ArduinoOTA.begin(address, name, password, storage).

The function is recognised by a literal that it alone refers to, its calls by their target, and the arguments by what
is in the registers at the call. Where the calling function was given them itself, its own calls are looked at.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .image import SRAM_END, SRAM_START, FlashImage
from .library_strings import AUTHORIZATION_PREFIX, BASE_64_DIGITS, LITERALS_OF_BEGIN
from .thumb import Argument, Registers, Value, calls

# Where the first four arguments are: those of WiFi101OTA are the OTA object, name, password and the storage object,
# those of ArduinoOTA the OTA object, the board's address, name and password.
_WIFI101OTA: Final = (Argument(1), Argument(2), Argument(0), Argument(3))
_ARDUINOOTA: Final = (Argument(2), Argument(3), Argument(0))
# How much of a function may lie in front of one of its literal pools. A load reaches 1020 bytes; long functions have
# several pools.
_FUNCTION_LIMIT: Final = 2048
# Code and numbers look like calls now and then: so many possible starts of a function are considered.
_STARTS: Final = 4
# How many calls are looked at: of begin(), of the functions that call it, and of those that call these.
_CALLS_BY_DEPTH: Final = (128, 48, 24)
# A name becomes one label of a host name.
_NAME_LIMIT: Final = 63


@dataclass(frozen=True, slots=True)
class BeginCall:
    """What looks like a call of begin(). None stands for what only a running sketch knows.

    `name_address` is where the name is. `has_objects` tells whether the other arguments are what they have to be.
    `loaded` are the places in literal pools of the constants that the code in front of the call takes, the last one
    first: they tell of a password that is copied before it is passed on.
    """

    name: str | None
    name_address: int | None
    password: str | None
    has_objects: bool
    loaded: tuple[int, ...]

    @property
    def is_understood(self) -> bool:
        """Whether everything is as in a call of begin(), and both strings are known."""
        return self.has_objects and self.name is not None and self.password is not None


def calls_of_begin(image: FlashImage) -> list[BeginCall]:
    """What looks like a call of begin(), likeliest first; nothing where a compiler has dissolved the call."""
    code = _Code(image)
    pools = [*image.pointers(AUTHORIZATION_PREFIX)] or [*image.pointers(BASE_64_DIGITS)]
    places: list[tuple[int, tuple[Value, ...]]] = [(pool, way) for way in (_WIFI101OTA, _ARDUINOOTA) for pool in pools]
    found: list[BeginCall] = []
    for limit in _CALLS_BY_DEPTH:
        sites = [(site, wanted) for place, wanted in places for site in islice(code.calls_of(place), limit)]
        places = []
        for site, wanted in sites[:limit]:
            registers = code.registers_at(site)
            passed = tuple(registers[value.register] if isinstance(value, Argument) else value for value in wanted)
            found.append(_begin_call(image, passed, registers))
            if any(isinstance(value, Argument) for value in passed):
                places.append((site, passed))
            elif passed[:2] == (None, None):  # passed on by way of the stack, perhaps
                places.append((site, wanted))
    return sorted(found, key=lambda call: not call.is_understood)


def _begin_call(image: FlashImage, passed: tuple[Value, ...], registers: Registers) -> BeginCall:
    name, password, *objects = (value if isinstance(value, int) else None for value in passed)
    text = image.text_at(name)
    if text is None or not text.isprintable() or text in LITERALS_OF_BEGIN or len(text.encode()) > _NAME_LIMIT:
        text = name = None
    has_objects = all(address is not None and SRAM_START <= address < SRAM_END for address in objects)
    return BeginCall(text, name, image.text_at(password), has_objects, tuple(reversed(registers.constants)))


class _Code:
    """The functions of an image, as far as their calls tell of them."""

    def __init__(self, image: FlashImage) -> None:
        self._image = image
        self._sites: dict[int, list[int]] = {}
        for site, target in calls(image):
            self._sites.setdefault(target, []).append(site)
        self._starts = sorted(self._sites)
        self._registers: dict[int, Registers] = {}

    def calls_of(self, place: int) -> Iterator[int]:
        """The offsets of all calls of the function to which an offset belongs, those of its likeliest start first.

        Of several calls the last one counts for a board: so it comes first.
        """
        for start in self._starts_before(place):
            yield from reversed(self._sites[start])

    def registers_at(self, site: int) -> Registers:
        """What the registers hold at an offset, as far as the code of its function in front of it tells."""
        if site not in self._registers:
            start = next(self._starts_before(site), None)
            self._registers[site] = Registers(self._image)
            self._registers[site].run(
                max(0, site - _FUNCTION_LIMIT) if start is None else start - self._image.base, site
            )
        return self._registers[site]

    def _starts_before(self, place: int) -> Iterator[int]:
        address = self._image.address(place)
        end = bisect(self._starts, address)
        for start in reversed(self._starts[max(0, end - _STARTS) : end]):
            if address - start <= _FUNCTION_LIMIT:
                yield start
