"""Whether a board would survive an image: format, place in flash, completeness, board, storage."""

from collections.abc import Collection
from typing import Final

from ..errors import SketchRefused
from ..hardware import LARGEST_SKETCH, MODELS, SKETCH_START, Model, Storage
from ..libraries import Library
from .file_type import recognize
from .findings import Refusal, refused
from .image import FlashImage
from .ota_library import SERVER
from .program import LOADERS, Program, bootable, programs
from .target import built_for, drivable

_VECTORS: Final = 8
# Many sketches have these strings, and what is linked elsewhere points elsewhere.
_KNOWN: Final = (*SERVER, *(name.encode() for model in MODELS for name in model.usb_products))
_WHOLE_FLASH: Final = LARGEST_SKETCH[Storage.SD]


def whole_program(content: bytes) -> tuple[FlashImage, Program]:
    """Look at a file that is a whole image, linked to where boards put it; return it with the sketch's own program.

    Raises SketchRefused for any other.
    """
    if (refusal := recognize(content)) is not None:
        raise refused(refusal)
    if not bootable(FlashImage(content[:_VECTORS], base=0)):
        raise _not_a_sketch(content)
    if len(content) > _WHOLE_FLASH:
        raise refused(Refusal.TOO_LARGE, size=len(content), limit=_WHOLE_FLASH)
    image = FlashImage(content)
    _check_link_base(image)
    for program in programs(image):
        if program.end is not None and program.end > len(content):
            raise refused(Refusal.TRUNCATED, expected=program.end, size=len(content))
    if len(content) % 4:
        raise refused(Refusal.NOT_MULTIPLE_OF_4, size=len(content))
    image.variables = program.variables
    return image, program


def check_board(
    image: FlashImage, library: Library | None, wanted: Model | None, allow: Collection[Refusal]
) -> Model | None:
    """Return the model that an image proves to be for. Raises SketchRefused if that is not the wanted one."""
    built = built_for(image, library)
    expected = ", ".join(model.name for model in ([wanted] if wanted else MODELS))
    if isinstance(built, str):
        raise refused(Refusal.OTHER_BOARD, board=built, expected=expected)
    if built and wanted in (built, None):
        return built
    possible = (built,) if built else drivable(image)
    if wanted and possible and wanted not in possible:
        raise refused(Refusal.OTHER_BOARD, board=" or ".join(model.name for model in possible), expected=expected)
    if Refusal.UNKNOWN_BOARD not in allow:
        raise refused(Refusal.UNKNOWN_BOARD, expected=expected)
    return None


def check_storage(size: int, loader: Storage | None, storage: Storage) -> None:
    """Raise SketchRefused if an image does not fit into a storage, or is not what copies the next one from there."""
    if size > LARGEST_SKETCH[storage]:
        raise refused(Refusal.TOO_LARGE, size=size, limit=LARGEST_SKETCH[storage])
    if storage in LOADERS and loader != storage:
        raise refused(Refusal.NO_LOADER, library=LOADERS[storage].library)


def _not_a_sketch(content: bytes) -> SketchRefused:
    return refused(Refusal.NOT_A_SKETCH, beginning=content[:_VECTORS].hex(" "))


def _check_link_base(image: FlashImage) -> None:
    """Refuse what is made to run elsewhere than behind the bootloader.

    Code refers to strings by address. So words that point to strings which every sketch has prove where the linker put
    them. The vectors alone prove little.
    """
    here, at_zero = _pointed_to(image), _pointed_to(FlashImage(image.content, base=0))
    behind_bootloader = FlashImage(image.content[SKETCH_START : SKETCH_START + _VECTORS])
    if bootable(behind_bootloader) and at_zero > here:
        raise refused(Refusal.WITH_BOOTLOADER)
    if at_zero > here or (here == 0 and any(image.has(literal) for literal in _KNOWN)):
        raise refused(Refusal.WRONG_LINK_BASE, expected=hex(SKETCH_START))
    if not bootable(image):
        raise _not_a_sketch(image.content)


def _pointed_to(image: FlashImage) -> int:
    """How many of the strings by which a sketch is known are pointed to."""
    return sum(image.points_to(literal) for literal in _KNOWN)
