"""What a processor finds at which address, once an image is in the flash of a SAMD21 and its variables are set up."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
import sys
from typing import Final

from ..hardware import SKETCH_START

# Longer ones are no names and no passwords, and seldom text at all.
_TEXT_LIMIT: Final = 128
# Linkers keep one copy of a string, or few, and neither it nor a number is used often. Without a limit, a file could be
# made to keep us busy.
_OCCURRENCES: Final = 16
_POINTERS: Final = 16
_REFERENCES: Final = 64


@dataclass(frozen=True, slots=True)
class Variables:
    """Where the initialized variables live in SRAM, and from which offset of the image they are copied there."""

    address: int
    offset: int
    size: int


class FlashImage:
    """An image, looked at through the addresses that its own code uses.

    Addresses are the processor's; offsets count bytes from the start of the image, which is linked to begin at `base`.
    """

    def __init__(self, content: bytes, base: int = SKETCH_START, variables: Variables | None = None) -> None:
        self.content = content
        self.base = base
        self.variables = variables

    @cached_property
    def words(self) -> array[int]:
        """The aligned 32-bit words: among them is every pointer."""
        return self._units("I")

    @cached_property
    def halves(self) -> array[int]:
        """The aligned 16-bit half words: Thumb instructions."""
        return self._units("H")

    def _units(self, code: str) -> array[int]:
        units = array(code)
        units.frombytes(self.content[: len(self.content) // 4 * 4])
        if sys.byteorder == "big":
            units.byteswap()
        return units

    def offset(self, address: int | None) -> int | None:
        """Where in the image stands what the processor finds at an address; None if that is not in it."""
        if address is None:
            return None
        if self.base <= address < self.base + len(self.content):
            return address - self.base
        if (variables := self.variables) and variables.address <= address < variables.address + variables.size:
            return address - variables.address + variables.offset
        return None

    def word(self, address: int) -> int | None:
        """The word that the processor reads at an aligned address before the sketch changes anything."""
        return None if (offset := self.offset(address)) is None else self.word_at(offset)

    def word_at(self, offset: int) -> int | None:
        """The aligned word at an offset, None if there is none."""
        return self.words[offset // 4] if offset % 4 == 0 and 0 <= offset // 4 < len(self.words) else None

    def string(self, offset: int | None) -> bytes | None:
        """The C string that begins at an offset, None if nothing there ends in NUL."""
        end = -1 if offset is None else self.content.find(b"\0", offset, offset + _TEXT_LIMIT + 1)
        return None if end < 0 else self.content[offset:end]

    def text(self, offset: int | None) -> str | None:
        """The C string that begins at an offset, None if nothing there is text."""
        try:
            return None if (string := self.string(offset)) is None else string.decode()
        except UnicodeDecodeError:
            return None

    def has(self, literal: bytes) -> bool:
        """Whether these bytes, ended by NUL, stand anywhere."""
        return literal + b"\0" in self.content

    def points_to(self, literal: bytes) -> bool:
        """Whether any word points to this literal."""
        return next(self.pointers(literal), None) is not None

    def pointers(self, literal: bytes) -> Iterator[int]:
        """The offset of every aligned word that points to this literal, on its own or as the tail of a longer one."""
        every = (
            reference
            for offset in islice(self._every(literal + b"\0"), _OCCURRENCES)
            for address in self._addresses(offset)
            for reference in self.references(address)
        )
        return islice(every, _POINTERS)

    def references(self, address: int) -> Iterator[int]:
        """The offset of every aligned word that holds an address or another number."""
        every = (offset for offset in self._every(address.to_bytes(4, "little")) if offset % 4 == 0)
        return islice(every, _REFERENCES)

    def _every(self, wanted: bytes) -> Iterator[int]:
        offset = self.content.find(wanted)
        while offset >= 0:
            yield offset
            offset = self.content.find(wanted, offset + 1)

    def _addresses(self, offset: int) -> Iterator[int]:
        yield self.base + offset
        if (variables := self.variables) and 0 <= offset - variables.offset < variables.size:
            yield variables.address + offset - variables.offset
