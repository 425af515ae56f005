"""A board that was not seen to go away has stayed only if somebody has looked all the time."""

import asyncio
from dataclasses import replace
import time
from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash import flasher as flashing
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.journal import Verdict
from custom_components.mkr1000_ota.arduino_ota.flash.restart import Restart, watch_restart
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import BRISK
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import build_sketch

SAME = build_sketch(name="Garden", password="password")
# The boards of these tests are away for 0.3 s, and nobody waits long for them to leave.
TIMING = replace(BRISK, away_at_least=0.25, leaves_within=0.5)
# A silence that many questions in a row share, none of which is that long itself.
LONG_ENOUGH = {"probe_within": 0.3, "silence_means_away": 0.8}


@pytest.fixture
def client(session: aiohttp.ClientSession, board: VirtualBoard) -> BoardClient:
    """What asks the board."""
    return BoardClient(session, board.address, board.port)


@pytest.fixture
def watchful(client: BoardClient, journal: Notebook) -> Flasher:
    """What flashes the board, and knows how short its absence can be."""
    return Flasher(client, journal, TIMING)


async def nothing() -> None:
    """Note nothing."""


async def test_an_answer_that_is_waited_for_while_the_board_restarts(
    watchful: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The board was gone and back before the wait for its lost answer was over: it looks as if it had stayed."""
    board.options = replace(board.options, lose_answer="silent")
    outcome = await watchful.flash(order(SAME), ignore)
    assert board.flashed == [SAME]
    assert outcome.verdict is Verdict.UNCERTAIN
    assert journal.keyring.current == board.password


async def test_a_restart_that_nobody_could_see_behind_a_200(
    watchful: Flasher, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant stood still meanwhile; the board has said that it flashes, and nothing speaks against it."""

    async def late(*args: Any, **kwargs: Any) -> Restart:
        await board.next_event("listening")
        return await watch_restart(*args, **kwargs)

    monkeypatch.setattr(flashing, "watch_restart", late)
    outcome = await watchful.flash(order(SAME), ignore)
    assert board.flashed == [SAME]
    assert outcome.verdict is Verdict.FLASHED


async def test_a_board_that_was_asked_all_the_time_has_stayed(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """Nobody has to wonder about pauses that are far shorter than any restart."""
    board.options = replace(board.options, fault=Fault(at=len(SAME) - 1, kind="reset"))
    outcome = await flasher.flash(order(SAME), ignore)
    assert board.flashed == []
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert journal.installed is None


@pytest.mark.parametrize(
    ("unseen", "restart"),
    [(0.0, Restart.NEVER_LEFT), (60.0, Restart.UNSEEN)],
    ids=["looked at once", "looked at a minute later"],
)
async def test_what_was_seen_depends_on_when_it_could_have_left(
    client: BoardClient, unseen: float, restart: Restart
) -> None:
    left = time.monotonic() - unseen
    assert await watch_restart(client, TIMING, since=left, surely=False, seen_away=nothing) is restart


async def test_a_gap_between_two_looks_is_as_good_as_a_late_one(client: BoardClient) -> None:
    """Whatever kept Home Assistant from looking: a pause as long as this hides a restart."""
    timing = replace(TIMING, probe_every=0.4, leaves_within=0.3)
    watched = watch_restart(client, timing, since=time.monotonic(), surely=False, seen_away=nothing)
    assert await asyncio.wait_for(watched, 5) is Restart.UNSEEN


async def test_a_sketch_that_is_busy_behind_a_lost_answer_has_not_restarted(
    client: BoardClient, board: VirtualBoard, journal: Notebook
) -> None:
    """Somebody connects to it and says nothing: that costs it two seconds, and it lacks the last byte as before."""
    busy: list[asyncio.StreamWriter] = []

    async def keep_busy() -> None:
        if len(journal.pages) == 3:
            busy.append((await asyncio.open_connection(board.address, board.port))[1])

    journal.on_write = keep_busy
    board.options = replace(board.options, fault=Fault(at=len(SAME) - 1, kind="reset"))
    patient = replace(BRISK, probe_within=1.0, silence_means_away=60.0, away_at_least=60.0)
    outcome = await Flasher(client, journal, patient).flash(order(SAME), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert "" in [request.line for request in board.requests]
    busy[0].close()


@pytest.mark.parametrize(
    ("options", "timing"),
    [
        ({"accept_while_copying": True, "copy_time": 0.7, "away": 0.0}, {}),
        ({"accept_while_copying": True, "copy_time": 1.2, "away": 0.0, "lose_answer": "reset"}, LONG_ENOUGH),
    ],
    ids=["a short one behind a 200", "a long one behind a lost answer"],
)
async def test_a_silence_is_the_restart(
    client: BoardClient, board: VirtualBoard, journal: Notebook, options: dict[str, Any], timing: dict[str, Any]
) -> None:
    """No connection is ever refused: they are accepted, or the attempts vanish, and the board is back."""
    board.options = replace(board.options, away_as="silent", **options)
    patient = replace(BRISK, silence_means_away=60.0, away_at_least=60.0)
    outcome = await Flasher(client, journal, replace(patient, **timing)).flash(order(SAME), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert board.flashed == [SAME]
    assert [page.seen_away for page in journal.pages].count(True) == 1, "it is written down once"


@pytest.mark.parametrize("for_good", [False, True], ids=["for a moment", "for good"])
async def test_a_board_that_falls_silent_when_it_has_just_come_back(
    impatient: Flasher, board: VirtualBoard, journal: Notebook, *, for_good: bool
) -> None:
    """It is asked again, and given up only when it has had its time."""

    async def stumble() -> None:
        await board.next_event("listening")
        await board.next_event("answered")
        if for_good:
            await board.power_off()
        else:
            board.options = replace(board.options, fault=Fault(at=0, kind="reset"))

    stumbling = asyncio.create_task(stumble())
    outcome = await impatient.flash(order(build_sketch(password="sesame"), "mistyped"), ignore)
    await stumbling
    assert board.options.fault is None
    assert outcome.verdict is (Verdict.NOT_BACK if for_good else Verdict.FLASHED)
    assert journal.keyring.current == ("password" if for_good else "sesame")
    assert journal.closed is not for_good
