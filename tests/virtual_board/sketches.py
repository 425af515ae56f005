"""Builds sketch images that obey the facts about compiled ones. Nothing in them is meant to run.

Where the sketch passes name and password to WiFiOTA.begin(), the image holds four aligned words: MARKER, the address
of the name, the address of the password, the SRAM address of the storage object. If both strings live in initialised
arrays the addresses are in SRAM, the first word is MARKER_ARRAYS, and words 2 and 3 of the image say where in SRAM
the initialised variables begin and where in flash their initial values are. That is how the virtual board reads them.
Whoever inspects images can find the same place in the reset handler's literal pool, as in compiled images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from struct import pack

from tests.virtual_board.arduino_core import (
    WORK,
    Values,
    array_symbol,
    core_functions,
    last_functions,
    put_vectors,
    reset,
    usb_functions,
)
from tests.virtual_board.assembler import POP, PUSH, Call, Function, Word, compiled
from tests.virtual_board.linker import SRAM, Image, merged
from tests.virtual_board.ota_library import MARKER, MARKER_ARRAYS, WIFI101OTA, OtaLibrary
from tests.virtual_board.own_code import BUFFER, ELSE, own_functions, own_pointers
from tests.virtual_board.quirks import BOARDS, GENUINO, MKR1000, MKR_WIFI_1010, NANO_33_IOT, STOCK, Board, Quirks
from tests.virtual_board.sketch_strings import CORE, SKETCH
from tests.virtual_board.wifi_library import DRIVERS

__all__ = [
    "BOARDS",
    "GENUINO",
    "LINK_BASE",
    "MARKER",
    "MARKER_ARRAYS",
    "MKR1000",
    "MKR_WIFI_1010",
    "NANO_33_IOT",
    "SDU_SIZE",
    "SFU_SIZE",
    "STOCK",
    "Board",
    "Quirks",
    "build_loader",
    "build_sketch",
]

LINK_BASE = 0x2000
SDU_SIZE, SFU_SIZE = 16 * 1024, 32 * 1024
VERSION_MARKER = b"mkr1000_ota:version="
_WORK_SIZE = 8


def build_sketch(
    name: str = "Arduino",
    password: str | bytes = "password",  # noqa: S107 (the stock example's)
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
    announced = board.ota_name if library == WIFI101OTA else "arduino"
    ota = OtaLibrary(
        library,
        announced if quirks.mdns else None,
        quirks.begin or quirks.uncalled,
        quirks.poll or quirks.uncalled,
        quirks.call,
        quirks.old_library,
        hangs=quirks.hangs,
        storage=quirks.storage,
    )
    secret = password.encode() if isinstance(password, str) else password
    sketch = _Sketch(name.encode(), secret, version, ota, seed, wifi, strings, board, quirks)
    loader = b""
    if quirks.sdu or quirks.sfu or quirks.snu:
        update = "/fs/UPDATE.BIN" if quirks.snu else "UPDATE.BIN"
        loader = build_loader(SFU_SIZE if quirks.sfu else SDU_SIZE, seed, board, link_base, update)
    return sketch.link(size + -size % 4, link_base, loader)


def build_loader(
    size: int = SDU_SIZE,
    seed: int = 0,
    board: Board = MKR1000,
    link_base: int = LINK_BASE,
    update: str = "UPDATE.BIN",
) -> bytes:
    """What SDU and SFU put in front: a sketch that flashes UPDATE.BIN from an SD card or a flash, then jumps on."""
    bare = Quirks(begin=False, poll=False, wifi="never")
    loader = _Sketch(b"", b"", None, OtaLibrary("", "", False, False), seed, None, (update,), board, bare)
    return loader.link(size, link_base)


@dataclass(frozen=True)
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

    def link(self, size: int, base: int, loader: bytes = b"") -> bytes:
        """Lay out a loader, vectors, functions with their pools, strings and initial values, filled up to the size."""
        random = Random(f"sketch {self.seed}")
        literals = self._literals(random)
        pointers = [*self.ota.pointers, *own_pointers(self.quirks)]
        values = Values(self._arrays, [*self.ota.code_in_sram], pointers, self.ota.constructors)
        functions = self._functions(random)
        image = Image(base)
        image.put(loader)
        put_vectors(image)
        needed = self._length(literals) + values.size + sum(function.size for function in functions)
        last = last_functions()
        room = size - len(image) - needed - sum(function.size for function in last)
        for function in [*_with_filler(random, functions, room), *last]:
            image.put_function(function)
        self._put_read_only(image, literals)
        if len(image) + values.size > size:
            raise ValueError(f"{size} bytes do not hold this sketch")
        image.put(bytes(size - values.size - len(image)))
        start = image.address
        values.put(image, self.quirks.free_ram)
        linked = image.linked()
        if not self.quirks.arrays:
            return linked
        return linked[:8] + pack("<II", SRAM, start) + linked[16:]

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
        return self.name, BUFFER if self.quirks.computed else self.password

    @cached_property
    def _driver(self) -> Sequence[bytes]:
        return DRIVERS[self.board.wifi] if self.wifi else ()

    def _literals(self, random: Random) -> list[bytes]:
        """Strings in the order in which a linker meets them: the sketch, the libraries, the core."""
        literals = [*SKETCH] if self.wifi else []
        if self.quirks.wifi_literals:
            literals += self._wifi
        if self.quirks.begin and not self.quirks.arrays:
            literals += [self.name] if self.quirks.computed else [self.password, self.name]
        if self.quirks.either or self.quirks.twice or self.quirks.handed_on.endswith("too"):
            literals.append(ELSE)
        if self.version is not None:
            literals.append(VERSION_MARKER + self.version.encode())
        literals += [string.encode() for string in self.strings]
        product = [b"Arduino LLC", self.board.product.encode()] if self.board.product is not None else []
        literals += [*self._driver, *self.ota.literals, *product, *CORE]
        literals = list(merged(literals) if self.quirks.merge_tails else dict.fromkeys(literals))
        if self.quirks.scatter:
            random.shuffle(literals)
        return literals

    def _functions(self, random: Random) -> list[Function]:
        """Functions that use every literal and every array, in the order in which a linker meets them."""
        wifi = self._wifi if self.quirks.wifi_literals else [self._array(credential) for credential in self._wifi]
        uses: list[Word] = [string.encode() for string in self.strings]
        if self.version is not None:
            uses.append(VERSION_MARKER + self.version.encode())
        functions = own_functions(random, self.ota, self.board, self.quirks, self._arguments, wifi, uses)
        functions += self.ota.functions(random)
        if self.ota.begin and self.ota.hangs:
            functions.append(reset())
        if self.board.product is not None:
            functions += usb_functions(random, self.board.product.encode())
        return functions + core_functions(random, self.quirks.startup, CORE)

    def _put_read_only(self, image: Image, literals: list[bytes]) -> None:
        image.align()
        for symbol, words in self.ota.virtual_tables:
            image.put_words([0, 0])
            image.define(symbol, image.address)
            image.put_words(words)
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
    """The functions with others among them, in all not more than `room` bytes of them, each of which calls another."""
    every, callee, number = [*functions], "memset", 0
    room -= _WORK_SIZE
    while True:
        peripherals = random.choices((0x41004000, 0x42000800, SRAM + 0x5A8, SRAM + 0x1208), k=random.randrange(4))
        function = compiled(f"filler {number}", peripherals, [callee], random, random.randrange(4, 60))
        room -= function.size
        if room < 0:
            break
        every.insert(random.randrange(len(every) + 1), function)
        callee, number = function.label, number + 1
    return [*every, Function(WORK, [PUSH, Call(callee), POP])]
