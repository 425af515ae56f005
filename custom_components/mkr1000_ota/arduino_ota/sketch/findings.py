"""What is wrong with an image: stable codes, each with a sentence that says what was found and what to do."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..errors import SketchRefused


class Refusal(StrEnum):
    """Why an image must not be sent: the board would be lost. The fields of its sentence are its placeholders."""

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
    NO_LOADER = "no_loader"
    NO_OTA = "no_ota"
    NO_WIFI = "no_wifi"
    TOO_LITTLE_RAM = "too_little_ram"
    LAST_UPDATE = "last_update"


class Caution(StrEnum):
    """What will need a hand although the image can be sent."""

    LITTLE_RAM = "little_ram"
    HANGS_AFTER_UPDATE = "hangs_after_update"
    WAITS_FOR_SERIAL = "waits_for_serial"
    WATCHDOG = "watchdog"
    PASSWORD_NOT_UTF8 = "password_not_utf8"


OVERRIDABLE: Final = frozenset({Refusal.UNKNOWN_BOARD, Refusal.NO_OTA, Refusal.TOO_LITTLE_RAM})
"""Refusals that an owner may know better about, for one flash."""

SENTENCES: Final[dict[Refusal | Caution, str]] = {
    Refusal.EMPTY: "The file is empty. Rebuild the sketch, or download it again.",
    Refusal.ELF: "This is an ELF file, not a sketch image. Use the .bin file created by Export Compiled Binary.",
    Refusal.HEX: "This is an Intel HEX file. Use the .bin file created by Export Compiled Binary.",
    Refusal.UF2: "This is a UF2 file. Use the .bin file from the same build.",
    Refusal.ZIP: "This is a ZIP archive. Extract it and use the .bin file inside.",
    Refusal.GZIP: "This is a gzip archive. Extract it and use the .bin file inside.",
    Refusal.HTML: "This is a web page, probably an error or sign-in page, not a sketch. Download the file again.",
    Refusal.TEXT: "This is text, not a compiled sketch. Use the .bin file from the build.",
    Refusal.NOT_A_SKETCH: "This isn't a sketch for this kind of board (it starts with {beginning}). Use the .bin file "
    "from a build for your board.",
    Refusal.WITH_BOOTLOADER: "This file contains the bootloader, which is already on the board. Use the .bin file "
    'without "with_bootloader" in its name.',
    Refusal.WRONG_LINK_BASE: "This sketch isn't linked for address {expected}, where the board stores it. Build it "
    "with the linker script flash_with_bootloader.ld of your board.",
    Refusal.TRUNCATED: "This file is incomplete: {size} of {expected} bytes. Rebuild the sketch, or download it again.",
    Refusal.NOT_MULTIPLE_OF_4: "This file is incomplete or damaged: its size ({size} bytes) isn't a multiple of 4. "
    "Rebuild the sketch, or download it again.",
    Refusal.UNKNOWN_BOARD: "Couldn't determine which board this sketch is for. Rebuild it for the {expected}.",
    Refusal.OTHER_BOARD: "This sketch was built for the {board}, but this board is an {expected}. If the board is a "
    "different model, change its model. Otherwise, rebuild the sketch for the {expected}.",
    Refusal.TOO_LARGE: "This sketch is too large: {size} bytes, but the board can only store {limit}. Make it smaller, "
    "or use an SD card or serial flash for updates.",
    Refusal.NO_LOADER: "This sketch doesn't include {library}, which copies updates from the storage of this board when "
    "it starts. Without it, the board would stop working. Include {library}.h in the sketch.",
    Refusal.NO_OTA: "This sketch doesn't support OTA updates. You would need a USB cable to replace it. Call begin() of "
    "its OTA library in setup() and poll() in loop().",
    Refusal.NO_WIFI: "This sketch doesn't start its Wi-Fi before OTA updates, so it would never receive one. You would "
    "need a USB cable to replace it. Call WiFi.begin() before begin() of the OTA library.",
    Refusal.TOO_LITTLE_RAM: "This sketch leaves only {free} bytes of RAM free and would crash during its next update. "
    "You would need a USB cable to replace it. Leave at least {needed} bytes free, for example by using smaller arrays.",
    Refusal.LAST_UPDATE: "This sketch is too large to be updated again: it has {size} bytes and stores updates in the "
    "internal flash, which only has room for {limit}. Make it smaller, or use an SD card or serial flash for updates.",
    Caution.LITTLE_RAM: "This sketch leaves only {free} bytes of RAM free and may crash during its next update. Leave at "
    "least {needed} bytes free, for example by using smaller arrays.",
    Caution.HANGS_AFTER_UPDATE: "Because of the way this sketch was built, the board will hang at the end of its next "
    "update until you press its reset button. Rebuild it without Optimize for Debugging and without LTO.",
    Caution.WAITS_FOR_SERIAL: "This sketch waits for a serial monitor (while (!Serial)). The board stays offline until "
    "one is opened over USB. Remove that line, or limit the wait.",
    Caution.WATCHDOG: "This sketch uses a watchdog, which may reset the board in the middle of every update. If updates "
    "keep failing, you will need a USB cable. Stop the watchdog while an update is received.",
    Caution.PASSWORD_NOT_UTF8: "The OTA password in this sketch isn't valid UTF-8, so you can't enter it anywhere. Use "
    "letters, digits, and punctuation.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an image that its owner has to know before it is flashed."""

    code: Caution
    placeholders: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        """What it says, in English."""
        return SENTENCES[self.code].format_map(self.placeholders)


def refused(reason: Refusal, **placeholders: object) -> SketchRefused:
    """The error for a reason, with what its sentence names."""
    values = {name: str(value) for name, value in placeholders.items()}
    return SketchRefused(reason, SENTENCES[reason].format_map(values), values)
