"""What is written down about a flash before its first byte, so that no crash can lose a password."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
import time
from typing import Any, Self

from ..libraries import Library


class Phase(StrEnum):
    """How far a flash had come when it was last written down."""

    # The board lacks at least the last chunk of the image: it cannot have flashed.
    UPLOADING = "uploading"
    # The last chunk may have reached the board, its answer was not seen: it may have flashed.
    FINISHING = "finishing"
    # The board answered 200: it flashes, whatever happens here.
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A flash whose end has not been written down, with all that its verdict needs."""

    version: str
    sha256: str
    size: int  # bytes
    started: float  # seconds since the epoch
    # The password that the board took before.
    old_password: str = field(repr=False)
    previous_version: str | None = None
    # What the source or the user says that the new sketch will want.
    password: str | None = field(default=None, repr=False)
    signature: str | None = None  # the text that came with the image
    # What the call of begin() in the new image passes; None if that cannot be read.
    stated_password: str | None = field(default=None, repr=False)
    # What the new sketch should want, likeliest first, and further literals of the image, tried when nothing else fits.
    expected: tuple[str, ...] = field(default=(), repr=False)
    guesses: tuple[str, ...] = field(default=(), repr=False)
    password_in_image: bool = False
    old_password_in_image: bool = False
    # Whether the old password stands in the image of the sketch that took it; None where that image is not known.
    old_password_in_running: bool | None = None
    # What the new sketch calls itself, and the library it was built with; None when its image does not say.
    name: str | None = None
    library: Library | None = None
    running_library: Library | None = None
    storage: str = "internal"
    ota: bool = True  # the new sketch can be flashed over the air again
    # What the inspector says of the new build, by its code with placeholders, and codes for the one that was running.
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    running_warnings: tuple[str, ...] = ()
    phase: Phase = Phase.UPLOADING
    phase_began: float = field(default_factory=time.time)  # seconds since the epoch
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @property
    def predictions(self) -> tuple[str, ...]:
        """Codes of what may keep the board from coming back, likeliest first: the running build copies the new one."""
        return (*self.running_warnings, *self.warnings)

    def at(self, phase: Phase) -> Self:
        """Return the same flash, one phase on."""
        return replace(self, phase=phase, phase_began=time.time())
