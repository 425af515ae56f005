"""Programs in an image: a vector table and the reset handler that it names, which tells of the program's memory.

A reset handler copies the initial values of variables from behind the code to SRAM and clears the variables that have
none. So it holds where these values begin in the flash, which is where the code ends, and where both kinds of variables
begin and end in SRAM. That gives the exact size of the image that the linker made, and what is left of the RAM.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..hardware import FLASH_END, SRAM_END, SRAM_START, Storage
from .code import Flow
from .image import FlashImage, Variables

# The linker script begins a vector table only at multiples of this.
_TABLE_ALIGNMENT: Final = 0x2000
_TABLE_WORDS: Final = 16
# Words of the table that the architecture reserves.
_RESERVED: Final = (4, 5, 6, 7, 8, 9, 10, 12, 13)
# How many instructions of a reset handler are looked at. The longest one seen has 48.
_RESET_HANDLER_LIMIT: Final = 512
# What follows the copying are addresses of peripherals.
_PERIPHERALS: Final = 0x4000_0000


class Loader(NamedTuple):
    """What copies a sketch from its storage when the board starts; `size` is that of the loader, in front of it."""

    library: str
    size: int


LOADERS: Final = {Storage.SD: Loader("SDU", 0x4000), Storage.SERIAL_FLASH: Loader("SFU", 0x8000)}
"""The loaders of Arduino's core, by storage."""

# What the loader of SNU opens, which is as long as SDU's and copies from the Wi-Fi module.
_SNU: Final = b"/fs/UPDATE.BIN"


@dataclass(frozen=True, slots=True)
class Program:
    """One program of an image: where its vector table and its reset handler are, and what that tells.

    `end` is the offset of the end of its image, `free_ram` in bytes what its variables leave to stack and heap.
    """

    offset: int
    reset_handler: int
    end: int | None = None
    variables: Variables | None = None
    free_ram: int | None = None


def loader(image: FlashImage, program: Program) -> Storage | None:
    """The storage from which a loader in front of a program copies the next one."""
    if _SNU in image.content[: program.offset]:
        return None
    return next((storage for storage, loader in LOADERS.items() if loader.size == program.offset), None)


def bootable(image: FlashImage, offset: int = 0) -> bool:
    """Whether a vector table stands there: first a stack in SRAM, then a reset handler in the flash, in Thumb code."""
    if offset + 8 > len(image.content):
        return False
    stack, reset = image.words[offset // 4 : offset // 4 + 2]
    behind_table = image.base + offset + 4 * _TABLE_WORDS
    return SRAM_START < stack <= SRAM_END and stack % 4 == 0 and reset % 2 == 1 and behind_table <= reset < FLASH_END


def programs(image: FlashImage) -> Iterator[Program]:
    """The program at the start, and those behind it: libraries that load sketches put a loader in front of them."""
    yield _program(image, 0)
    for offset in range(_TABLE_ALIGNMENT, len(image.content) - 4 * _TABLE_WORDS, _TABLE_ALIGNMENT):
        if bootable(image, offset) and not any(image.words[offset // 4 + word] for word in _RESERVED):
            yield _program(image, offset)


def _program(image: FlashImage, offset: int) -> Program:
    handler = image.words[offset // 4 + 1] - 1 - image.base
    literals = list(_literals(image, handler))
    constants = [image.word_at(place) for place in literals]
    if not literals or None in constants:  # cut off
        return Program(offset, handler, max([handler, *literals]) + 4)
    in_flash = [value for value in constants if value and image.base < value < FLASH_END and value % 4 == 0]
    in_sram = [value for value in constants if value and SRAM_START <= value <= SRAM_END]
    ends = [value for value in in_sram if value > SRAM_START]
    if not in_flash or SRAM_START not in in_sram or not ends:
        return Program(offset, handler)
    # Of the addresses behind the start of the variables, their end is loaded first. Compilers that turn a loop into a
    # call of memcpy() or memset() may keep an end less or plus 3.
    size = (ends[0] - SRAM_START) // 4 * 4
    start = max(in_flash) - image.base
    return Program(offset, handler, start + size, Variables(SRAM_START, start, size), SRAM_END - max(ends) // 4 * 4)


def _literals(image: FlashImage, start: int) -> Iterator[int]:
    """The places of the literals that a reset handler loads before it sets up peripherals."""
    flow, todo, seen = Flow(image), [start], set[int]()
    while todo and len(seen) < _RESET_HANDLER_LIMIT:
        if (place := todo.pop()) in seen:
            continue
        seen.add(place)
        if (literal := flow.literal(place)) is not None:
            if (image.word_at(literal) or 0) >= _PERIPHERALS:
                continue
            yield literal
        todo += reversed(flow.successors(place))
