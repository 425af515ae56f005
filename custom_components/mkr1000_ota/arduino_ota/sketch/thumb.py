"""As much of the Thumb instruction set as it takes to see with which constants a function is called.

Encodings: ARMv6-M Architecture Reference Manual, chapter A5. Instructions are read one after another, branches are not
followed: what is found this way is likely, and proven only where everything is forgotten wherever a branch may lead to.
"""

from dataclasses import dataclass
from typing import Final, Self

from ..hardware import SRAM_START
from .code import CALL_CLOBBERED, Code

# How many bytes of a function are looked at.
_FUNCTION_LIMIT: Final = 2048
_STACK_POINTER: Final = 13
# How many bytes STR, STRB and STRH store.
_SIZES: Final = {0b01100: 4, 0b01110: 1, 0b10000: 2}


@dataclass(frozen=True, slots=True)
class Argument:
    """What a function was given when it was called: the first four in registers, the fifth on the stack."""

    number: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on the stack, in bytes from where the stack pointer was when the function was called."""

    offset: int


# What a register holds: a number, often an address; a place on the stack; what the function was given; or nobody knows.
type Value = int | Slot | Argument | None


@dataclass(frozen=True, slots=True)
class Store:
    """What the instruction at a place writes to memory, `distance` bytes behind where `base` points to."""

    place: int
    base: Value
    distance: int
    value: Value

    @property
    def address(self) -> int | None:
        return self.base + self.distance if isinstance(self.base, int) else None


class Registers:
    """What the registers hold while the instructions of a function are read one after another.

    `stores` are the writes to memory, `given` has what was in the first register by the places of calls.
    """

    def __init__(self, code: Code, function: int, end: int | None = None, *, is_certain: bool = False) -> None:
        """Read a function up to `end`, if that is given, as far as its last 2 KiB in front of that tell.

        `is_certain` leaves out whatever may be otherwise on another way to `end`, and what is in SRAM, as that changes.
        """
        self._image = code.image
        self._is_certain = is_certain
        self._held: list[Value] = [*map(Argument, range(4)), *[None] * 9, Slot(0), None, None]
        self._stack: dict[int, Value] = {0: Argument(4)}
        self._frame: Value = Slot(0)
        # From here up, a function that was told a place on the stack may have changed what is there.
        self._exposed = 0
        self.stores: list[Store] = []
        self.given: dict[int, Value] = {}
        self._read(code, function, function + _FUNCTION_LIMIT if end is None else end)

    @classmethod
    def at(cls, code: Code, place: int, *, is_certain: bool = False) -> Self:
        """What the registers hold in front of the instruction at a place."""
        return cls(code, code.function_of(place) or 0, place, is_certain=is_certain)

    def argument(self, number: int) -> Value:
        """What a function called now is given."""
        return self._stack.get(self._sp) if number == 4 else self._held[number]

    def _read(self, code: Code, function: int, end: int) -> None:
        behind = function
        for place in code.within(function, max(function, end - _FUNCTION_LIMIT), end + 2):
            if place < behind:
                continue
            if self._is_certain and place != function and (place != behind or code.is_target(place)):
                self._held[:_STACK_POINTER] = [None] * _STACK_POINTER
                self._stack, self._exposed = {}, -_FUNCTION_LIMIT
            if place < end:
                behind = place + self._step(place)

    def _step(self, place: int) -> int:
        """Read the instruction at a place; return how many bytes it has."""
        half = self._image.halves[place // 2]
        held, low, other, number = self._held, half & 7, half >> 3 & 7, half >> 6 & 0x1F
        wide, byte = half >> 8 & 7, half & 0xFF
        literal = (self._image.base + place + 4 & ~3) + 4 * byte
        match half >> 11:
            case 0b11110:  # BL; or a barrier and such, which touch no register that matters
                if place // 2 + 1 < len(self._image.halves) and self._image.halves[place // 2 + 1] & 0xD000 == 0xD000:
                    self._call(place)
                return 4
            case 0b01001:  # LDR from the literal pool
                held[wide] = self._image.word(literal)
            case 0b10100:  # ADR
                held[wide] = literal
            case 0b01101:  # LDR from an address
                held[low] = self._load(held[other], 4 * number)
            case 0b10011:  # LDR from the stack
                held[wide] = self._load(Slot(self._sp), 4 * byte)
            case 0b01100 | 0b01110 | 0b10000 as kind:  # STR, STRB, STRH
                self._store(place, held[other], _SIZES[kind] * number, low)
            case 0b10010:  # STR to the stack
                self._store(place, Slot(self._sp), 4 * byte, wide)
            case 0b10101:  # ADD to the stack pointer
                held[wide] = Slot(self._sp + 4 * byte)
            case 0b00100:  # MOVS of a number
                held[wide] = byte
            case 0b00110 | 0b00111:  # ADDS, SUBS of a number
                held[wide] = _sum(held[wide], -byte if half & 0x0800 else byte)
            case 0b00011 if half & 0x0400:  # ADDS, SUBS of a number below 8
                held[low] = _sum(held[other], -(number & 7) if half & 0x0200 else number & 7)
            case 0b00000:  # MOVS of a register, LSLS
                value = held[other]
                shifted = value << number & 0xFFFF_FFFF if isinstance(value, int) else None
                held[low] = shifted if number else value
            case 0b01000 if half & 0xFD00 == 0x4400:  # ADD, MOV of any register
                target, value = half >> 4 & 8 | low, held[half >> 3 & 15]
                held[target] = value if half & 0x0200 else _sum(held[target], value)
            case 0b01000 if half & 0xFF80 == 0x4780:  # BLX
                self._call(place)
            case 0b01000 if half & 0xFF00 == 0x4500 or (half & 0xFF00 == 0x4200 and half & 0xC0 != 0x40):
                pass  # comparisons
            case 0b10110 | 0b10111:
                self._adjust(place, half)
            case 0b11000:  # STM
                for index, register in enumerate(number for number in range(8) if byte >> number & 1):
                    self._store(place, held[wide], 4 * index, register)
                held[wide] = _sum(held[wide], 4 * byte.bit_count())
            case 0b11001:  # LDM
                for register in (wide, *(number for number in range(8) if byte >> number & 1)):
                    held[register] = None
            case 0b00101 | 0b11010 | 0b11011 | 0b11100:
                pass  # comparisons, branches
            case 0b01010 if half & 0x0600 != 0x0600:
                pass  # stores to where nobody knows
            case _:  # calculations and other loads
                held[low] = None
        return 2

    @property
    def _sp(self) -> int:
        return self._held[_STACK_POINTER].offset if isinstance(self._held[_STACK_POINTER], Slot) else 0

    def _call(self, place: int) -> None:
        self.given[place] = self._held[0]
        self._expose(*self._held[:4])
        self._stack = {offset: kept for offset, kept in self._stack.items() if not self._exposed <= offset < 0}
        for register in CALL_CLOBBERED:
            self._held[register] = None

    def _expose(self, *values: Value) -> None:
        self._exposed = min(self._exposed, *(value.offset for value in values if isinstance(value, Slot)), 0)

    def _adjust(self, place: int, half: int) -> None:
        """What the instructions around 0xB000 do: most move the stack pointer, some change a register.

        What stands behind a return is reached from elsewhere, where the function has still got all of its stack.
        """
        match half >> 8:
            case 0xB0 if not half & 0x80:
                self._held[_STACK_POINTER] = Slot(self._sp + 4 * (half & 0x7F))
            case 0xB0:
                self._frame = self._held[_STACK_POINTER] = Slot(self._sp - 4 * (half & 0x7F))
            case 0xB4 | 0xB5:
                self._frame = self._held[_STACK_POINTER] = Slot(self._sp - 4 * (half & 0x1FF).bit_count())
            case 0xBC:
                self._held[_STACK_POINTER] = Slot(self._sp + 4 * (half & 0xFF).bit_count())
                for register in range(8):
                    if half >> register & 1:
                        self._held[register] = None
            case 0xBD:
                self._held[_STACK_POINTER] = self._frame
            case 0xB2 | 0xBA:
                self._held[half & 7] = None

    def _store(self, place: int, base: Value, distance: int, register: int) -> None:
        self._expose(self._held[register])
        if isinstance(base, Slot):
            self._stack[base.offset + distance] = self._held[register]
        else:
            self.stores.append(Store(place, base, distance, self._held[register]))

    def _load(self, base: Value, distance: int) -> Value:
        match base:
            case Slot(start):
                return self._stack.get(start + distance)
            case int() if base < SRAM_START or not self._is_certain:
                return self._image.word(base + distance)
        return None


def _sum(value: Value, number: Value) -> Value:
    match value, number:
        case int(), int():
            return value + number & 0xFFFF_FFFF
        case Slot(offset), int():
            return Slot(offset + ((number & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000))
    return None
