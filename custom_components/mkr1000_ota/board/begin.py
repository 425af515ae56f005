"""What a sketch passes to WiFiOTA.begin(name, password, storage) or ArduinoOTA.begin(address, name, password, storage).

The function is recognised by a literal that it alone refers to, its calls by their target, and the arguments by the
constants that are in the registers at the call.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .image import SRAM_END, SRAM_START, FlashImage
from .literals import AUTHORIZATION_PREFIX, BASE_64_DIGITS, LITERALS_OF_BEGIN
from .thumb import Registers, calls

# Registers 0 to 3 carry the first four arguments: the OTA object, name, password and storage object; with ArduinoOTA the
# OTA object, the board's address, name and password.
_NAME_AND_OBJECTS: Final = ((1, (0, 3)), (2, (0,)))
# How much of a function may lie in front of one of its literal pools. A load reaches 1020 bytes; long functions have
# several pools.
_FUNCTION_LIMIT: Final = 2048
# How much code in front of a call is read for what it puts into the registers.
_CALL_REACH: Final = 192
# Code and numbers look like calls now and then: so many possible starts of a function are considered.
_STARTS: Final = 4
# How many calls are looked at: those of begin(), of what calls it, and of what calls that. ArduinoOTA's begin() is
# called through functions that only pass on what they were given.
_CALLS_BY_DEPTH: Final = (128, 24, 24)
# A name becomes one label of a host name.
_NAME_LIMIT: Final = 63


@dataclass(frozen=True, slots=True)
class BeginCall:
    """What looks like a call of begin(). None stands for what only a running sketch knows.

    `name_address` is where the name is. `loaded` are the places in literal pools of the constants that the code in
    front of the call takes, the last one first: they tell of a password that is copied before it is passed on.
    `has_objects` tells whether the other arguments are what they have to be.
    """

    name: str | None
    name_address: int | None
    password: str | None
    loaded: tuple[int, ...]
    has_objects: bool

    @property
    def is_understood(self) -> bool:
        """Whether everything is as in a call of begin(), and both strings are known."""
        return self.has_objects and self.name is not None and self.password is not None


def calls_of_begin(image: FlashImage) -> list[BeginCall]:
    """What looks like a call of begin(), likeliest first; nothing where a compiler has dissolved the call."""
    every = _Calls(image)
    pools = [*image.pointers(AUTHORIZATION_PREFIX)] or [*image.pointers(BASE_64_DIGITS)]
    places = pools
    found: list[BeginCall] = []
    for limit in _CALLS_BY_DEPTH:
        places = list(islice((site for place in places for site in every.of_function_at(place)), limit))
        found += (call for site in places for call in _read_call(image, site))
    return sorted(found, key=lambda call: not call.is_understood)


def _read_call(image: FlashImage, site: int) -> Iterator[BeginCall]:
    """What the call at an offset passes, for either library."""
    registers = Registers(image)
    registers.run(max(0, site - _CALL_REACH), site)
    loaded = tuple(reversed(registers.constants))
    for register, objects in _NAME_AND_OBJECTS:
        address = registers[register]
        name, password = image.text_at(address), image.text_at(registers[register + 1])
        if not _is_name(name):
            name = address = None
        yield BeginCall(name, address, password, loaded, all(_in_sram(registers[held]) for held in objects))


def _in_sram(address: int | None) -> bool:
    return address is not None and SRAM_START <= address < SRAM_END


def _is_name(text: str | None) -> bool:
    if text is None or text in LITERALS_OF_BEGIN:
        return False
    return text.isprintable() and len(text.encode()) <= _NAME_LIMIT


class _Calls:
    """All function calls of an image, found by what they call."""

    def __init__(self, image: FlashImage) -> None:
        self._image = image
        self._sites: dict[int, list[int]] = {}
        for site, target in calls(image):
            self._sites.setdefault(target, []).append(site)
        self._targets = sorted(self._sites)

    def of_function_at(self, offset: int) -> Iterator[int]:
        """The offsets of all calls of the function to which an offset belongs, those of its likeliest start first.

        Of several calls the last one counts for a board: so it comes first.
        """
        address = self._image.address(offset)
        end = bisect(self._targets, address)
        for target in reversed(self._targets[max(0, end - _STARTS) : end]):
            if address - target <= _FUNCTION_LIMIT:
                yield from reversed(self._sites[target])
