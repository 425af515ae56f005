"""A toy linker: vectors, functions, strings and initialised variables, all at the addresses that a SAMD21 sees."""

from collections.abc import Iterator, Sequence
from struct import pack

from tests.virtual_board.assembler import Function, Word

SRAM = 0x2000_0000
RAM_SIZE = 0x8000


class Image:
    """A flash image in the making. Offsets count from its start, addresses from the base it is linked at."""

    def __init__(self, base: int) -> None:
        """Start an empty image that will run at the address `base`."""
        self._base = base
        self._content = bytearray()
        self._pointers: list[tuple[int, bytes | str]] = []
        self._functions: list[tuple[int, int, Function]] = []
        self._strings: dict[bytes, int] = {}
        self._symbols: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of bytes put in so far."""
        return len(self._content)

    @property
    def address(self) -> int:
        """Where the next byte will be found at run time."""
        return self._base + len(self._content)

    def define(self, symbol: str, value: int) -> None:
        """Give a symbol its value."""
        self._symbols[symbol] = value

    def put(self, content: bytes) -> None:
        """Append bytes as they are."""
        self._content += content

    def align(self) -> None:
        """Fill up to the next whole word."""
        self._content += bytes(-len(self._content) % 4)

    def put_words(self, words: Sequence[Word]) -> None:
        """Append words; `linked()` puts addresses where strings and symbols are named."""
        self.align()
        for word in words:
            if isinstance(word, int):
                self._content += word.to_bytes(4, "little")
            else:
                self._pointers.append((len(self._content), word))
                self._content += bytes(4)

    def put_function(self, function: Function, runs_at: int | None = None) -> None:
        """Append a function with its pool; its label becomes a symbol, odd as every address of Thumb code.

        What is copied elsewhere before it runs is linked for that place.
        """
        self.align()
        address = self.address if runs_at is None else runs_at
        self.define(function.label, address | 1)
        self._functions.append((len(self._content), address, function))
        self._content += bytes(function.code_size)
        self.put_words(function.pool)

    def put_string(self, string: bytes) -> None:
        """Append a literal with its NUL."""
        self._strings.setdefault(string, self.address)
        self._content += string + b"\0"

    def linked(self) -> bytes:
        """The image with every address filled in."""
        for offset, target in self._pointers:
            address = self._string(target) if isinstance(target, bytes) else self._symbols[target]
            self._content[offset : offset + 4] = address.to_bytes(4, "little")
        for offset, runs_at, function in self._functions:
            halves = function.assembled(runs_at, self._symbols)
            self._content[offset : offset + 2 * len(halves)] = pack(f"<{len(halves)}H", *halves)
        return bytes(self._content)

    def _string(self, string: bytes) -> int:
        if string in self._strings:
            return self._strings[string]
        for longer, address in self._strings.items():
            if longer.endswith(string):
                return address + len(longer) - len(string)
        raise KeyError(string)


def merged(strings: Sequence[bytes]) -> Iterator[bytes]:
    """The strings that remain when a linker has dropped repeated ones and those that are the tail of another."""
    unique = dict.fromkeys(strings)
    for string in unique:
        if not any(other.endswith(string) for other in unique if other != string):
            yield string
