"""The passwords that a board may accept, and those that a new sketch may want once it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..sketch import Sketch
from .stored import is_storable

# A board is tried with each of them when its password has changed, and every request stops its sketch for a moment.
KEPT_PASSWORDS = 8


@dataclass(frozen=True, slots=True)
class Keyring:
    """Passwords of one board, the one that it accepted last first.

    Older ones are kept because a board can go back to them: somebody flashes last month's sketch by cable, and
    nobody remembers what was compiled into it.
    """

    passwords: tuple[str, ...] = field(default=(), repr=False)
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @property
    def current(self) -> str | None:
        """The password that the board accepted last; None when there never was one."""
        return self.passwords[0] if self.passwords else None

    def accepted(self, password: str) -> Self:
        """Return the keyring after the board has accepted a password."""
        return self._of(password, *self.passwords)

    def also(self, *passwords: str) -> Self:
        """Return the keyring with passwords behind the current one that the board may come to want."""
        return self._of(*self.passwords[:1], *passwords, *self.passwords[1:])

    def _of(self, *passwords: str) -> Self:
        return replace(self, passwords=tuple(dict.fromkeys(passwords))[:KEPT_PASSWORDS])


def candidates(sketch: Sketch, keyring: Keyring, password: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Work out what a sketch will want: what is expected, likeliest first, and further guesses.

    `password` is what its source or the user says. Expected are what the image states, what is declared, and passwords
    of the keyring that stand in the image. What no journal can hold is left out: the inspector warns of a password that
    is not UTF-8.
    """
    named = (sketch.stated_password, password)
    known = [one for one in keyring.passwords if stands_in(sketch, one)]
    expected = tuple(dict.fromkeys(one for one in (*named, *known) if one is not None and is_storable(one)))
    return expected, tuple(guess for guess in sketch.passwords if guess not in expected and is_storable(guess))


def stands_in(sketch: Sketch, password: str) -> bool:
    """Tell whether a password is a literal of a sketch."""
    # Every literal ends in an empty one: finding that proves nothing, unless it is pointed to like a password.
    return sketch.has_literal(password) if password else password in sketch.passwords
