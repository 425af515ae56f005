"""Builds sketch images for the MKR1000 that obey the facts about compiled ones. Nothing in them is meant to run.

Where the sketch passes name and password to WiFiOTA.begin(), the image holds four aligned words: MARKER, the address
of the name, the address of the password, the SRAM address of the storage object. If both strings live in initialised
arrays the addresses are in SRAM, the first word is MARKER_ARRAYS, and words 2 and 3 of the image say where in SRAM
the initialised variables begin and where in flash their initial values are. That is how the virtual board reads them.
Whoever inspects images can find the same place in the reset handler's literal pool, as in compiled images.
"""

from dataclasses import dataclass
from random import Random
from struct import pack

from tests.virtual_board.arduino_core import (
    array_symbol,
    core_functions,
    initial_values,
    put_initial_values,
    put_vectors,
)
from tests.virtual_board.assembler import Function, Word, compiled
from tests.virtual_board.linker import SRAM, Image, merged
from tests.virtual_board.ota_library import MARKER, MARKER_ARRAYS, WIFI101OTA, BeginCall, OtaLibrary
from tests.virtual_board.sketch_strings import CORE, SKETCH, WIFI

__all__ = [
    "GENUINO",
    "LINK_BASE",
    "MARKER",
    "MARKER_ARRAYS",
    "MKR1000",
    "SDU_STUB_SIZE",
    "STOCK",
    "Board",
    "Quirks",
    "build_sdu_stub",
    "build_sketch",
]

LINK_BASE = 0x2000
SDU_STUB_SIZE = 16 * 1024
_BUFFER = SRAM + 0x1C40  # a variable without initial value
VERSION_MARKER = b"mkr1000_ota:version="


@dataclass(frozen=True, slots=True)
class Board:
    """What tells images for one board from those for another. `ota_name` is what WiFi101OTA calls it, if it knows it."""

    product: str
    ota_name: str
    usb_product_id: int

    @property
    def usb_descriptor(self) -> bytes:
        """The start of what the board tells USB hosts: a composite device of Arduino's."""
        return bytes.fromhex("12010002ef020140 4123") + self.usb_product_id.to_bytes(2, "little") + b"\0\1\1\2\3\1"


MKR1000 = Board("Arduino MKR1000", "mkr1000", 0x804E)
GENUINO = Board("Genuino MKR1000", "mkr1000", 0x824E)  # the same board, by its other name (cores 1.6.5 to 1.8.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What compilers, linkers and authors do to an image.

    begin, poll: the sketch calls this function of its OTA library.
    arrays: name and password are initialised char arrays.
    computed: the sketch works the password out at run time, in a variable; a virtual board has to be told which.
    wifi_literals: the Wi-Fi credentials are literals; the stock example has them in arrays.
    code_before_literals: in front of the name and of the password is no NUL, but the end of a function.
    merge_tails: the linker drops strings that are the end of another.
    aligned: each literal begins at a whole word, as without optimisation.
    scatter: literals in any order, not in that of the source.
    sdu: the SDU stub comes first, the sketch 16 KiB later.
    call: begin() is called directly, through a register ("far"), in a way that cannot be followed ("hidden"), or a
        compiler has put its code in place of the call ("inlined").
    old_library: the OTA library is WiFi101OTA 1.0, which knows no status 414.
    """

    begin: bool = True
    poll: bool = True
    arrays: bool = False
    computed: bool = False
    wifi_literals: bool = False
    code_before_literals: bool = False
    merge_tails: bool = True
    aligned: bool = False
    scatter: bool = False
    sdu: bool = False
    call: BeginCall = "near"
    old_library: bool = False


STOCK = Quirks()


def build_sketch(
    name: str = "Arduino",
    password: str = "password",  # noqa: S107 (the stock example's)
    version: str | None = None,
    library: str = WIFI101OTA,
    size: int = 16 * 1024,
    seed: int = 0,
    *,
    wifi: tuple[str, str] = ("yourNetwork", "secretPassword"),
    strings: tuple[str, ...] = (),
    board: Board = MKR1000,
    link_base: int = LINK_BASE,
    quirks: Quirks = STOCK,
) -> bytes:
    """An image of exactly `size` bytes (rounded up to a multiple of 4), the same for the same arguments.

    `strings` are further literals of the sketch, `wifi` its network and the password of that.
    Raises ValueError if the size does not hold what the sketch needs.
    """
    ota_name = board.ota_name if library == WIFI101OTA else "arduino"
    ota = OtaLibrary(library, ota_name, quirks.begin, quirks.poll, quirks.call, quirks.old_library)
    sketch = _Sketch(name.encode(), password.encode(), version, ota, seed, wifi, strings, board, quirks)
    stub = build_sdu_stub(seed, board, link_base) if quirks.sdu else b""
    return sketch.link(size + -size % 4, link_base, stub)


def build_sdu_stub(seed: int = 0, board: Board = MKR1000, link_base: int = LINK_BASE) -> bytes:
    """The small sketch that the SDU library puts in front: it flashes UPDATE.BIN from an SD card, then jumps on."""
    bare = Quirks(begin=False, poll=False)
    stub = _Sketch(b"", b"", None, OtaLibrary("", "", False, False), seed, None, ("UPDATE.BIN",), board, bare)
    return stub.link(SDU_STUB_SIZE, link_base)


@dataclass(frozen=True, slots=True)
class _Sketch:
    name: bytes
    password: bytes
    version: str | None
    ota: OtaLibrary
    seed: int
    wifi: tuple[str, str] | None
    strings: tuple[str, ...]
    board: Board
    quirks: Quirks

    def link(self, size: int, base: int, stub: bytes = b"") -> bytes:
        """Lay out a stub, vectors, functions with their pools, strings and initial values, filled up to the size."""
        random = Random(f"sketch {self.seed}")
        literals = self._literals(random)
        values, offsets = initial_values(random, self._arrays)
        functions = self._functions(random)
        image = Image(base)
        image.put(stub)
        put_vectors(image)
        room = size - len(image) - self._length(literals) - len(values) - sum(function.size for function in functions)
        for function in _with_filler(random, functions, room):
            image.put_function(function)
        self._put_read_only(image, literals)
        if len(image) + len(values) > size:
            raise ValueError(f"{size} bytes do not hold this sketch")
        image.put(bytes(size - len(values) - len(image)))
        values_address = image.address
        put_initial_values(image, values, offsets)
        linked = image.linked()
        if not self.quirks.arrays:
            return linked
        return linked[:8] + pack("<II", SRAM, values_address) + linked[16:]

    @property
    def _arrays(self) -> list[bytes]:
        """The sketch's initialised arrays, the last one first, as compilers lay them out."""
        credentials = [self.password, self.name] if self.quirks.arrays else []
        return [*credentials, *reversed(self._wifi)] if not self.quirks.wifi_literals else credentials

    @property
    def _wifi(self) -> list[bytes]:
        return [credential.encode() for credential in self.wifi or ()]

    def _array(self, content: bytes) -> Word:
        return array_symbol(self._arrays.index(content))

    @property
    def _arguments(self) -> tuple[Word, Word]:
        if self.quirks.arrays:
            return self._array(self.name), self._array(self.password)
        return self.name, _BUFFER if self.quirks.computed else self.password

    def _literals(self, random: Random) -> list[bytes]:
        """Strings in the order in which a linker meets them: the sketch, the libraries, the core."""
        literals = [*SKETCH] if self.wifi else []
        if self.quirks.wifi_literals:
            literals += self._wifi
        if self.quirks.begin and not self.quirks.arrays:
            literals += [self.name] if self.quirks.computed else [self.password, self.name]
        if self.version is not None:
            literals.append(VERSION_MARKER + self.version.encode())
        literals += [string.encode() for string in self.strings]
        if self.wifi:
            literals += WIFI
        literals += [*self.ota.literals, b"Arduino LLC", self.board.product.encode(), *CORE]
        literals = list(merged(literals) if self.quirks.merge_tails else dict.fromkeys(literals))
        if self.quirks.scatter:
            random.shuffle(literals)
        return literals

    def _functions(self, random: Random) -> list[Function]:
        """Functions that use every literal and every array, in the order in which a linker meets them."""
        setup = compiled("setup", [string.encode() for string in self.strings], (), random, 8)
        end = setup.code.pop()
        if self.version is not None:
            setup.load(3, VERSION_MARKER + self.version.encode())
        wifi = self._wifi if self.quirks.wifi_literals else [self._array(credential) for credential in self._wifi]
        for register, word in enumerate((*SKETCH[4:], *wifi) if self.wifi else ()):
            setup.load(register, word)
        if self.quirks.begin:
            self.ota.call_begin(setup, random, *self._arguments)
        setup.code.append(end)

        functions = [setup, compiled("loop", (), ("poll",) if self.quirks.poll else (), random, 6)]
        if self.wifi:
            functions.append(compiled("printWifiStatus", SKETCH[:4], (), random, 30))
            functions += [compiled(f"WiFi {number}", WIFI[number::3], (), random, 40) for number in range(3)]
        functions += self.ota.functions(random)
        functions.append(compiled("main", (), ("setup", "loop"), random, 2))
        functions.append(compiled("USB", (b"Arduino LLC", self.board.product.encode()), (), random, 30))
        functions += core_functions(random, "main")
        return functions + [compiled(f"core {number}", CORE[number::5], (), random, 30) for number in range(5)]

    def _put_read_only(self, image: Image, literals: list[bytes]) -> None:
        image.align()
        behind_code = (self.name, self.password) if self.quirks.code_before_literals else ()
        for literal in literals:
            if self.quirks.aligned:
                image.align()
            if literal == b"Arduino LLC":
                image.put(self.board.usb_descriptor)
            if literal in behind_code:
                image.put(b"\x70\x47" if len(image) % 2 == 0 else b"\0\x70\x47")  # bx lr
            image.put_string(literal)
        image.align()
        image.put(self.ota.tables)
        image.align()

    def _length(self, literals: list[bytes]) -> int:
        image = Image(0)
        self._put_read_only(image, literals)
        return len(image)


def _with_filler(random: Random, functions: list[Function], room: int) -> list[Function]:
    """The functions with others among them, in all not more than `room` bytes of them, that call those of the core."""
    labels = [function.label for function in functions if function.label.startswith("core ")]
    every = [*functions]
    while True:
        peripherals = random.choices((0x41004000, 0x42000800, SRAM + 0x5A8, SRAM + 0x1208), k=random.randrange(4))
        callees = random.choices(labels, k=random.randrange(4))
        function = compiled(f"filler {room}", peripherals, callees, random, random.randrange(4, 60))
        room -= function.size
        if room < 0:
            return every
        every.insert(random.randrange(len(every) + 1), function)
