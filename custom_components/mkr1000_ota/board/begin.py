"""What a sketch passes to WiFiOTA.begin(name, password, storage) or ArduinoOTA.begin(address, name, password, storage).

The function is recognised by a literal that it alone refers to, its calls by their target, and the arguments by the
constants that are in the registers at the call.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .image import FlashImage
from .literals import AUTHORIZATION_PREFIX, BASE_64_DIGITS
from .thumb import Registers, calls

# Registers 0 to 3 carry the first arguments. The first of all is the object; ArduinoOTA's begin() is given the board's
# address before the name.
_NAME_REGISTERS: Final = (1, 2)
# How much of a function may lie in front of one of its literal pools. A load reaches 1020 bytes; long functions have
# several pools.
_FUNCTION_LIMIT: Final = 2048
# How much code in front of a call is read for what it puts into the registers.
_CALL_REACH: Final = 192
# Code and numbers look like calls now and then: so many possible starts of a function are considered.
_STARTS: Final = 4
# ArduinoOTA's begin() is called through functions that only pass on what they were given. Following those, and whatever
# looks like them, ends after so many calls.
_CALLS: Final = 24


@dataclass(frozen=True, slots=True)
class BeginCall:
    """A likely call of begin(): the addresses of its name and password, None for what only a running sketch knows.

    `loaded` are the addresses in literal pools of the constants that the code in front of the call takes, the last one
    first. They tell of a password that is copied before it is passed on.
    """

    name: int | None
    password: int | None
    loaded: tuple[int, ...]


def calls_of_begin(image: FlashImage) -> Iterator[BeginCall]:
    """What looks like a call of begin(), likeliest first; nothing where a compiler has dissolved the call."""
    every = _Calls(image)
    pools = [*image.pointers(AUTHORIZATION_PREFIX)] or [*image.pointers(BASE_64_DIGITS)]
    waiting = [site for pool in pools for site in every.of_function_at(pool)]
    seen: set[int] = set()
    while waiting and len(seen) < _CALLS:
        site = waiting.pop(0)
        if site in seen:
            continue
        seen.add(site)
        registers = Registers(image)
        registers.run(max(0, site - _CALL_REACH), site)
        loaded = tuple(reversed(registers.constants))
        for register in _NAME_REGISTERS:
            yield BeginCall(registers[register], registers[register + 1], loaded)
        waiting += every.of_function_at(site)


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
