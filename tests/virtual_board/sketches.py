"""Builds sketch images for the MKR1000 that obey the facts about compiled ones. Nothing in them can run.

Where the sketch passes name and password to WiFiOTA.begin(), the image holds four aligned words: MARKER, the address
of the name, the address of the password, the SRAM address of the storage object. If both strings live in initialised
arrays the addresses are in SRAM, the first word is MARKER_ARRAYS, and words 2 and 3 of the image say where in SRAM
the initialised variables begin and where in flash their initial values are. That is how the virtual board reads them.
"""

from dataclasses import dataclass
from random import Random

from .linker import RAM_SIZE, SRAM, Image, Word, merged
from .sketch_strings import ARDUINOOTA_ONLY, BEGIN, CORE, REQUEST, SKETCH, WIFI, mdns_tables
from .thumb import function_body

MARKER = 0xB5104C04
MARKER_ARRAYS = 0xB5104C05
LINK_BASE = 0x2000
VERSION_MARKER = b"mkr1000_ota:version="
SDU_STUB_SIZE = 16 * 1024

_SYSTEM_VECTORS = 16
_INTERRUPTS = 28
_STORAGE_OBJECT = SRAM + 0x2C4
_VARIABLES = (
    b"\0\0\0\0\xff\xff\xff\xff\x01\0\0\0\x00\x36\x6e\x01"  # initialised variables of the core, before the sketch's
)


@dataclass(frozen=True, slots=True)
class Board:
    """What tells images for one board from those for another."""

    product: str
    ota_name: str
    link_base: int = LINK_BASE


MKR1000 = Board("Arduino MKR1000", "mkr1000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What compilers, linkers and authors do to an image.

    poll: loop() calls WiFiOTA.poll(); without it the server is not linked in.
    arrays: name and password are initialised char arrays.
    wifi_literals: the Wi-Fi credentials are literals; the stock example has them in arrays.
    code_before_literals: no NUL in front of the name and the password, but the last byte of a function.
    merge_tails: the linker drops strings that are the end of another.
    scatter: literals in any order, not in that of the source.
    sdu: the SDU stub comes first, the sketch 16 KiB later.
    """

    ota: bool = True
    poll: bool = True
    arrays: bool = False
    wifi_literals: bool = False
    code_before_literals: bool = False
    merge_tails: bool = True
    scatter: bool = False
    sdu: bool = False


def build_sketch(
    name: str = "Arduino",
    password: str = "password",
    version: str | None = None,
    library: str = "WiFi101OTA",
    size: int = 16 * 1024,
    seed: int = 0,
    *,
    wifi: tuple[str, str] = ("yourNetwork", "secretPassword"),
    strings: tuple[str, ...] = (),
    board: Board = MKR1000,
    quirks: Quirks = Quirks(),
) -> bytes:
    """An image of exactly `size` bytes (rounded up to a multiple of 4), the same for the same arguments.

    Raises ValueError if the size does not hold what the sketch needs.
    """
    sketch = _Sketch(name, password, version, library, seed, wifi, strings, board, quirks)
    size += -size % 4
    if not quirks.sdu:
        return sketch.link(size, board.link_base)
    stub = build_sdu_stub(seed, board)
    return stub + sketch.link(size - len(stub), board.link_base + len(stub))


def build_sdu_stub(seed: int = 0, board: Board = MKR1000) -> bytes:
    """The small sketch that the SDU library puts in front: it flashes UPDATE.BIN from an SD card, then jumps on."""
    random = Random(f"stub {seed}")
    image = Image(board.link_base)
    _put_vectors(image, random)
    image.put_words([*function_body(random, 12), b"UPDATE.BIN", b"NOTUSED.TXT"])
    while len(image) < SDU_STUB_SIZE - 1024:
        image.put_words(function_body(random, 24))
    image.put_string(b"UPDATE.BIN")
    image.put_string(b"NOTUSED.TXT")
    image.put(bytes(SDU_STUB_SIZE - len(image)))
    return image.linked()


@dataclass(frozen=True, slots=True)
class _Sketch:
    name: str
    password: str
    version: str | None
    library: str
    seed: int
    wifi: tuple[str, str]
    strings: tuple[str, ...]
    board: Board
    quirks: Quirks

    def link(self, size: int, base: int) -> bytes:
        """Lay out vectors, functions with their pools, strings and initial values, filled up to the size."""
        random = Random(f"sketch {self.seed}")
        image = Image(base)
        _put_vectors(image, random)
        literals, arrays = self._literals(random), self._arrays()
        initial_values = sum(len(array) + 5 for array in arrays) + len(_VARIABLES)
        tables = (
            mdns_tables(self.board.ota_name if self.library == "WiFi101OTA" else "arduino") if self._serves else b""
        )
        functions = self._functions(random, literals)
        fixed = len(image) + 4 * sum(map(len, functions)) + sum(len(literal) + 1 for literal in literals)
        filler = (size - fixed - initial_values - len(tables) - 64) // 4
        if filler < 0:
            raise ValueError(f"{size} bytes do not hold this sketch")
        functions += _filler(random, filler)
        random.shuffle(functions)

        for function in functions:
            image.put_words(function)
        self._put_literals(image, random, literals)
        image.align()
        image.put(tables)
        if len(image) > size - initial_values:
            raise ValueError(f"{size} bytes do not hold this sketch")
        image.align()
        while len(image) < size - initial_values - 3:
            image.put_words(function_body(random, 1))
        self._put_initial_values(image, arrays)
        image.put(bytes(size - len(image)))
        return image.linked()

    @property
    def _serves(self) -> bool:
        return self.quirks.ota and self.quirks.poll

    def _credentials(self) -> list[bytes]:
        return [self.name.encode(), self.password.encode()] if self.quirks.ota else []

    def _arrays(self) -> list[bytes]:
        wifi = [] if self.quirks.wifi_literals else [credential.encode() for credential in self.wifi]
        return wifi + (self._credentials() if self.quirks.arrays else [])

    def _literals(self, random: Random) -> list[bytes]:
        """Strings in the order in which a linker meets them: the sketch, the libraries, the core."""
        quirks = self.quirks
        own = [string.encode() for string in self.strings]
        if self.version is not None:
            own.append(VERSION_MARKER + self.version.encode())
        if quirks.wifi_literals:
            own += [credential.encode() for credential in self.wifi]
        if not quirks.arrays:
            own += self._credentials()
        ota = [*BEGIN] if quirks.ota else []
        if self._serves:
            ota += [*REQUEST]
            if self.library == "WiFi101OTA":
                ota.append(self.board.ota_name.encode())
            else:
                ota += [*ARDUINOOTA_ONLY, b"arduino"]
        every = [*own, *SKETCH, *ota, *WIFI, self.board.product.encode(), *CORE]
        if quirks.merge_tails:
            every = list(merged(every))
        else:
            every = list(dict.fromkeys(every))
        if quirks.scatter:
            random.shuffle(every)
        return every

    def _functions(self, random: Random, literals: list[bytes]) -> list[list[Word]]:
        """Functions that refer to every literal and array, the call of begin() among them."""
        pending: list[bytes] = [*literals, *self._arrays()]
        functions: list[list[Word]] = []
        while pending:
            count = random.randint(1, 5)
            functions.append([*function_body(random, random.randint(6, 30)), *pending[:count]])
            del pending[:count]
        if self.quirks.ota:
            marker = MARKER_ARRAYS if self.quirks.arrays else MARKER
            functions.append([*function_body(random, 9), marker, *self._credentials(), _STORAGE_OBJECT])
        return functions

    def _put_literals(self, image: Image, random: Random, literals: list[bytes]) -> None:
        behind_code = self._credentials() if self.quirks.code_before_literals else []
        for literal in literals:
            if literal in behind_code:
                image.align()
                image.put(b"\x70\x47")  # bx lr
            image.put_string(literal)

    def _put_initial_values(self, image: Image, arrays: list[bytes]) -> None:
        image.align()
        start = len(image)
        if self.quirks.arrays:
            image.patch(8, SRAM)
            image.patch(12, image.address)
        image.put(_VARIABLES)
        for array in arrays:
            image.align()
            image.put_variable(array, SRAM + len(image) - start)
        image.align()


def _put_vectors(image: Image, random: Random) -> None:
    """Stack pointer, reset handler, system handlers, interrupts: most of them the same endless loop."""

    def handler() -> int:
        return image.address + 0x200 + 2 * random.randrange(0x400) | 1

    dummy = handler()
    table = [SRAM + RAM_SIZE, handler(), dummy, dummy, *[0] * 7, dummy, 0, 0, dummy, handler()]
    assert len(table) == _SYSTEM_VECTORS
    table += [handler() if random.random() < 0.25 else dummy for _ in range(_INTERRUPTS)]
    image.put_words(table)


def _filler(random: Random, words: int) -> list[list[Word]]:
    functions: list[list[Word]] = []
    while words:
        length = min(words, random.randint(4, 40))
        functions.append([*function_body(random, length)])
        words -= length
    return functions
