"""The passwords that a board may accept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

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
