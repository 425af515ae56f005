"""A board that was not seen to go away has stayed only if somebody has looked all the time."""

import asyncio
from dataclasses import replace
import time
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard
from custom_components.mkr1000_ota.arduino_ota.flash import flasher as flashing
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.restart import watch_restart
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Evidence, Verdict
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import BRISK, BRISK_REQUESTS
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.behavior import Behavior
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

SAME = build_sketch(name="Garden", password="password")
STAYED = Evidence(library=Library.WIFI101OTA, stayed=True)
MAY_HAVE_LEFT = Evidence(library=Library.WIFI101OTA, stayed=False)
# No pause of a test is as long as a restart.
NEVER_MISSED = replace(BRISK, minimum_absence=60.0)


@pytest.fixture
def watchful(client: BoardClient, journal: Notebook) -> Flasher:
    """What looks all the time."""
    return Flasher(client, journal, NEVER_MISSED)


async def test_an_answer_that_is_waited_for_while_the_board_restarts(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The board was gone and back before the wait for its lost answer was over: it looks as if it had stayed."""
    board.options = replace(board.options, lose_answer="silent")
    outcome = await flasher.flash(order(SAME), ignore)
    assert board.flashed == [SAME]
    assert outcome.verdict is Verdict.UNCERTAIN
    assert journal.keyring.current == board.password


async def test_a_restart_that_nobody_could_see_behind_a_200(
    flasher: Flasher, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant stood still meanwhile; the board has said that it flashes, and nothing speaks against it."""

    async def late(*args: Any, **kwargs: Any) -> Evidence | None:
        await board.next_event("listening")
        return await watch_restart(*args, **kwargs)

    monkeypatch.setattr(flashing, "watch_restart", late)
    outcome = await flasher.flash(order(SAME), ignore)
    assert board.flashed == [SAME]
    assert outcome.verdict is Verdict.FLASHED


async def test_a_board_that_was_asked_all_the_time_has_stayed(watchful: Flasher, board: VirtualBoard) -> None:
    board.options = replace(board.options, fault=Fault(at=len(SAME) - 1, kind="reset"))
    outcome = await watchful.flash(order(SAME), ignore)
    assert board.flashed == []
    assert outcome.verdict is Verdict.NOT_APPLIED


async def test_a_board_that_was_reset_has_not_stayed(flasher: Flasher, board: VirtualBoard) -> None:
    """It lacks the last byte, and nothing tells that from one that has it."""
    board.options = replace(board.options, fault=Fault(at=len(SAME) - 1, kind="power_loss"), away=0.5)
    outcome = await flasher.flash(order(SAME), ignore)
    assert board.flashed == []
    assert outcome.verdict is Verdict.UNCERTAIN


@pytest.mark.parametrize(
    ("unseen", "seen"), [(0.0, STAYED), (120.0, MAY_HAVE_LEFT)], ids=["looked at once", "looked at minutes later"]
)
async def test_what_was_seen_depends_on_when_it_could_have_left(
    client: BoardClient, unseen: float, seen: Evidence
) -> None:
    left = time.monotonic() - unseen
    assert await watch_restart(client, NEVER_MISSED, since=left, answered=False) == seen


async def test_a_gap_between_two_looks_is_as_good_as_a_late_one(client: BoardClient) -> None:
    """Whatever kept Home Assistant from looking: a pause as long as this hides a restart."""
    timeouts = replace(BRISK, probe_interval=0.4, leave_timeout=0.3)
    assert await watch_restart(client, timeouts, since=time.monotonic(), answered=False) == MAY_HAVE_LEFT


async def test_a_sketch_that_takes_its_time_was_there_all_the_time(client: BoardClient, board: VirtualBoard) -> None:
    """It has not restarted while a connection waited for its answer, however long that took."""
    board.options = replace(board.options, behavior=Behavior(loop=0.4))
    timeouts = replace(BRISK, minimum_absence=0.35, leave_timeout=1.0)
    assert await watch_restart(client, timeouts, since=time.monotonic(), answered=False) == STAYED


async def test_a_sketch_that_is_busy_behind_a_lost_answer_has_not_restarted(
    watchful: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """Somebody connects to it and says nothing: that costs it two seconds, and it lacks the last byte as before."""
    busy: list[asyncio.StreamWriter] = []

    async def keep_busy() -> None:
        if len(journal.pages) == 3:
            busy.append((await asyncio.open_connection(board.address, board.port))[1])

    journal.on_write = keep_busy
    board.options = replace(board.options, fault=Fault(at=len(SAME) - 1, kind="reset"))
    outcome = await watchful.flash(order(SAME), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert "" in [request.line for request in board.requests]
    busy[0].close()


async def test_a_silence_behind_a_200_is_the_restart(watchful: Flasher, board: VirtualBoard) -> None:
    """No connection is ever refused: they are accepted, or the attempts vanish, and the board is back."""
    board.options = replace(board.options, away_as="silent", accept_while_copying=True, copy_time=0.7, away=0.0)
    outcome = await watchful.flash(order(SAME), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert board.flashed == [SAME]


async def test_a_request_that_the_restart_swallowed_does_not_delay_the_verdict(
    session: Any, board: VirtualBoard, journal: Notebook
) -> None:
    """It was accepted before the reset, and its answer would be waited for in vain: the board says so when it is back."""
    board.options = replace(board.options, away_as="silent", pause=0.5, away=0.3, forgets_connections=True)
    patient = replace(BRISK_REQUESTS, answer=60.0)
    client = BoardClient(session, board.address, board.port, timeouts=patient)
    outcome = await Flasher(client, journal, BRISK).flash(order(SAME), ignore)
    assert outcome.verdict is Verdict.FLASHED


async def test_another_board_at_its_address_is_not_the_board(client: BoardClient, board: VirtualBoard) -> None:
    """The addresses have been swapped while both restarted; the entry follows, and with it the client."""
    refused: list[str] = []

    async def verify(peer: str) -> None:
        if not refused:
            refused.append(peer)
            raise AnotherBoard("Somebody else")

    client = BoardClient(client._session, board.address, board.port, verify, BRISK_REQUESTS)  # noqa: SLF001
    assert await watch_restart(client, NEVER_MISSED, since=time.monotonic(), answered=False) == MAY_HAVE_LEFT
    assert refused == [board.address]


async def test_a_board_that_leaves_after_all_has_not_stayed(
    flasher: Flasher, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there for as long as any board is, and is not when it is asked for its password."""

    async def see_it_stay(*_: object, **__: object) -> Evidence:
        await board.next_event("away")
        return STAYED

    monkeypatch.setattr(flashing, "watch_restart", see_it_stay)
    outcome = await flasher.flash(order(SAME), ignore)
    assert board.flashed == [SAME]
    assert outcome.verdict is Verdict.FLASHED


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
