"""Whether a board would survive an image: format, place in flash, completeness, board."""

from typing import Final

from ..errors import SketchRefused
from .file_type import recognise
from .image import FLASH_END, LINK_BASE, FlashImage
from .library_strings import SERVER
from .refusals import Refusal, refused
from .usb_product import MKR1000, NAMES_OF_MKR1000, product_of
from .vector_table import bootable, programs

# What a card or a serial flash holds is limited only by where the sketch goes in the end.
LARGE_STORAGE: Final = FLASH_END - LINK_BASE
# The board collects a new sketch in the upper half of the flash that the bootloader leaves, while the old one runs in
# the lower half.
INTERNAL_STORAGE: Final = LARGE_STORAGE // 2

_VECTORS: Final = 8
_KNOWN: Final = (*SERVER, *(name.encode() for name in NAMES_OF_MKR1000))


def fit_image(content: bytes, storage_size: int) -> tuple[FlashImage, str]:
    """Look at an image that a board with storage for `storage_size` bytes would take and survive; return its product.

    Raises SketchRefused for any other.
    """
    if (refusal := recognise(content)) is not None:
        raise refused(refusal)
    if not bootable(FlashImage(content[:_VECTORS], base=0)):
        raise _not_a_sketch(content)
    if len(content) > LARGE_STORAGE:
        raise refused(Refusal.TOO_LARGE, size=len(content), limit=storage_size)
    image = FlashImage(content)
    _check_link_base(image)
    _check_complete(image)
    product = _check_board(image)
    if len(content) > storage_size:
        raise refused(Refusal.TOO_LARGE, size=len(content), limit=storage_size)
    return image, product


def _not_a_sketch(content: bytes) -> SketchRefused:
    return refused(Refusal.NOT_A_SKETCH, beginning=content[:_VECTORS].hex(" "))


def _check_link_base(image: FlashImage) -> None:
    """Refuse what is made to run elsewhere than behind the bootloader.

    Code refers to strings by address. So words that point to strings which every sketch has prove where the linker put
    them. The vectors alone prove little.
    """
    here, at_zero = _pointed_to(image), _pointed_to(FlashImage(image.content, base=0))
    if bootable(FlashImage(image.content[LINK_BASE : LINK_BASE + _VECTORS])) and at_zero > here:
        raise refused(Refusal.WITH_BOOTLOADER)
    if at_zero > here or (here == 0 and any(image.has(literal) for literal in _KNOWN)):
        raise refused(Refusal.WRONG_LINK_BASE, expected=hex(LINK_BASE))
    if not bootable(image):
        raise _not_a_sketch(image.content)


def _pointed_to(image: FlashImage) -> int:
    """How many of the strings by which a sketch is known are pointed to."""
    return sum(image.points_to(literal) for literal in _KNOWN)


def _check_complete(image: FlashImage) -> None:
    for program in programs(image):
        if program.end is not None and program.end > len(image.content):
            raise refused(Refusal.TRUNCATED, expected=program.end, size=len(image.content))
        image.variables = program.variables
    if len(image.content) % 4:
        raise refused(Refusal.NOT_MULTIPLE_OF_4, size=len(image.content))


def _check_board(image: FlashImage) -> str:
    product = product_of(image)
    if product is None:
        raise refused(Refusal.UNKNOWN_BOARD, expected=MKR1000)
    if product not in NAMES_OF_MKR1000:
        raise refused(Refusal.OTHER_BOARD, board=product, expected=MKR1000)
    return product
