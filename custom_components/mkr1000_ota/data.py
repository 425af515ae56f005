"""What a board is busy with on our account."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The stages of an install, in their order; also the states of the activity sensor."""

    IDLE = "idle"
    # The board is away, and the user said that the install may wait for it.
    WAITING = "waiting"
    # As many boards as allowed are being flashed already.
    QUEUED = "queued"
    FETCHING = "fetching"
    CHECKING = "checking"
    UPLOADING = "uploading"
    RESTARTING = "restarting"
    # The new sketch runs and has to show that it works.
    WATCHING = "watching"


@dataclass(frozen=True, slots=True)
class Activity:
    """A stage, and while uploading the bytes that the board has taken of `size` bytes."""

    stage: Stage = Stage.IDLE
    version: str | None = None
    taken: int = 0
    size: int = 0

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it is an install that waits, of which the board has not seen anything."""
        return self.stage in (Stage.WAITING, Stage.QUEUED)

    @property
    def percentage(self) -> float | None:
        """How much of the image the board has, in percent with one decimal; None before an upload and long after it.

        A board that restarts has all of it: without a percentage, the frontend would say that it prepares the install.
        """
        if self.stage not in (Stage.UPLOADING, Stage.RESTARTING) or not self.size:
            return None
        return round(100 * self.taken / self.size, 1)


IDLE = Activity()
