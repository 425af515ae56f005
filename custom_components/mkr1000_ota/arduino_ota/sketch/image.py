"""What a processor finds at which address, once an image is in the flash of a SAMD21 and its variables are set up."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
import sys
from typing import Final

FLASH_END: Final = 0x40000
SRAM_START: Final = 0x2000_0000
SRAM_END: Final = 0x2000_8000
# The bootloader occupies the flash below. Every sketch is linked to begin here.
LINK_BASE: Final = 0x2000

# Longer ones are no names and no passwords, and seldom text at all.
_TEXT_LIMIT: Final = 128
# Linkers keep one copy of a string, or few, and it is not used often. Without a limit, a file could be made to keep us
# busy.
_OCCURRENCES: Final = 16
_POINTERS: Final = 16


@dataclass(frozen=True, slots=True)
class Variables:
    """Where the initialised variables live in SRAM, and from which offset of the image they are copied there."""

    address: int
    offset: int
    size: int


class FlashImage:
    """An image, looked at through the addresses that its own code uses.

    Addresses are the processor's; offsets count bytes from the start of the image.
    """

    def __init__(self, content: bytes, base: int = LINK_BASE, variables: Variables | None = None) -> None:
        """Look at an image that is linked to begin at `base`; its variables, if known, can then be looked at, too."""
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

    def address(self, offset: int) -> int:
        """Where the processor finds what stands at an offset of the image."""
        return self.base + offset

    def offset(self, address: int) -> int | None:
        """Where in the image stands what the processor finds at an address; None if that is not in it."""
        if self.base <= address < self.base + len(self.content):
            return address - self.base
        if (variables := self.variables) and variables.address <= address < variables.address + variables.size:
            return address - variables.address + variables.offset
        return None

    def word(self, address: int) -> int | None:
        """The word that the processor reads at an aligned address before the sketch changes anything."""
        offset = self.offset(address)
        if offset is None or offset % 4 or offset // 4 >= len(self.words):
            return None
        return self.words[offset // 4]

    def text(self, offset: int) -> str | None:
        """The C string that begins at an offset, or None if nothing there ends in NUL and is text."""
        end = self.content.find(b"\0", offset, offset + _TEXT_LIMIT + 1)
        if end < 0:
            return None
        try:
            return self.content[offset:end].decode()
        except UnicodeDecodeError:
            return None

    def text_at(self, address: int | None) -> str | None:
        """The C string at an address; see `text()`."""
        offset = None if address is None else self.offset(address)
        return None if offset is None else self.text(offset)

    def has(self, literal: bytes) -> bool:
        """Whether these bytes, ended by NUL, stand anywhere."""
        return literal + b"\0" in self.content

    def points_to(self, literal: bytes) -> bool:
        """Whether any word points to this literal."""
        return next(self.pointers(literal), None) is not None

    def occurrences(self, literal: bytes) -> Iterator[int]:
        """Every offset at which these bytes stand, ended by NUL, on their own or as the tail of a longer string."""
        wanted = literal + b"\0"
        offset = self.content.find(wanted)
        while offset >= 0:
            yield offset
            offset = self.content.find(wanted, offset + 1)

    def references(self, address: int) -> Iterator[int]:
        """The offset of every aligned word that holds an address."""
        wanted = address.to_bytes(4, "little")
        offset = self.content.find(wanted)
        while offset >= 0:
            if offset % 4 == 0:
                yield offset
            offset = self.content.find(wanted, offset + 1)

    def pointers(self, literal: bytes) -> Iterator[int]:
        """The offset of every aligned word that points to this literal, tails of longer strings included."""
        every = (
            reference
            for offset in islice(self.occurrences(literal), _OCCURRENCES)
            for address in self._addresses(offset)
            for reference in self.references(address)
        )
        yield from islice(every, _POINTERS)

    def _addresses(self, offset: int) -> Iterator[int]:
        yield self.base + offset
        if (variables := self.variables) and variables.offset <= offset < variables.offset + variables.size:
            yield variables.address + offset - variables.offset
