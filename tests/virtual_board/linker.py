"""A toy linker: code with literal pools, merged strings, initialised variables, all at the addresses a SAMD21 sees."""

from collections.abc import Iterator, Sequence

SRAM = 0x2000_0000
RAM_SIZE = 0x8000

# A word of code: a number as it is, or a C string (without its NUL) of which the address is wanted.
type Word = int | bytes


class Image:
    """A flash image in the making. Offsets count from its start, addresses from the base it is linked at."""

    def __init__(self, base: int) -> None:
        """Start an empty image that will run at the address `base`."""
        self._base = base
        self._content = bytearray()
        self._pointers: list[tuple[int, bytes]] = []
        self._strings: dict[bytes, int] = {}
        self._variables: dict[bytes, int] = {}

    def __len__(self) -> int:
        """Return the number of bytes put in so far."""
        return len(self._content)

    @property
    def address(self) -> int:
        """Where the next byte will be found at run time."""
        return self._base + len(self._content)

    def put(self, content: bytes) -> None:
        """Append bytes as they are."""
        self._content += content

    def align(self) -> None:
        """Fill up to the next whole word."""
        self._content += bytes(-len(self._content) % 4)

    def put_words(self, words: Sequence[Word]) -> None:
        """Append a function or another run of words; pointers are filled in by `linked()`."""
        self.align()
        for word in words:
            if isinstance(word, bytes):
                self._pointers.append((len(self._content), word))
                word = 0
            self._content += word.to_bytes(4, "little")

    def put_string(self, string: bytes) -> None:
        """Append a literal with its NUL."""
        self._strings[string] = self.address
        self._content += string + b"\0"

    def put_variable(self, content: bytes, address: int) -> None:
        """Append the initial value of an array that the sketch finds at `address` in SRAM, NUL included."""
        self._variables[content] = address
        self._content += content + b"\0"

    def patch(self, offset: int, word: int) -> None:
        """Replace the word at an offset."""
        self._content[offset : offset + 4] = word.to_bytes(4, "little")

    def linked(self) -> bytes:
        """The image with every pointer filled in."""
        for offset, string in self._pointers:
            self.patch(offset, self._resolve(string))
        return bytes(self._content)

    def _resolve(self, string: bytes) -> int:
        if string in self._variables:
            return self._variables[string]
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
