"""The table of the design: what was seen after an upload, and what follows from it."""

from dataclasses import replace
import json

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Order, Outcome
from custom_components.mkr1000_ota.arduino_ota.flash.journal import Pending, Phase, Verdict
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Candidates, Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import judge
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import Sketch
from tests.flash.conftest import PENDING
from tests.virtual_board.sketches import build_sketch

UPLOADING, FINISHING, ANSWERED = (PENDING.at(phase) for phase in Phase)
ANOTHER_DECLARED = replace(ANSWERED, declares_another=True)


@pytest.mark.parametrize(
    ("pending", "accepted", "watched", "verdict"),
    [
        (ANSWERED, "sesame", True, Verdict.FLASHED),
        (ANSWERED, "sesame", False, Verdict.FLASHED),
        (ANOTHER_DECLARED.away(), "password", True, Verdict.NOT_APPLIED),
        (ANSWERED.away(), "password", True, Verdict.FLASHED),
        (ANSWERED, "password", True, Verdict.NOT_APPLIED),
        (ANSWERED, None, True, Verdict.LOCKED),
        (UPLOADING, "password", False, Verdict.NOT_APPLIED),
        (UPLOADING.away(), "password", False, Verdict.NOT_APPLIED),
        (UPLOADING, None, False, Verdict.NOT_APPLIED),
        (FINISHING, "sesame", False, Verdict.FLASHED),
        (FINISHING, "password", False, Verdict.UNCERTAIN),
        (FINISHING.away(), "password", False, Verdict.FLASHED),
        (FINISHING, "password", True, Verdict.NOT_APPLIED),
        (ANSWERED, "password", False, Verdict.FLASHED),
    ],
)
def test_the_table(pending: Pending, accepted: str | None, watched: bool, verdict: Verdict) -> None:
    assert judge(pending, accepted, watched=watched) is verdict


def test_a_pending_flash_survives_its_journey_to_the_disk() -> None:
    pending = replace(ANSWERED, library=Library.ARDUINOOTA, guesses=("a", "b"), name="Garden").away()
    again = Pending.from_dict(json.loads(json.dumps(pending.as_dict())))
    assert again == pending
    assert again.phase is Phase.ANSWERED, "a text that is equal to it would be judged otherwise"


SECRETIVE = replace(ANSWERED, old="s3cret", expected=("s3cret",), guesses=("s3cret",))


@pytest.mark.parametrize(
    "secretive",
    [
        SECRETIVE,
        Outcome(verdict=Verdict.FLASHED, pending=SECRETIVE, seconds=1.0, accepted="s3cret"),
        Order(sketch=Sketch.inspect(build_sketch(password="s3cret")), version="2.0", declared="s3cret"),
        Candidates(expected=("s3cret",), guesses=("s3cret",), declares_another=True),
        Keyring(("s3cret",)),
    ],
    ids=lambda secretive: type(secretive).__name__,
)
def test_no_password_is_shown(secretive: object) -> None:
    """Whatever is logged of a flash, the passwords are not in it."""
    assert "s3cret" not in repr(secretive)
