"""What became of a flash, judged by what the board does afterwards."""

from .journal import Pending, Phase, Verdict


def judge(pending: Pending, accepted: str | None, *, watched: bool) -> Verdict:
    """Judge a flash by the password that the board accepts now, None for none that is known.

    `watched` says whether the board was under observation from the upload on, without a pause in which it could have
    restarted: only then does "it was not seen to go away" mean that it stayed.

    Both libraries answer 200 once they have stored the whole image, and go straight on to copy it: no way leads back to
    the old sketch, but a loss of power in the half second before. So a 200 counts as long as nothing contradicts it.
    That nothing was applied is certain in two cases only: the last piece never left, or the board answered at times
    between which it could not have copied and restarted. Elsewhere, sketches with one password cannot be told apart.
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
