"""A sketch that nobody can flash over the air again, flashed all the same because somebody said so."""

from dataclasses import replace
import time

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Running, Verdict
from custom_components.mkr1000_ota.arduino_ota.sketch import Refusal
from tests.conftest import BRISK
from tests.flash.conftest import PENDING, Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

DEAF = build_sketch(quirks=Quirks(begin=False, poll=False))


async def test_a_sketch_without_ota_ends_it(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """Nobody waits for a board that will not answer any more."""
    outcome = await flasher.flash(order(DEAF, allow=[Refusal.NO_OTA]), ignore)
    assert outcome.verdict is Verdict.WITHOUT_OTA
    assert board.flashed == [DEAF]
    assert journal.pending is None
    assert outcome.running is Running.NEW


async def test_a_lost_answer_of_a_sketch_without_ota(
    impatient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It goes away and never answers again, as it was meant to, or because its power has gone: nobody can tell."""
    board.options = replace(board.options, lose_answer="reset")
    outcome = await impatient.flash(order(DEAF, allow=[Refusal.NO_OTA]), ignore)
    assert outcome.verdict is Verdict.NOT_BACK
    assert outcome.running is Running.UNKNOWN
    assert board.flashed == [DEAF]
    assert not journal.closed


async def test_a_board_that_lacked_the_last_byte_of_it(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It answers on, as a board does that has flashed nothing."""
    board.options = replace(board.options, fault=Fault(at=len(DEAF) - 1, kind="reset"))
    outcome = await flasher.flash(order(DEAF, allow=[Refusal.NO_OTA]), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert not board.flashed
    assert journal.closed
    assert outcome.running is Running.OLD


async def test_one_that_nobody_saw_end_ends_at_the_next_look(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The board has said that it flashes, and will never say anything again."""
    journal.pending = replace(PENDING.at(Phase.ANSWERED), ota=False, library=None)
    outcome = await flasher.resolve()
    assert outcome is not None
    assert outcome.verdict is Verdict.WITHOUT_OTA
    assert not board.requests
    assert journal.closed


@pytest.mark.parametrize("late", [False, True])
async def test_one_whose_answer_nobody_saw_stays_open(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, *, late: bool
) -> None:
    """A board that is silent may as well have no power; what it runs shows when it answers."""
    journal.pending = replace(PENDING.at(Phase.FINISHING), ota=False, library=None)
    if late:
        journal.pending = replace(journal.pending, phase_began=time.time() - 2 * BRISK.proof_timeout)
    await board.stop()
    assert await flasher.resolve() is None
    assert not journal.closed
    await board.start()
    outcome = await flasher.resolve()
    assert outcome is not None
    assert outcome.verdict is Verdict.NOT_APPLIED
