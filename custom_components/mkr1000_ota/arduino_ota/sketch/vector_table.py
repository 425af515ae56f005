"""Programs in an image: a vector table and the reset handler that it names, which says where the program ends.

A reset handler copies the initial values of variables from behind the code to SRAM and clears the variables that have
none. So it holds three addresses: where these values begin in the flash, which is where the code ends, and where they
begin and end in SRAM. Together they give the exact size of the image that the linker made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .image import FLASH_END, SRAM_END, SRAM_START, FlashImage, Variables
from .thumb import Registers

# The linker script begins a vector table only at multiples of this.
_TABLE_ALIGNMENT: Final = 0x2000
_TABLE_WORDS: Final = 16
# Words of the table that the architecture reserves.
_RESERVED: Final = (4, 5, 6, 7, 8, 9, 10, 12, 13)
# The longest reset handler seen has 96 bytes in front of its literal pool.
_RESET_HANDLER_LIMIT: Final = 1024


@dataclass(frozen=True, slots=True)
class Program:
    """One program of an image: where its vector table begins, and its end and its variables, if it tells."""

    offset: int
    end: int | None
    variables: Variables | None


def bootable(image: FlashImage, offset: int = 0) -> bool:
    """Whether a vector table stands there: first a stack in SRAM, then a reset handler in the flash, in Thumb code."""
    if offset + 8 > len(image.content):
        return False
    stack, reset = image.words[offset // 4 : offset // 4 + 2]
    behind_table = image.address(offset) + 4 * _TABLE_WORDS
    return SRAM_START < stack <= SRAM_END and stack % 4 == 0 and reset % 2 == 1 and behind_table <= reset < FLASH_END


def programs(image: FlashImage) -> Iterator[Program]:
    """The program at the start, and those behind it: libraries that load sketches put a loader in front of them."""
    yield _program(image, 0)
    for offset in range(_TABLE_ALIGNMENT, len(image.content) - 4 * _TABLE_WORDS, _TABLE_ALIGNMENT):
        if bootable(image, offset) and not any(image.words[offset // 4 + word] for word in _RESERVED):
            yield _program(image, offset)


def sketch_variables(image: FlashImage) -> Variables | None:
    """The initialised variables of the sketch itself, the last program of its image."""
    *_, sketch = programs(image)
    return sketch.variables


def _program(image: FlashImage, offset: int) -> Program:
    handler = image.words[offset // 4 + 1] - 1 - image.base
    pool = _constants_of_function(image, handler)
    if None in pool.values() or not pool:
        return Program(offset, max([handler, *(address - image.base for address in pool)]) + 4, None)
    constants = [value for value in pool.values() if value is not None]
    in_flash = [value for value in constants if image.base < value < FLASH_END and value % 4 == 0]
    in_sram = [value for value in constants if SRAM_START <= value <= SRAM_END]
    ends = [value for value in in_sram if value > SRAM_START]
    if not in_flash or SRAM_START not in in_sram or not ends:
        return Program(offset, None, None)
    # Of the addresses behind the start of the variables, their end is loaded first. Compilers that turn the loop into a
    # call of memcpy() may keep it less or plus 3.
    size = (ends[0] - SRAM_START) // 4 * 4
    start = max(in_flash) - image.base
    return Program(offset, start + size, Variables(SRAM_START, start, size))


def _constants_of_function(image: FlashImage, start: int) -> dict[int, int | None]:
    """The constants that a function takes from the literal pool behind it, by address, in this order."""
    registers = Registers(image)
    end = min(start + _RESET_HANDLER_LIMIT, 2 * len(image.halves))
    offset = start
    while offset < end:
        offset += registers.step(offset)
        end = min(end, next(reversed(registers.constants), FLASH_END) - image.base)
    return registers.constants
