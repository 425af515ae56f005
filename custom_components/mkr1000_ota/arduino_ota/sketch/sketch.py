"""A sketch: an image that was inspected and found fit for an MKR1000."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
import re
from typing import Any, Final, Self

from ..errors import SketchRefused
from ..hardware import Model
from ..libraries import Library
from .checks import INTERNAL_STORAGE, LARGE_STORAGE, fit_image
from .image import FlashImage
from .library_strings import VERSION_MARKER
from .ota_support import library_of
from .passwords import MOST_CANDIDATES, name_and_passwords
from .refusals import Refusal, refused
from .vector_table import sketch_variables

__all__ = ["INTERNAL_STORAGE", "LARGE_STORAGE", "MOST_CANDIDATES", "Refusal", "Sketch", "SketchRefused"]

_VERSION: Final = re.compile(re.escape(VERSION_MARKER.encode()) + rb"([0-9A-Za-z][0-9A-Za-z.+_-]{0,39})\0")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Sketch:
    """What an image tells about itself.

    `board` is its USB product name. `library` is the one that serves uploads once the sketch runs. `passwords` are
    those that it may want then, likeliest first; none need be right, as a sketch can compute its password.
    """

    image: bytes = field(repr=False)
    size: int
    sha256: str
    board: str
    ota: bool
    library: Library | None
    name: str | None
    version: str | None
    passwords: tuple[str, ...] = field(repr=False)
    stated_password: str | None = field(default=None, repr=False)
    model: Model | None = None
    built: datetime | None = None
    # What it will need a hand for; each has a `code`.
    warnings: tuple[Any, ...] = ()

    @classmethod
    def inspect(cls, image: bytes, *, storage_size: int = INTERNAL_STORAGE, allow_without_ota: bool = False) -> Self:
        """Inspect an image for a board that has `storage_size` bytes for a new sketch.

        Takes some tens of milliseconds at most, of computing: call it in a thread. Raises SketchRefused, and nothing
        else, if the board would not survive the image or, unless allowed, could not be flashed over the air again.
        """
        flash, product = fit_image(image, storage_size)
        library = library_of(flash)
        if library is None and not allow_without_ota:
            raise refused(Refusal.NO_OTA)
        name, passwords = name_and_passwords(flash) if library else (None, ())
        version = _VERSION.search(image)
        return cls(
            image=image,
            size=len(image),
            sha256=sha256(image).hexdigest(),
            board=product,
            ota=library is not None,
            library=library,
            name=name,
            version=version[1].decode() if version else None,
            passwords=passwords,
        )

    def has_literal(self, text: str) -> bool:
        """Whether the sketch has this very string, ended by NUL.

        It begins where a word points to, which may be in the middle of a longer string that ends alike, or behind the
        NUL of another one, as members of structures do; or it is short enough to be a number in the code.
        """
        literal = text.encode(errors="surrogatepass")
        if text in self.passwords or b"\0" + literal + b"\0" in self.image:
            return True
        flash = FlashImage(self.image)
        flash.variables = sketch_variables(flash)
        return flash.points_to(literal)
