"""As much of the Thumb instruction set as it takes to see which constants a function is called with.

Encodings: ARMv6-M Architecture Reference Manual, chapter A5. Branches are not followed: what is found this way is
likely, not proven.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import re
from typing import Final

from .image import FlashImage

# Registers that a called function may overwrite: procedure call standard for the Arm architecture.
_CALL_CLOBBERED: Final = (0, 1, 2, 3, 12)
_UPPER_BYTE_OF_CALL: Final = re.compile(rb"[\x47\xf0-\xf7]")
# How many half words in front of a call through a register may lie the one that loads its target.
_LOAD_REACH: Final = 16


def calls(image: FlashImage) -> Iterator[tuple[int, int]]:
    """Every function call, as the offset where it stands and the address that it calls."""
    halves = image.halves
    start, end = image.base, image.address(len(image.content))
    # The upper bytes of all half words tell where a closer look is worth its time.
    for match in _UPPER_BYTE_OF_CALL.finditer(image.content[1::2], 0, len(halves) - 1):
        index = match.start()
        half = halves[index]
        if half >> 11 == 0b11110 and (low := halves[index + 1]) & 0xD000 == 0xD000:  # BL
            target = image.address(2 * index) + 4 + _distance(half, low)
        elif half & 0xFF87 == 0x4780:  # BLX of a register
            target = _loaded_address(image, index, half >> 3 & 15)
        else:
            continue
        if start <= target < end:
            yield 2 * index, target


def _loaded_address(image: FlashImage, call: int, register: int) -> int:
    """The code address that a register was given shortly before an instruction; 0 if none."""
    load = 0b01001 << 3 | register
    for index in range(call - 1, max(-1, call - _LOAD_REACH), -1):
        if image.halves[index] >> 8 == load:
            value = image.word((image.address(2 * index) + 4 & ~3) + 4 * (image.halves[index] & 0xFF)) or 0
            return value & ~1 if value & 1 else 0
    return 0


def _distance(high: int, low: int) -> int:
    sign = high >> 10 & 1
    # Two bits are stored so that they are 1 if they equal the sign.
    bit_23, bit_22 = sign ^ 1 ^ low >> 13 & 1, sign ^ 1 ^ low >> 11 & 1
    return -(sign << 24) + (bit_23 << 23) + (bit_22 << 22) + ((high & 0x3FF) << 12) + ((low & 0x7FF) << 1)


@dataclass(frozen=True, slots=True)
class Argument:
    """What a function was given in a register when it was called."""

    register: int


# What a register holds: a number, often an address; what the function was given; or nobody knows.
type Value = int | Argument | None


class Registers:
    """What the registers hold while the instructions of a function are read one after another."""

    def __init__(self, image: FlashImage) -> None:
        """Start at the beginning of a function, of which the first four arguments are in registers 0 to 3."""
        self._image = image
        self._held: list[Value] = [*map(Argument, range(4)), *[None] * 12]
        # What was read from literal pools, by address; None where that is outside of the image.
        self.constants: dict[int, int | None] = {}

    def __getitem__(self, register: int) -> Value:
        """Return what a register holds."""
        return self._held[register]

    def run(self, start: int, end: int) -> None:
        """Read the instructions from one offset up to another."""
        offset = start
        while offset < end:
            offset += self.step(offset)

    def step(self, offset: int) -> int:
        """Read the instruction at an offset; return how many bytes it has."""
        half = self._image.halves[offset // 2]
        held, low, other, number = self._held, half & 7, half >> 3 & 7, half >> 6 & 0x1F
        wide, byte = half >> 8 & 7, half & 0xFF
        match half >> 11:
            case 0b11110:  # BL
                for register in _CALL_CLOBBERED:
                    held[register] = None
                return 4
            case 0b01001:  # LDR from the literal pool
                held[wide] = self._constant((self._image.address(offset) + 4 & ~3) + 4 * byte)
            case 0b01101:  # LDR from an address
                held[low] = self._loaded(held[other], 4 * number)
            case 0b10100:  # ADR
                held[wide] = (self._image.address(offset) + 4 & ~3) + 4 * byte
            case 0b00100:  # MOVS of a number
                held[wide] = byte
            case 0b00110:  # ADDS of a number
                held[wide] = _sum(held[wide], byte)
            case 0b00111:  # SUBS of a number
                held[wide] = _sum(held[wide], -byte)
            case 0b00011 if half & 0x0400:  # ADDS, SUBS of a number below 8
                held[low] = _sum(held[other], -(number & 7) if half & 0x0200 else number & 7)
            case 0b00000 if number == 0:  # MOVS of a register
                held[low] = held[other]
            case 0b01000 if half & 0xFF00 == 0x4600:  # MOV of any register
                held[half >> 4 & 8 | low] = held[half >> 3 & 15]
            case 0b10011 | 0b10101:  # something of the stack
                held[wide] = None
            case 0b11001:  # LDM
                for register in range(8):
                    if byte >> register & 1:
                        held[register] = None
            case 0b10110 if half & 0x0F00 != 0x0200:
                pass  # pushes, room on the stack
            case 0b00101 | 0b01100 | 0b01110 | 0b10000 | 0b10010 | 0b11000 | 0b11010 | 0b11011 | 0b11100:
                pass  # comparisons, stores, branches
            case _:  # calculations and other loads
                held[low] = None
        return 2

    def _constant(self, address: int) -> int | None:
        self.constants[address] = self._image.word(address)
        return self.constants[address]

    def _loaded(self, address: Value, distance: int) -> int | None:
        return self._image.word(address + distance) if isinstance(address, int) else None


def _sum(value: Value, number: int) -> int | None:
    return value + number & 0xFFFF_FFFF if isinstance(value, int) else None
