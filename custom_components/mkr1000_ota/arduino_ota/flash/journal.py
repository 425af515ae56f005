"""Where the flashes of one board are written down."""

from typing import Protocol

from .passwords import Keyring
from .pending import Pending
from .verdict import Outcome


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

    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        """Note the end of the pending flash and the passwords of the board, in one step.

        There is no outcome if the board got nothing of the sketch. Raises nothing: the flash is over, and what is known
        now must be used even if the disk is full.
        """
