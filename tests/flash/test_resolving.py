"""A flash that nobody saw end is found out about as soon as the board can be asked."""

import asyncio
from base64 import b64encode

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.journal import Phase, Verdict
from tests.flash.conftest import PENDING, Notebook
from tests.virtual_board import VirtualBoard

UNSEEN = PENDING.at(Phase.FINISHING)


async def test_nothing_is_pending(flasher: Flasher) -> None:
    assert await flasher.resolve() is None


async def test_a_board_that_is_away(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """It is noted that it was: should it come back with the same password, it has restarted."""
    journal.pending = UNSEEN
    await board.stop()
    for _ in range(2):
        assert await flasher.resolve() is None
    assert journal.pages == [UNSEEN.away()], "it is written down once"
    await board.start()
    outcome = await flasher.resolve()
    assert board.requests[0].password is None, "first it is asked who it is"
    assert outcome is not None
    assert outcome.verdict is Verdict.FLASHED
    assert journal.closed


async def test_a_board_that_is_busy(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """A sketch that answers nobody for a while need not have restarted."""
    journal.pending = UNSEEN
    credentials = b64encode(b"arduino:password").decode()
    _, writer = await asyncio.open_connection(board.address, board.port)
    writer.write(f"POST /sketch HTTP/1.1\r\nAuthorization: Basic {credentials}\r\nContent-Length: 9\r\n\r\n.".encode())
    await board.next_event("request")
    assert await flasher.resolve() is None
    assert journal.pending == UNSEEN
    writer.close()
    await writer.wait_closed()
    outcome = None
    while outcome is None:
        outcome = await flasher.resolve()
    assert outcome.verdict is Verdict.UNCERTAIN
