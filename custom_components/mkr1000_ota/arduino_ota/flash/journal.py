"""What is written down about a flash before its first byte, so that no crash can lose a password."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

from ..libraries import Library
from .passwords import Keyring


class Phase(StrEnum):
    """How far a flash had come when it was last written down."""

    # The board lacks at least the last piece of the image: it cannot have flashed.
    UPLOADING = "uploading"
    # The last piece may have reached the board, its answer was not seen: it may have flashed.
    FINISHING = "finishing"
    # The board answered 200: it flashes, whatever happens here.
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A flash whose end has not been written down.

    Passwords: `old` is the one that the board took before; `expected` are those that the new sketch should want,
    likeliest first; `guesses` are further literals of the image, tried only when nothing else fits.
    """

    version: str
    previous_version: str | None
    sha256: str
    size: int  # bytes
    started: float  # seconds since the epoch
    old: str = field(repr=False)
    expected: tuple[str, ...] = field(default=(), repr=False)
    guesses: tuple[str, ...] = field(default=(), repr=False)
    # The release or the user names another password than the old one, and nothing in the image speaks against it.
    declares_another: bool = False
    # What the new sketch calls itself, and the library it was built with; None when its image does not say.
    name: str | None = None
    library: Library | None = None
    signature: str | None = None  # the text that came with the image
    ota: bool = True  # the new sketch can be flashed over the air again
    phase: Phase = Phase.UPLOADING
    seen_away: bool = False

    def at(self, phase: Phase) -> Self:
        """Return the same flash, one phase on."""
        return replace(self, phase=phase)

    def away(self) -> Self:
        """Return the same flash, now that the board was seen to be gone."""
        return replace(self, seen_away=True)

    def as_dict(self) -> dict[str, Any]:
        """Return what is stored; passwords in clear, as the configuration entry has them, too."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read what `as_dict` returned, after a journey through JSON."""
        return cls(
            **{
                **stored,
                "expected": tuple(stored["expected"]),
                "guesses": tuple(stored["guesses"]),
                "phase": Phase(stored["phase"]),
                "library": Library(stored["library"]) if stored["library"] else None,
            }
        )


class Verdict(StrEnum):
    """What became of a flash."""

    FLASHED = "flashed"
    NOT_APPLIED = "not_applied"
    # Flashed, and none of the passwords that can be known opens it.
    LOCKED = "locked"
    # Flashed as asked for, with a sketch that listens to nobody.
    WITHOUT_OTA = "without_ota"
    # It did not come back in the time that a board takes.
    NOT_BACK = "not_back"
    # Old and new sketch behave alike, and nobody was there to see the board go away.
    UNCERTAIN = "uncertain"


class JournalUnwritable(Exception):
    """The disk did not take what has to be written down before a board is flashed."""


class Journal(Protocol):
    """Where the flashes of one board are written down; every method returns when it is on the disk."""

    @property
    def keyring(self) -> Keyring:
        """The passwords that the board may accept."""

    @property
    def pending(self) -> Pending | None:
        """The flash whose end is not known."""

    async def write(self, pending: Pending) -> None:
        """Note how far a flash has come. Raises JournalUnwritable if that is not on the disk afterwards."""

    async def close(self, keyring: Keyring, verdict: Verdict) -> None:
        """Note the end of the pending flash, and with it the passwords that the board may accept.

        Raises nothing: the flash is over, and what is known now must be used even if the disk is full.
        """
