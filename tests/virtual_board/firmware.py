"""What a board becomes when it starts an image: the facts that its code would find, read the way its code would."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
import struct
from typing import Literal

from tests.virtual_board.wifi_module import ModelName

type LibraryName = Literal["WiFi101OTA", "ArduinoOTA"]

SKETCH_START = 0x2000
FLASH_END = 0x40000
SRAM_START = 0x2000_0000
SRAM_END = 0x2000_8000

PRODUCTS: dict[ModelName, bytes] = {
    "mkr1000": b"MKR1000\0",
    "mkrwifi1010": b"MKR WiFi 1010\0",
    "nano_33_iot": b"NANO 33 IoT\0",
}
"""The end of the USB product string of whatever is built for a model."""
OTA_LITERALS = (b"POST /sketch HTTP/1.1\0", b"Content-Length: \0", b"Authorization: \0")
"""What the code of poll() compares a request with."""
CONTENT_TYPE = b"Content-type: text/plain"
VERSION_MARKER = b"mkr1000_ota:version="

BEGIN_CALL = 0xB5104C04
"""The word that stands for the code of WiFiOTA.begin(name, password, storage); the pool of its arguments follows."""
BEGIN_CALL_WITH_ARRAYS = 0xB5104C05
"""The same where name and password are initialised arrays in SRAM.

Words 2 and 3 of the image then tell where in SRAM such variables begin, and where in flash their first values are.
"""


@dataclass(frozen=True, slots=True)
class Firmware:
    """A running sketch, as far as anybody on the network can tell."""

    name: str
    password: str
    version: str | None = None
    ota: bool = True
    library: LibraryName = "WiFi101OTA"


NOTHING = Firmware(name="", password="", ota=False)
"""What runs when nothing runs."""


def start(image: bytes, known: Mapping[str, Firmware], model: ModelName = "mkr1000") -> Firmware:
    """Start an image: facts by its hash if they are known, otherwise what can be read out of it."""
    if firmware := known.get(sha256(image).hexdigest()):
        return firmware
    if not _boots(image, model) or not all(_has_literal_linked_here(image, literal) for literal in OTA_LITERALS):
        return NOTHING
    if (arguments := _begin_arguments(image)) is None:
        return NOTHING
    name, password = arguments
    return Firmware(name, password, _version(image), ota=True, library=_library(image))


def _boots(image: bytes, model: ModelName) -> bool:
    """Whether the processor would get as far as the first instruction, and that would be of code for this model."""
    if len(image) < 0xC0 or PRODUCTS[model] not in image:
        return False
    stack, reset = struct.unpack_from("<II", image)
    return SRAM_START < stack <= SRAM_END and bool(reset & 1) and SKETCH_START <= reset < SKETCH_START + len(image)


def _has_literal_linked_here(image: bytes, literal: bytes) -> bool:
    """Whether code linked behind the bootloader refers to the literal; linked elsewhere, it would read rubbish."""
    offset = image.find(literal)
    while offset >= 0:
        if _aligned(image, struct.pack("<I", SKETCH_START + offset)):
            return True
        offset = image.find(literal, offset + 1)
    return False


def _aligned(image: bytes, word: bytes, begin: int = 0) -> int | None:
    """Where the word stands at a multiple of four, at or after `begin`."""
    offset = image.find(word, begin)
    while offset >= 0 and offset % 4:
        offset = image.find(word, offset + 1)
    return offset if offset >= 0 else None


def _begin_arguments(image: bytes) -> tuple[str, str] | None:
    return _arguments_behind(image, BEGIN_CALL, SKETCH_START) or _arguments_behind(
        image, BEGIN_CALL_WITH_ARRAYS, _address_of_offset_0_in_sram(image)
    )


def _address_of_offset_0_in_sram(image: bytes) -> int:
    """Where in SRAM the image would begin, if all of it were copied there as the initialised variables are."""
    in_sram, in_flash = struct.unpack_from("<II", image, 8)
    return int(in_sram - (in_flash - SKETCH_START))


def _arguments_behind(image: bytes, call: int, origin: int) -> tuple[str, str] | None:
    """Name and password, whose addresses count from the origin."""
    offset = _aligned(image, struct.pack("<I", call))
    while offset is not None and offset + 16 <= len(image):
        name, password, storage = struct.unpack_from("<III", image, offset + 4)
        if SRAM_START <= storage < SRAM_END:
            strings = _string(image, name - origin), _string(image, password - origin)
            if strings[0] is not None and strings[1] is not None:
                return strings[0], strings[1]
        offset = _aligned(image, struct.pack("<I", call), offset + 4)
    return None


def _string(image: bytes, offset: int) -> str | None:
    """The C string there."""
    end = image.find(b"\0", offset) if 0 <= offset < len(image) else -1
    return image[offset:end].decode(errors="surrogateescape") if end >= 0 else None


def _version(image: bytes) -> str | None:
    begin = image.find(VERSION_MARKER)
    end = image.find(b"\0", begin)
    if begin < 0 or end < 0:
        return None
    return image[begin + len(VERSION_MARKER) : end].decode(errors="replace")


def _library(image: bytes) -> LibraryName:
    """Only ArduinoOTA gives its answers a type and a length; only WiFi101OTA names the board."""
    return "ArduinoOTA" if CONTENT_TYPE in image or b"mkr1000\0" not in image else "WiFi101OTA"
