"""An upload that breaks off is tried again while that is safe, and what is said of it in the end is true."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import (
    AnotherBoard,
    BoardError,
    BoardUnreachable,
    NotABoard,
    StorageFailed,
    UploadCut,
    UploadStalled,
    WrongPassword,
)
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Running, Verdict
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import BRISK
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.behavior import Behavior
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

type Disturb = Callable[..., None]

NEW = build_sketch(name="Garden", password="sesame")
SIZE = len(NEW)


@pytest.fixture
def hopeless(client: BoardClient, journal: Notebook) -> Flasher:
    """What tries once, and gives up soon."""
    return Flasher(client, journal, replace(BRISK, tries=1))


@pytest.fixture
def disturb(board: VirtualBoard, journal: Notebook) -> Disturb:
    """Let the first upload suffer the first fault, and each further one the next."""

    def disturb(*faults: Fault) -> None:
        coming = iter(faults)

        async def begin() -> None:
            if journal.pages[-1].phase is Phase.UPLOADING:
                board.options = replace(board.options, fault=next(coming, None))

        journal.on_write = begin

    return disturb


@pytest.mark.parametrize("kind", ["reset", "power_loss"])
@pytest.mark.parametrize("at", [0, 1, SIZE // 2], ids=["0", "1", "half"])
async def test_a_connection_that_is_cut_is_tried_again(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, disturb: Disturb, at: int, kind: Any
) -> None:
    """A board that was reset is waited for."""
    disturb(Fault(at=at, kind=kind))
    outcome = await flasher.flash(order(NEW, "sesame"), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert board.flashed == [NEW]
    assert journal.keyring.current == "sesame"
    assert journal.closed


async def test_a_board_that_is_waited_for_has_nothing_of_the_image(
    flasher: Flasher, board: VirtualBoard, disturb: Disturb
) -> None:
    """It is told as soon as the upload is cut, and not when the next one begins."""
    board.options = replace(board.options, seconds_per_byte=20e-6)
    disturb(Fault(at=SIZE // 2, kind="power_loss"))
    told = list[tuple[int, int]]()
    await flasher.flash(order(NEW, "sesame"), lambda taken: told.append((taken, len(board.requests))))
    cut = [taken for taken, _ in told].index(0)
    assert told[cut - 1][0] > 0
    assert told[cut][1] < told[cut + 1][1], "the board has not been asked again yet"
    assert told[-1][0] == SIZE


async def test_a_connection_that_is_cut_near_the_end_is_not(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The board is asked instead: it may have everything."""
    board.options = replace(board.options, fault=Fault(at=SIZE - 1, kind="reset"))
    outcome = await flasher.flash(order(NEW, "sesame", stated="sesame"), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert outcome.running is Running.OLD
    assert len([request for request in board.requests if request.body_bytes]) == 1
    assert journal.keyring.current == "password"


async def test_a_connection_that_is_always_cut(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, disturb: Disturb
) -> None:
    """After some tries it is given up, and the board runs what it ran, with the password that it took."""
    disturb(*(Fault(at=at, kind="reset") for at in (5000, 11000, 8000)))
    board.options = replace(board.options, seconds_per_byte=50e-6)
    outcome = await flasher.flash(order(NEW), ignore)
    assert [request.content_length for request in board.requests if request.body_bytes] == [SIZE] * BRISK.tries
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert outcome.running is Running.OLD
    assert isinstance(outcome.error, UploadCut)
    assert not outcome.error.same_time
    assert 2000 < outcome.error.taken < SIZE
    assert not board.flashed
    assert journal.closed
    assert journal.keyring.current == "password"


async def test_a_board_that_is_gone_for_a_moment_is_tried_again(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """It had answered the question before the upload, and refuses the connection for that."""

    async def switch() -> None:
        journal.on_write = None
        await board.power_off()
        asyncio.get_running_loop().call_later(0.2, lambda: back.append(asyncio.create_task(board.power_on())))

    back: list[asyncio.Task[None]] = []
    journal.on_write = switch
    assert (await flasher.flash(order(NEW, "sesame"), ignore)).verdict is Verdict.FLASHED
    assert [page.phase for page in journal.pages][:2] == [Phase.UPLOADING] * 2
    assert board.flashed == [NEW]


async def test_a_board_that_got_nothing_is_an_error(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    journal.on_write = board.power_off
    with pytest.raises(BoardUnreachable):
        await flasher.flash(order(NEW), ignore)
    assert journal.closed
    assert journal.outcome is None


async def test_a_board_that_is_gone_after_it_got_something_is_no_board_that_got_nothing(
    client: BoardClient, board: VirtualBoard, journal: Notebook
) -> None:
    """Nobody may say that nothing was sent."""
    board.options = replace(board.options, fault=Fault(at=SIZE // 2, kind="power_loss"), away=60.0)
    outcome = await Flasher(client, journal, replace(BRISK, rejoin_timeout=0.3)).flash(order(NEW), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert isinstance(outcome.error, UploadCut | UploadStalled)
    assert journal.outcome == outcome


@pytest.mark.parametrize("at", [0, SIZE // 2])
@pytest.mark.parametrize("error", [AnotherBoard("Somebody else"), WrongPassword("Another one")])
async def test_what_ends_a_further_try_is_told_with_what_the_first_one_sent(
    flasher: Flasher,
    journal: Notebook,
    disturb: Disturb,
    monkeypatch: pytest.MonkeyPatch,
    error: BoardError,
    at: int,
) -> None:
    """Another board got the address, or the password has changed."""
    upload = BoardClient.upload

    async def once(client: BoardClient, *args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(BoardClient, "upload", never)
        await upload(client, *args, **kwargs)

    async def never(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(BoardClient, "upload", once)
    disturb(Fault(at=at, kind="reset"))
    outcome = await flasher.flash(order(NEW), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert outcome.error is error
    wants_another = isinstance(error, WrongPassword)
    assert outcome.running is (Running.UNKNOWN if wants_another else Running.OLD)
    assert journal.closed


async def test_a_stall_is_given_up_and_the_board_is_not_left_deaf(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The connection is closed, so that the next try finds a board that listens."""
    board.options = replace(board.options, fault=Fault(at=5000, kind="stall"))
    assert (await flasher.flash(order(NEW, "sesame"), ignore)).verdict is Verdict.FLASHED
    assert board.flashed == [NEW]
    assert journal.keyring.current == "sesame"


async def test_a_stall_without_end(hopeless: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """With one try, the stall is what is told."""
    board.options = replace(board.options, fault=Fault(at=5000, kind="stall"))
    outcome = await hopeless.flash(order(NEW), ignore)
    assert isinstance(outcome.error, UploadStalled)
    assert await hopeless.accepted_password("password") == "password"
    assert journal.closed


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
async def test_a_watchdog_resets_the_board_in_every_upload(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, library: Any
) -> None:
    """poll() does not return during one, so nobody feeds it: each try ends after the same time."""
    board.options = replace(
        board.options, library=library, behavior=Behavior(watchdog=0.8), seconds_per_byte=0.1 / 1000
    )
    outcome = await flasher.flash(order(NEW), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert isinstance(outcome.error, UploadCut)
    assert outcome.error.same_time
    assert [event.kind for event in board.events].count("watchdog") == BRISK.tries
    assert not board.flashed
    assert journal.closed


async def test_a_sketch_that_crashes_at_the_upload_is_not_said_to_be_unreachable(
    client: BoardClient, board: VirtualBoard, journal: Notebook
) -> None:
    """Too little RAM: it stands still, and its Wi-Fi module goes on accepting connections."""
    board.options = replace(board.options, behavior=Behavior(crashes_at_upload=True))
    outcome = await Flasher(client, journal, replace(BRISK, rejoin_timeout=0.1)).flash(order(NEW), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert isinstance(outcome.error, UploadStalled)
    assert "stands_still" in [event.kind for event in board.events]
    await board.power_off()
    await board.power_on()
    assert await Flasher(client, journal, BRISK).accepted_password("password") == "password"


async def test_what_answers_like_no_board_when_it_has_taken_half_is_not_said_to_have_got_nothing(
    flasher: Flasher, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def upload(
        client: BoardClient, image: bytes, *_: object, on_progress: Callable[[int], None], **__: object
    ) -> None:
        on_progress(len(image) // 2)
        raise NotABoard

    monkeypatch.setattr(BoardClient, "upload", upload)
    outcome = await flasher.flash(order(NEW), ignore)
    assert outcome.verdict is Verdict.NOT_APPLIED
    assert isinstance(outcome.error, UploadCut)
    assert outcome.error.taken == SIZE // 2


async def test_two_equal_ends_and_another_one_prove_no_watchdog(
    flasher: Flasher, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter((UploadCut(1, SIZE), UploadCut(1, SIZE), StorageFailed()))

    async def upload(*_: object, on_progress: Callable[[int], None], **__: object) -> None:
        for taken in (1, 2):
            on_progress(taken)
            await asyncio.sleep(0.05)
        raise next(ends)

    monkeypatch.setattr(BoardClient, "upload", upload)
    outcome = await flasher.flash(order(NEW), ignore)
    assert isinstance(outcome.error, StorageFailed)
