"""What became of a flash: one rule, for a flash that was watched and for one that is found after a crash."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import BoardError
from ..libraries import Library
from .pending import Pending, Phase


class Verdict(StrEnum):
    """What became of a flash."""

    FLASHED = "flashed"
    NOT_APPLIED = "not_applied"
    # None of the passwords that can be known opens what the board runs now.
    LOCKED = "locked"
    # Flashed as asked for, with a sketch that listens to nobody.
    WITHOUT_OTA = "without_ota"
    # It did not come back in the time that a board takes.
    NOT_BACK = "not_back"
    # Nothing proves which sketch the board runs.
    UNCERTAIN = "uncertain"


class Running(StrEnum):
    """What a board runs after a flash, as far as its verdict tells."""

    NEW = "new"
    OLD = "old"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a board shows that answers again."""

    # The library in whose style it answers.
    library: Library
    # The password that it accepts; None for none that is known.
    accepted: str | None = field(default=None, repr=False)
    # It was watched from the upload on, without a pause in which it could have restarted.
    stayed: bool = False
    # It came back so late that somebody may have used a cable in the meantime.
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a flash ended."""

    verdict: Verdict
    pending: Pending
    # The password that the board accepts now; None when it is not known.
    accepted: str | None = field(default=None, repr=False)
    # What ended the upload before the board had all of the sketch.
    error: BoardError | None = None

    @property
    def running(self) -> Running:
        """Which sketch the board runs now."""
        match self.verdict:
            case Verdict.FLASHED | Verdict.WITHOUT_OTA:
                return Running.NEW
            case Verdict.LOCKED if self.pending.stated_password is None:
                return Running.NEW
            case Verdict.NOT_APPLIED if self.accepted == self.pending.old_password:
                return Running.OLD
        return Running.UNKNOWN


def verdict_of(pending: Pending, evidence: Evidence | None) -> Verdict:
    """Tell what became of a flash; there is no evidence when the board did not answer in time.

    Both libraries answer 200 once they have stored the whole image, and go straight on to copy it: no way leads back to
    the old sketch, but a loss of power in the half second before, and a card or serial flash that no loader reads. So a
    200 counts as long as nothing contradicts it.
    """
    if pending.phase is Phase.UPLOADING:
        return Verdict.NOT_APPLIED
    if evidence is None:
        is_done = pending.phase is Phase.ANSWERED and not pending.ota
        return Verdict.WITHOUT_OTA if is_done else Verdict.NOT_BACK
    accepts_old = evidence.accepted == pending.old_password
    if not pending.ota or pending.library not in (None, evidence.library):
        # Whatever this is, it is not the new sketch.
        return Verdict.NOT_APPLIED if accepts_old else Verdict.UNCERTAIN
    if evidence.accepted is None:
        return Verdict.UNCERTAIN if evidence.late else Verdict.LOCKED
    if not accepts_old:
        is_candidate = evidence.accepted in (*pending.expected, *pending.guesses)
        may_be_computed = pending.stated_password is None and not evidence.late
        return Verdict.FLASHED if is_candidate or may_be_computed else Verdict.UNCERTAIN
    if None not in (pending.library, pending.running_library) and pending.library != pending.running_library:
        # It is not the old sketch; and not the new one either, if that states another password.
        states_another = pending.stated_password not in (None, pending.old_password)
        return Verdict.UNCERTAIN if states_another else Verdict.FLASHED
    if evidence.stayed or _wants_another(pending):
        return Verdict.NOT_APPLIED
    if evidence.late or _lacks_old(pending):
        return Verdict.UNCERTAIN
    is_copied = pending.phase is Phase.ANSWERED and pending.storage == "internal"
    return Verdict.FLASHED if is_copied else Verdict.UNCERTAIN


def _wants_another(pending: Pending) -> bool:
    """Tell whether the new sketch wants another password than the old one; what is declared may be a mistake."""
    if pending.stated_password is not None:
        return pending.stated_password != pending.old_password
    if pending.password in (None, pending.old_password):
        return False
    return pending.password_in_image or not pending.old_password_in_image


def _lacks_old(pending: Pending) -> bool:
    """Tell whether the old password is missing in the new image, where nothing else lets it be the new sketch's.

    A sketch can compute its password, and if the running one does, so may the new one.
    """
    may_be_computed = pending.old_password_in_running is False
    return not (pending.old_password_in_image or pending.password == pending.old_password or may_be_computed)
