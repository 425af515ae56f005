"""A sketch that looks for requests only now and then: patience flashes it, and where that cannot help, it is said."""

from dataclasses import replace

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import BoardSilent, PollsTooRarely
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from tests.conftest import BRISK
from tests.flash.conftest import PENDING, Notebook, ignore, order
from tests.virtual_board import VirtualBoard
from tests.virtual_board.behavior import Behavior
from tests.virtual_board.firmware import LibraryName
from tests.virtual_board.sketches import build_sketch
from tests.virtual_board_itself.raw import Connection, head

pytestmark = pytest.mark.slow

NEW = build_sketch(name="Garden", password="sesame", library="ArduinoOTA")
# Every time as a tenth of what it is in the world: a sketch that polls every 4.5 s, every 8 s, every 20 s.
TENTH = replace(BRISK, leave_timeout=0.5, minimum_absence=0.2, probe_interval=0.1, slowest_answer=1.2)
TENTH_REQUESTS = RequestTimeouts(connect=0.5, stall=3.0, answer=2.5)


@pytest.fixture
def patient(session: aiohttp.ClientSession, board: VirtualBoard, journal: Notebook) -> Flasher:
    """What flashes the board in a tenth of the time."""
    client = BoardClient(session, board.address, board.port, timeouts=TENTH_REQUESTS)
    return Flasher(client, journal, replace(TENTH, return_timeout=18.0))


@pytest.mark.parametrize("loop", [0.45, 0.8])
@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
async def test_it_is_flashed_slowly(
    patient: Flasher, board: VirtualBoard, journal: Notebook, library: LibraryName, loop: float
) -> None:
    """Old sketch and new sketch alike."""
    image = build_sketch(name="Garden", password="sesame", library=library)
    slow = Behavior(loop=loop)
    hashed = order(image).sketch.sha256
    board.options = replace(board.options, library=library, behavior=slow, behaviors={hashed: slow})
    outcome = await patient.flash(order(image), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert board.flashed == [image]
    assert journal.keyring.current == "sesame"
    assert journal.closed


async def test_requests_that_somebody_gave_up_come_first(patient: Flasher, board: VirtualBoard) -> None:
    """They wait in the Wi-Fi module, and each costs a turn of the loop."""
    board.options = replace(board.options, behavior=Behavior(loop=0.3))
    for _ in range(3):
        async with Connection(board) as given_up:
            await given_up.send(head(0, "given up"))
    assert await patient.accepted_password("password") == "password"
    assert [request.password for request in board.requests] == ["given up"] * 3 + ["password"]


async def test_one_that_polls_too_rarely_is_told_from_one_that_hangs(
    patient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It answers; to try again in a minute would not help."""
    board.options = replace(board.options, behavior=Behavior(loop=2.0))
    with pytest.raises(PollsTooRarely) as error:
        await patient.flash(order(NEW), ignore)
    assert error.value.seconds >= TENTH.slowest_answer
    assert not any(request.body_bytes for request in board.requests)
    assert not journal.pages


async def test_one_that_was_kept_busy_once_does_not_poll_too_rarely(
    patient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """Somebody connects and says nothing: that costs the sketch two seconds, this time."""
    async with Connection(board):
        outcome = await patient.flash(order(NEW), ignore)
    assert "" in [request.line for request in board.requests]
    assert outcome.verdict is Verdict.FLASHED


async def test_one_that_hangs_is_silent(patient: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """Its Wi-Fi module accepts the connection, and nobody will ever look."""
    board.options = replace(board.options, behavior=Behavior(loop=3600.0))
    # The turn of the loop that is under way comes to its end.
    assert await patient.accepted_password("password") == "password"
    with pytest.raises(BoardSilent):
        await patient.flash(order(NEW), ignore)
    assert not journal.pages


async def test_what_became_of_a_flash_is_found_out_from_a_busy_sketch_too(
    patient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The password that it wants now is among the guesses."""
    journal.pending = replace(
        PENDING.at(Phase.ANSWERED), stated_password=None, expected=(), guesses=("guess", "sesame")
    )
    board.options = replace(board.options, password="sesame", behavior=Behavior(loop=0.45))
    outcome = await patient.resolve()
    assert outcome is not None
    assert outcome.verdict is Verdict.FLASHED
    assert journal.keyring.current == "sesame"
