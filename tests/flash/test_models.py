"""Boards with either Wi-Fi module, and either library, are flashed alike."""

from dataclasses import replace

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from tests.conftest import StartBoard
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import BOARDS, build_sketch

pytestmark = pytest.mark.slow


@pytest.fixture(
    params=[
        ("mkr1000", "WiFi101OTA"),
        ("mkr1000", "ArduinoOTA"),
        ("mkrwifi1010", "ArduinoOTA"),
        ("nano_33_iot", "ArduinoOTA"),
    ],
    ids="-".join,
)
async def board(start_board: StartBoard, request: pytest.FixtureRequest) -> VirtualBoard:
    """A board of each kind."""
    model, library = request.param
    return await start_board(model=model, library=library)


def sketch_for(board: VirtualBoard, password: str) -> bytes:
    """A sketch for the model of a board."""
    return build_sketch("Garden", password, library=board.options.library, board=BOARDS[board.options.model])


async def test_it_is_flashed_twice_and_its_passwords_are_known(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    for password in ("sesame", "open"):
        image = sketch_for(board, password)
        assert (await flasher.flash(order(image, stated=password), ignore)).verdict is Verdict.FLASHED
        assert board.flashed[-1] == image
        assert journal.keyring.current == password


@pytest.mark.parametrize("at", [1, 8000, 16383])
async def test_a_cut_anywhere_ends_well(flasher: Flasher, board: VirtualBoard, journal: Notebook, at: int) -> None:
    image = sketch_for(board, "sesame")
    board.options = replace(board.options, fault=Fault(at=at, kind="reset"))
    outcome = await flasher.flash(order(image, stated="sesame"), ignore)
    assert outcome.verdict is (Verdict.FLASHED if board.flashed else Verdict.NOT_APPLIED)
    assert journal.keyring.current == board.password


async def test_an_answer_that_is_lost_is_asked_for(flasher: Flasher, board: VirtualBoard) -> None:
    image = sketch_for(board, "sesame")
    board.options = replace(board.options, lose_answer="closed")
    assert (await flasher.flash(order(image, stated="sesame"), ignore)).verdict is Verdict.FLASHED
    assert board.flashed == [image]
