"""The table of the design: what was seen after an upload, and what follows from it."""

from dataclasses import replace
import json

import pytest

from custom_components.mkr1000_ota.board.library import Library
from custom_components.mkr1000_ota.flash.journal import Pending, Phase
from custom_components.mkr1000_ota.flash.verdict import Verdict, judge

PENDING = Pending(
    version="2.0",
    previous_version="1.0",
    sha256="00",
    size=4,
    started=0.0,
    old="old",
    expected=("new",),
    phase=Phase.ANSWERED,
)
ANOTHER_DECLARED = replace(PENDING, declares_another=True)
AWAY = PENDING.away()


@pytest.mark.parametrize(
    ("pending", "accepted", "watched", "verdict"),
    [
        (PENDING, "new", True, Verdict.FLASHED),
        (PENDING, "new", False, Verdict.FLASHED),
        (ANOTHER_DECLARED.away(), "old", True, Verdict.NOT_APPLIED),
        (AWAY, "old", True, Verdict.FLASHED),
        (PENDING, "old", True, Verdict.NOT_APPLIED),
        (PENDING, None, True, Verdict.LOCKED),
        (PENDING.at(Phase.UPLOADING), "old", False, Verdict.NOT_APPLIED),
        (PENDING.at(Phase.UPLOADING).away(), "old", False, Verdict.NOT_APPLIED),
        (PENDING.at(Phase.UPLOADING), None, False, Verdict.NOT_APPLIED),
        (PENDING.at(Phase.FINISHING), "new", False, Verdict.FLASHED),
        (PENDING.at(Phase.FINISHING), "old", False, Verdict.UNCERTAIN),
        (PENDING.at(Phase.FINISHING).away(), "old", False, Verdict.FLASHED),
        (PENDING.at(Phase.FINISHING), "old", True, Verdict.NOT_APPLIED),
        (PENDING, "old", False, Verdict.FLASHED),
    ],
)
def test_the_table(pending: Pending, accepted: str | None, watched: bool, verdict: Verdict) -> None:
    assert judge(pending, accepted, watched=watched) is verdict


def test_a_pending_flash_survives_its_journey_to_the_disk() -> None:
    pending = replace(PENDING, library=Library.ARDUINOOTA, guesses=("a", "b"), name="Garden").away()
    assert Pending.from_dict(json.loads(json.dumps(pending.as_dict()))) == pending


def test_no_password_is_shown() -> None:
    """Whatever is logged of a pending flash, the passwords are not in it."""
    shown = repr(replace(PENDING, old="s3cret", expected=("s3cret",), guesses=("s3cret",)))
    assert "s3cret" not in shown
