"""A sketch that nobody can flash over the air again, flashed all the same because somebody said so."""

from dataclasses import replace

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.journal import Verdict
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

DEAF = build_sketch(quirks=Quirks(begin=False, poll=False))


async def test_a_sketch_without_ota_ends_it(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """Nobody waits for a board that will not answer any more."""
    outcome = await flasher.flash(order(DEAF, allow_without_ota=True), ignore)
    assert outcome.verdict is Verdict.WITHOUT_OTA
    assert not outcome.pending.seen_away
    assert board.flashed == [DEAF]
    assert journal.pending is None
    assert journal.installed is not None


async def test_a_lost_answer_of_a_sketch_without_ota(
    impatient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It goes away and never answers again, as it was meant to."""
    board.options = replace(board.options, lose_answer="reset")
    outcome = await impatient.flash(order(DEAF, allow_without_ota=True), ignore)
    assert outcome.verdict is Verdict.WITHOUT_OTA
    assert board.flashed == [DEAF]
    assert journal.closed


async def test_a_board_that_lacked_the_last_byte_of_it(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It answers on, as a board does that has flashed nothing."""
    board.options = replace(board.options, fault=Fault(at=len(DEAF) - 1, kind="reset"))
    outcome = await flasher.flash(order(DEAF, allow_without_ota=True), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert not board.flashed
    assert journal.closed
    assert journal.installed is None
