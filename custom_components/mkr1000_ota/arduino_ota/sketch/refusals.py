"""Why an image must not be sent to a board: stable codes, each with a sentence that names finding and remedy."""

from enum import StrEnum
from typing import Final

from ..errors import SketchRefused


class Refusal(StrEnum):
    """Code of a refusal; also its translation key. The fields of its sentence are its placeholders."""

    EMPTY = "empty"
    ELF = "elf"
    HEX = "hex"
    UF2 = "uf2"
    ZIP = "zip"
    GZIP = "gzip"
    HTML = "html"
    TEXT = "text"
    NOT_A_SKETCH = "not_a_sketch"
    WITH_BOOTLOADER = "with_bootloader"
    WRONG_LINK_BASE = "wrong_link_base"
    TRUNCATED = "truncated"
    NOT_MULTIPLE_OF_4 = "not_multiple_of_4"
    UNKNOWN_BOARD = "unknown_board"
    OTHER_BOARD = "other_board"
    TOO_LARGE = "too_large"
    NO_OTA = "no_ota"


_SENTENCES: Final = {
    Refusal.EMPTY: "The file is empty. Build the sketch again, or repeat the download.",
    Refusal.ELF: (
        "This is an ELF file: the linker's output, not yet an image. "
        "Use the .bin file that 'Export Compiled Binary' puts beside it."
    ),
    Refusal.HEX: (
        "This is an Intel HEX file: text, not the image itself. "
        "Use the .bin file that 'Export Compiled Binary' makes for the MKR1000."
    ),
    Refusal.UF2: "This is a UF2 file, meant for copying to a USB drive. Use the .bin file of the same build.",
    Refusal.ZIP: "This is a ZIP archive. Unpack it and use the .bin file in it.",
    Refusal.GZIP: "This is a gzip archive. Unpack it and use the .bin file in it.",
    Refusal.HTML: (
        "This is a web page: the download led to an error or a login instead of the file. "
        "Open the address in a browser to see what it says."
    ),
    Refusal.TEXT: "This is text, not a compiled sketch. Use the .bin file that the build makes.",
    Refusal.NOT_A_SKETCH: (
        "This is not a sketch for an MKR1000: it begins with {beginning} where the addresses of a stack in RAM and "
        "of a start routine in flash have to be. Use the .bin file of a build for this board."
    ),
    Refusal.WITH_BOOTLOADER: (
        "This file has the bootloader in front of the sketch, and would be written behind the bootloader that the "
        "board has already. Use the .bin file of the same build that has no 'with_bootloader' in its name."
    ),
    Refusal.WRONG_LINK_BASE: (
        "This sketch is not linked to run at {expected}, right behind the bootloader, where the board will put it. "
        "Build it with the linker script flash_with_bootloader.ld of the MKR1000."
    ),
    Refusal.TRUNCATED: (
        "This sketch is cut off: it needs {expected} bytes, the file has only {size}. "
        "Build it again, or repeat the download."
    ),
    Refusal.NOT_MULTIPLE_OF_4: (
        "The file has {size} bytes, and compilers make sketches a multiple of 4 long: it was cut or changed, and the "
        "board would lose its last bytes. Build it again, or repeat the download."
    ),
    Refusal.UNKNOWN_BOARD: (
        "This sketch does not say which board it is for: the USB product name {expected} is not in it. "
        "Build the sketch for {expected}, and use that .bin file."
    ),
    Refusal.OTHER_BOARD: (
        "This sketch is built for {board}, but this board is an {expected}. "
        "Build the sketch for {expected}, and use that .bin file."
    ),
    Refusal.TOO_LARGE: (
        "This sketch has {size} bytes, and the board can store {limit}. The board keeps its running sketch until it "
        "has the whole new one, so its internal storage is half of the flash that the bootloader leaves free: "
        "(262144 - 8192) / 2 = 126976 bytes. Make the sketch smaller, or have it use an SD card or a serial flash."
    ),
    Refusal.NO_OTA: (
        "This sketch could not be flashed over the air again: it does not both start and serve updates. It would take "
        "a USB cable to replace it. Call WiFiOTA.begin() in setup() and WiFiOTA.poll() in loop()."
    ),
}


def refused(reason: Refusal, **placeholders: object) -> SketchRefused:
    """Make the error for a reason, with what its sentence names."""
    values = {name: str(value) for name, value in placeholders.items()}
    return SketchRefused(reason, _SENTENCES[reason].format_map(values), values)
