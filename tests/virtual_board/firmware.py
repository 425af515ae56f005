"""What a board becomes when it starts an image: the facts that its code would find, read the way its code would."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

type LibraryName = Literal["WiFi101OTA", "ArduinoOTA"]

SKETCH_START = 0x2000
FLASH_END = 0x40000
SRAM_START = 0x2000_0000
SRAM_END = 0x2000_8000

REQUEST_LINE = b"POST /sketch HTTP/1.1\0"
CONTENT_TYPE = b"Content-type: text/plain"
VERSION_MARKER = b"mkr1000_ota:version="

BEGIN_CALLS = (0xB5104C04, 0xB5104C05)
"""Words that stand for the code of WiFiOTA.begin(name, password, storage); the pool of its three arguments follows."""


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


def start(image: bytes, known: Mapping[str, Firmware]) -> Firmware:
    """Start an image: facts by its hash if they are known, otherwise what can be read out of it."""
    if firmware := known.get(sha256(image).hexdigest()):
        return firmware
    if not _boots(image) or not _has_literal_linked_here(image, REQUEST_LINE):
        return NOTHING
    if (arguments := _begin_arguments(image)) is None:
        return NOTHING
    name, password = arguments
    return Firmware(name, password, _version(image), ota=True, library=_library(image))


def _boots(image: bytes) -> bool:
    """Whether the processor would get as far as the first instruction behind the vector table."""
    if len(image) < 0xC0:
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
    for call in BEGIN_CALLS:
        offset = _aligned(image, struct.pack("<I", call))
        while offset is not None and offset + 16 <= len(image):
            name, password, storage = struct.unpack_from("<III", image, offset + 4)
            if SRAM_START <= storage < SRAM_END:
                read = _string(image, name), _string(image, password)
                if read[0] is not None and read[1] is not None:
                    return read[0], read[1]
            offset = _aligned(image, struct.pack("<I", call), offset + 4)
    return None


def _string(image: bytes, address: int) -> str | None:
    """The C string at an address of flash, or of initialised SRAM: its first value lies in flash too."""
    if SRAM_START <= address < SRAM_END:
        begin, values = struct.unpack_from("<II", image, 8)
        address = values + address - begin
    offset = address - SKETCH_START
    if not 0 <= offset < len(image):
        return None
    end = image.find(b"\0", offset)
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
