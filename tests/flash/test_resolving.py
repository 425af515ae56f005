"""A flash that nobody saw end is found out about as soon as the board can be asked."""

import asyncio
from base64 import b64encode
from dataclasses import replace
import time

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Running, Verdict
from tests.conftest import BRISK
from tests.flash.conftest import PENDING, Notebook
from tests.virtual_board import VirtualBoard

UNSEEN = PENDING.at(Phase.FINISHING)
SAME = replace(UNSEEN, stated_password="password", expected=("password",), old_password_in_image=True)


async def test_nothing_is_pending(flasher: Flasher) -> None:
    assert await flasher.resolve() is None


async def test_a_board_that_is_away(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    journal.pending = UNSEEN
    await board.stop()
    assert await flasher.resolve() is None
    assert journal.pending == UNSEEN
    board.options = replace(board.options, password="sesame")
    await board.start()
    outcome = await flasher.resolve()
    assert board.requests[0].password is None, "first it is asked who it is"
    assert outcome is not None
    assert outcome.verdict is Verdict.FLASHED
    assert journal.closed
    assert journal.keyring.current == "sesame"


async def test_the_guesses_of_the_new_image_are_tried_as_well(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The keyring alone would leave the owner to find out."""
    journal.pending = replace(UNSEEN, stated_password=None, expected=(), guesses=("a", "literal"))
    board.options = replace(board.options, password="literal")
    outcome = await flasher.resolve()
    assert outcome is not None
    assert outcome.verdict is Verdict.FLASHED
    assert journal.keyring.current == "literal"


@pytest.mark.parametrize(
    ("password", "running"),
    [("password", Running.OLD), ("sesame", Running.UNKNOWN), ("of a stranger", Running.UNKNOWN)],
)
async def test_a_board_that_never_got_the_last_chunk(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, password: str, running: Running
) -> None:
    """Whatever it runs now was not flashed from here."""
    journal.pending = PENDING
    board.options = replace(board.options, password=password)
    outcome = await flasher.resolve()
    assert outcome is not None
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert outcome.running is running
    assert board.requests[1].password == "password", "that is the likeliest now"


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, Verdict.FLASHED), (BRISK.proof_timeout + 1, Verdict.UNCERTAIN), (-60, Verdict.UNCERTAIN)],
    ids=["at once", "after ten minutes", "after the clock was set back"],
)
async def test_a_board_that_comes_back_late_proves_less(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, seconds: float, verdict: Verdict
) -> None:
    """Somebody may have used a cable in the meantime."""
    journal.pending = replace(SAME, phase=Phase.ANSWERED, phase_began=time.time() - seconds)
    outcome = await flasher.resolve()
    assert outcome is not None
    assert outcome.verdict is verdict


async def test_a_board_that_is_busy_is_waited_for(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """A sketch that answers nobody for a while need not have restarted."""
    journal.pending = SAME
    credentials = b64encode(b"arduino:password").decode()
    _, writer = await asyncio.open_connection(board.address, board.port)
    writer.write(f"POST /sketch HTTP/1.1\r\nAuthorization: Basic {credentials}\r\nContent-Length: 9\r\n\r\n.".encode())
    await board.next_event("request")
    assert await flasher.resolve() is None
    assert journal.pending == SAME
    writer.close()
    await writer.wait_closed()
    outcome = None
    while outcome is None:
        outcome = await flasher.resolve()
    assert outcome.verdict is Verdict.UNCERTAIN
    assert outcome.running is Running.UNKNOWN
