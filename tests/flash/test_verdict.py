"""The table of the design, "What became of a flash": what was seen after an upload, and what follows from it."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Order
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Evidence, Outcome, Running, Verdict, verdict_of
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.flash.conftest import PENDING
from tests.virtual_board.sketches import build_sketch

OLD, NEW = "password", "sesame"
UPLOADING, FINISHING, ANSWERED = Phase

# What an image, and its source, tell of the password that the new sketch will want.
STATES_ANOTHER: dict[str, Any] = {}
STATES_THE_OLD: dict[str, Any] = {"stated_password": OLD, "expected": (OLD,), "old_password_in_image": True}
UNREADABLE: dict[str, Any] = {"stated_password": None, "expected": (), "guesses": (NEW,)}
CONTAINS_THE_OLD = UNREADABLE | {"old_password_in_image": True}
DECLARES_ANOTHER = UNREADABLE | {"password": NEW, "expected": (NEW,), "password_in_image": True}
DECLARES_ONE_THAT_IS_COMPUTED = DECLARES_ANOTHER | {"password_in_image": False}
DECLARES_A_MISTAKE = CONTAINS_THE_OLD | {"password": "seasme", "expected": ("seasme",)}
CONTAINS_BOTH_AND_DECLARES_ANOTHER = DECLARES_ANOTHER | {"old_password_in_image": True}
BOTH_COMPUTE_IT = UNREADABLE | {"old_password_in_running": False}
ONLY_THE_NEW_ONE_COMPUTES_IT = UNREADABLE | {"old_password_in_running": True}
DECLARES_THE_OLD = UNREADABLE | {"password": OLD, "expected": (OLD,)}
OTHER_LIBRARY: dict[str, Any] = {"library": Library.ARDUINOOTA}


def pending(phase: Phase, image: dict[str, Any], **facts: Any) -> Pending:
    """Return a flash that came so far, of such an image."""
    return replace(PENDING, phase=phase, **(image | facts))


def board(accepted: str | None, **facts: Any) -> Evidence:
    """Return a board that is there and accepts this password."""
    return Evidence(**({"library": Library.WIFI101OTA, "accepted": accepted} | facts))


@pytest.mark.parametrize(
    ("flash", "evidence", "verdict"),
    [
        # The last chunk never left: whatever the board does now, it does not by this flash.
        (pending(UPLOADING, STATES_ANOTHER), board(OLD), Verdict.NOT_APPLIED),
        (pending(UPLOADING, STATES_ANOTHER), board(NEW), Verdict.NOT_APPLIED),
        (pending(UPLOADING, STATES_THE_OLD), board(OLD), Verdict.NOT_APPLIED),
        (pending(UPLOADING, UNREADABLE), board(None), Verdict.NOT_APPLIED),
        (pending(UPLOADING, UNREADABLE), board(NEW, late=True), Verdict.NOT_APPLIED),
        # A sketch without OTA answers nobody: only a 200 says that it was flashed.
        (pending(ANSWERED, UNREADABLE, ota=False, library=None), None, Verdict.WITHOUT_OTA),
        (pending(FINISHING, UNREADABLE, ota=False, library=None), None, Verdict.NOT_BACK),
        (pending(UPLOADING, UNREADABLE, ota=False, library=None), None, Verdict.NOT_APPLIED),
        (pending(FINISHING, UNREADABLE, ota=False, library=None), board(OLD), Verdict.NOT_APPLIED),
        (pending(ANSWERED, UNREADABLE, ota=False, library=None), board(NEW), Verdict.UNCERTAIN),
        # A candidate other than the old password.
        (pending(FINISHING, STATES_ANOTHER), board(NEW), Verdict.FLASHED),
        (pending(ANSWERED, STATES_ANOTHER), board(NEW), Verdict.FLASHED),
        (pending(ANSWERED, UNREADABLE), board(NEW, late=True), Verdict.FLASHED),
        (pending(ANSWERED, STATES_ANOTHER, guesses=("another literal",)), board("another literal"), Verdict.FLASHED),
        # One that only the keyring knows: computed, or of another sketch.
        (pending(ANSWERED, UNREADABLE), board("of last year"), Verdict.FLASHED),
        (pending(ANSWERED, UNREADABLE), board("of last year", late=True), Verdict.UNCERTAIN),
        (pending(ANSWERED, STATES_ANOTHER), board("of last year"), Verdict.UNCERTAIN),
        # The old one, and the new sketch wants another.
        (pending(ANSWERED, STATES_ANOTHER), board(OLD), Verdict.NOT_APPLIED),
        (pending(FINISHING, STATES_ANOTHER), board(OLD), Verdict.NOT_APPLIED),
        (pending(ANSWERED, STATES_ANOTHER), board(OLD, late=True), Verdict.NOT_APPLIED),
        (pending(ANSWERED, DECLARES_ANOTHER), board(OLD), Verdict.NOT_APPLIED),
        (pending(FINISHING, DECLARES_ONE_THAT_IS_COMPUTED), board(OLD), Verdict.NOT_APPLIED),
        (pending(ANSWERED, CONTAINS_BOTH_AND_DECLARES_ANOTHER), board(OLD), Verdict.NOT_APPLIED),
        # The old one, which is not in the new image.
        (pending(ANSWERED, UNREADABLE), board(OLD), Verdict.UNCERTAIN),
        (pending(ANSWERED, ONLY_THE_NEW_ONE_COMPUTES_IT), board(OLD), Verdict.UNCERTAIN),
        (pending(FINISHING, UNREADABLE), board(OLD), Verdict.UNCERTAIN),
        # The old one, which may be the new sketch's: after a 200 it is copied, unless it is only stored.
        (pending(ANSWERED, STATES_THE_OLD), board(OLD), Verdict.FLASHED),
        (pending(ANSWERED, CONTAINS_THE_OLD), board(OLD), Verdict.FLASHED),
        (pending(ANSWERED, DECLARES_A_MISTAKE), board(OLD), Verdict.FLASHED),
        (pending(ANSWERED, DECLARES_THE_OLD), board(OLD), Verdict.FLASHED),
        (pending(ANSWERED, BOTH_COMPUTE_IT), board(OLD), Verdict.FLASHED),
        (pending(ANSWERED, STATES_THE_OLD, storage="sd"), board(OLD), Verdict.UNCERTAIN),
        (pending(ANSWERED, STATES_THE_OLD, storage="serial_flash"), board(OLD), Verdict.UNCERTAIN),
        (pending(ANSWERED, STATES_THE_OLD), board(OLD, late=True), Verdict.UNCERTAIN),
        # The same, watched, and it never left.
        (pending(ANSWERED, STATES_THE_OLD), board(OLD, stayed=True), Verdict.NOT_APPLIED),
        (pending(FINISHING, STATES_THE_OLD), board(OLD, stayed=True), Verdict.NOT_APPLIED),
        (pending(ANSWERED, BOTH_COMPUTE_IT, storage="sd"), board(OLD, stayed=True), Verdict.NOT_APPLIED),
        (pending(FINISHING, UNREADABLE), board(OLD, stayed=True), Verdict.NOT_APPLIED),
        # The same, without a 200.
        (pending(FINISHING, STATES_THE_OLD), board(OLD), Verdict.UNCERTAIN),
        (pending(FINISHING, CONTAINS_THE_OLD), board(OLD, late=True), Verdict.UNCERTAIN),
        # None that is known.
        (pending(ANSWERED, UNREADABLE), board(None), Verdict.LOCKED),
        (pending(FINISHING, STATES_ANOTHER), board(None), Verdict.LOCKED),
        (pending(ANSWERED, UNREADABLE), board(None, late=True), Verdict.UNCERTAIN),
        # Nothing in time.
        (pending(ANSWERED, STATES_ANOTHER), None, Verdict.NOT_BACK),
        (pending(FINISHING, STATES_THE_OLD), None, Verdict.NOT_BACK),
        # Where the libraries differ, the style of the answers decides.
        (pending(FINISHING, STATES_THE_OLD, **OTHER_LIBRARY), board(OLD), Verdict.NOT_APPLIED),
        (pending(ANSWERED, STATES_THE_OLD, **OTHER_LIBRARY), board(OLD), Verdict.NOT_APPLIED),
        (
            pending(FINISHING, STATES_THE_OLD, **OTHER_LIBRARY),
            board(OLD, library=Library.ARDUINOOTA),
            Verdict.FLASHED,
        ),
        (
            pending(ANSWERED, CONTAINS_THE_OLD, storage="sd", **OTHER_LIBRARY),
            board(OLD, library=Library.ARDUINOOTA, late=True),
            Verdict.FLASHED,
        ),
        (
            pending(ANSWERED, DECLARES_ANOTHER, **OTHER_LIBRARY),
            board(OLD, library=Library.ARDUINOOTA),
            Verdict.FLASHED,
        ),
        # Where password and library contradict each other, it is neither sketch.
        (
            pending(ANSWERED, STATES_ANOTHER, **OTHER_LIBRARY),
            board(OLD, library=Library.ARDUINOOTA),
            Verdict.UNCERTAIN,
        ),
        (pending(ANSWERED, STATES_ANOTHER, **OTHER_LIBRARY), board(NEW), Verdict.UNCERTAIN),
        (pending(ANSWERED, UNREADABLE, **OTHER_LIBRARY), board(None), Verdict.UNCERTAIN),
    ],
)
def test_the_table(flash: Pending, evidence: Evidence | None, verdict: Verdict) -> None:
    assert verdict_of(flash, evidence) is verdict


@pytest.mark.parametrize(
    ("verdict", "accepted", "image", "running"),
    [
        (Verdict.FLASHED, NEW, STATES_ANOTHER, Running.NEW),
        (Verdict.WITHOUT_OTA, None, UNREADABLE, Running.NEW),
        (Verdict.LOCKED, None, UNREADABLE, Running.NEW),
        (Verdict.LOCKED, None, STATES_ANOTHER, Running.UNKNOWN),
        (Verdict.NOT_APPLIED, OLD, STATES_ANOTHER, Running.OLD),
        # Somebody else has flashed it.
        (Verdict.NOT_APPLIED, NEW, STATES_ANOTHER, Running.UNKNOWN),
        (Verdict.NOT_APPLIED, None, STATES_ANOTHER, Running.UNKNOWN),
        (Verdict.UNCERTAIN, OLD, STATES_THE_OLD, Running.UNKNOWN),
        (Verdict.NOT_BACK, None, STATES_ANOTHER, Running.UNKNOWN),
    ],
)
def test_what_runs_follows_from_the_verdict(
    verdict: Verdict, accepted: str | None, image: dict[str, Any], running: Running
) -> None:
    flash = pending(ANSWERED, image)
    assert Outcome(verdict=verdict, pending=flash, accepted=accepted).running is running


def test_what_the_running_build_predicts_comes_first_where_a_board_is_not_back() -> None:
    flash = pending(ANSWERED, STATES_ANOTHER, running_warnings=("hangs",), warnings={"waits_for_serial": {}})
    assert flash.predictions == ("hangs", "waits_for_serial")


def test_no_password_is_shown() -> None:
    """Whatever is logged of a flash."""
    secret = {"old_password": "s3cret", "password": "s3cret", "stated_password": "s3cret"}
    outcome = Outcome(
        verdict=Verdict.FLASHED,
        pending=pending(ANSWERED, secret, expected=("s3cret",), guesses=("s3cret",)),
        accepted="s3cret",
    )
    order = Order(sketch=Sketch.inspect(build_sketch(password="s3cret")), version="2.0", password="s3cret")
    for secretive in (outcome, order, board("s3cret"), Keyring(("s3cret",))):
        assert "s3cret" not in repr(secretive)
