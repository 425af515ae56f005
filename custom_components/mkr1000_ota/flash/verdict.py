"""What became of a flash, judged by what the board does afterwards."""

from enum import StrEnum

from .journal import Pending, Phase


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


def judge(pending: Pending, accepted: str | None, *, watched: bool) -> Verdict:
    """Judge a flash by the password that the board accepts now, None for none that is known.

    `watched` says whether the board was under observation from the upload on: only then does "it was not seen to
    go away" mean that it stayed.
    """
    if pending.phase is Phase.UPLOADING:
        # The last piece never left: whatever the board does now, it does with the sketch it had before.
        return Verdict.NOT_APPLIED
    match accepted:
        case None:
            return Verdict.LOCKED
        case password if password != pending.old:
            return Verdict.FLASHED
        case _ if pending.declares_another:
            return Verdict.NOT_APPLIED
        case _ if pending.seen_away:
            return Verdict.FLASHED
        case _ if watched:
            return Verdict.NOT_APPLIED
        case _ if pending.phase is Phase.ANSWERED:
            return Verdict.FLASHED
        case _:
            return Verdict.UNCERTAIN
