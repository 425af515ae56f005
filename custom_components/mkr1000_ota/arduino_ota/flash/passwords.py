"""The passwords that a board may accept, and those that a new sketch may want once it runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from ..sketch import Sketch

# A board is asked for each of them when its password has changed, and every question stops its sketch for a moment.
KEPT_PASSWORDS = 8


@dataclass(frozen=True, slots=True)
class Keyring:
    """Passwords of one board, the one that it accepted last first.

    Older ones are kept because a board can go back to them: somebody flashes last month's sketch by cable, and
    nobody remembers what was compiled into it.
    """

    passwords: tuple[str, ...] = field(default=(), repr=False)

    @property
    def current(self) -> str | None:
        """The password that the board accepted last; None when there never was one."""
        return self.passwords[0] if self.passwords else None

    def accepted(self, password: str) -> Self:
        """Return the keyring after the board has accepted a password."""
        return type(self)(_first_ones((password, *self.passwords)))

    def also(self, *passwords: str) -> Self:
        """Return the keyring with passwords behind the current one that the board may come to want."""
        return type(self)(_first_ones((*self.passwords[:1], *passwords, *self.passwords[1:])))


def _first_ones(passwords: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(passwords))[:KEPT_PASSWORDS]


# How many literals of an image are tried on a board whose new password nobody told. Every try is one small request,
# and the sketch stands still for it.
GUESSES = 24


@dataclass(frozen=True, slots=True)
class Candidates:
    """The passwords that a new sketch may want; see `journal.Pending` for their meaning."""

    expected: tuple[str, ...] = field(repr=False)
    guesses: tuple[str, ...] = field(repr=False)
    declares_another: bool


def candidates(sketch: Sketch, keyring: Keyring, old: str, declared: str | None) -> Candidates:
    """Work out what a sketch will want.

    `old` is the password that the board takes now; `declared` is what the release or the user says, None if neither
    says anything. First what is declared, then passwords of the keyring that stand in the image, then its literals.
    """
    known = [password for password in keyring.passwords if _stands_in(sketch, password)]
    expected = tuple(dict.fromkeys([*([declared] if declared is not None else []), *known]))
    guesses = tuple(guess for guess in sketch.passwords if guess not in expected)[:GUESSES]
    mistaken = declared is not None and not _stands_in(sketch, declared) and _stands_in(sketch, old)
    return Candidates(
        expected=expected,
        guesses=guesses,
        declares_another=declared is not None and declared != old and not mistaken,
    )


def _stands_in(sketch: Sketch, password: str) -> bool:
    # Every literal ends in an empty one: finding that proves nothing, unless it is pointed to like a password.
    return sketch.has_literal(password) if password else password in sketch.passwords
