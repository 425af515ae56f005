"""What a sketch does besides serving: how it treats the board, and how it dies."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
import struct
from typing import Literal

from tests.virtual_board.firmware import FLASH_END, SKETCH_START, SRAM_END, SRAM_START

type StorageName = Literal["internal", "sd", "serial_flash"]

LOADER_SIZE = 16 * 1024
"""The library SDU (SFU) is a sketch of this size, and the program that it starts stands right behind it."""
HALF_OF_THE_FLASH = (FLASH_END - SKETCH_START) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Nothing of this is announced; times in seconds."""

    loop: float = 0.0
    """How long loop() is at something else between two calls of poll()."""
    watchdog: float | None = None
    """The board is reset when loop() has not come round for so long: poll() does not return during an upload."""
    crashes_at_upload: bool = False
    """Too little RAM, or a sketch whose own upper part is erased: the processor stands still once an upload begins."""
    hangs_after_copy: bool = False
    """It copies the next sketch, and then calls a function that it has just overwritten instead of the reset."""
    announces: bool = True
    """It answers mDNS."""
    storage: StorageName = "internal"
    loader: bool = False
    """SDU or SFU stands in front of it, and copies at the next start what was stored on the card or serial flash."""


def behavior_of(image: bytes, known: Mapping[str, Behavior], running: Behavior) -> Behavior:
    """How an image behaves: what is known by its hash, otherwise what can be read out of it.

    With a loader in front it stores where the running sketch does.
    """
    if behavior := known.get(sha256(image).hexdigest()):
        return behavior
    if has_loader(image):
        return Behavior(storage=running.storage if running.storage != "internal" else "sd", loader=True)
    return Behavior(crashes_at_upload=len(image) > HALF_OF_THE_FLASH)


def has_loader(image: bytes) -> bool:
    """Whether a whole second program stands behind the size of a loader."""
    if len(image) < LOADER_SIZE + 8:
        return False
    stack, reset = struct.unpack_from("<II", image, LOADER_SIZE)
    start = SKETCH_START + LOADER_SIZE
    return SRAM_START < stack <= SRAM_END and bool(reset & 1) and start <= reset < SKETCH_START + len(image)
