"""Uploads that are cut, stall, or are never answered: what is certain afterwards, and that the board is not left deaf."""

import asyncio
from contextlib import suppress
import traceback
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import (
    AnswerLost,
    BoardError,
    BoardUnreachable,
    UploadCut,
    UploadStalled,
)
from custom_components.mkr1000_ota.arduino_ota.protocol import transfer
from tests.conftest import StartBoard
from tests.protocol.conftest import ClientOf, Play
from tests.protocol.wire import Wire
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import build_sketch

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n"
SKETCH = build_sketch(size=60_000)
SIZE = len(SKETCH)
PASSWORD = "pä ß:x"


async def _nothing() -> None:
    """Do nothing before the last chunk, yet have it held back."""


@pytest.mark.parametrize("at", [0, 1, SIZE // 2, SIZE - 3 * transfer.CHUNK])
async def test_a_connection_that_is_cut_has_changed_nothing(
    start_board: StartBoard, client_of: ClientOf, at: int
) -> None:
    """The board cannot have had everything, and says so by serving on."""
    board = await start_board(fault=Fault(at=at, kind="reset"))
    client = client_of(board)
    with pytest.raises(UploadCut) as caught:
        await client.upload(SKETCH, board.password, before_last_chunk=_nothing)
    assert caught.value.size == SIZE
    # What the board took between the last look and the end is not known any more.
    assert at - 16384 < caught.value.taken < at + 8192
    assert f"{caught.value.taken} of {SIZE}" in str(caught.value)
    await client.upload(SKETCH, board.password)
    assert board.flashed == [SKETCH]


@pytest.mark.parametrize("at", [SIZE - 1, SIZE])
async def test_a_cut_near_the_end_leaves_it_open(start_board: StartBoard, client_of: ClientOf, at: int) -> None:
    """The last chunk was on its way: only the board knows whether it came."""
    board = await start_board(fault=Fault(at=at, kind="reset"))
    with pytest.raises(AnswerLost):
        await client_of(board).upload(SKETCH, board.password)


async def test_from_the_first_byte_of_the_last_chunk_on_the_board_may_have_everything(play: Play) -> None:
    """What is behind it may be in anybody's buffers by then."""

    async def reset(wire: Wire) -> None:
        await wire.head()
        await wire.take((SIZE - 1) // transfer.CHUNK * transfer.CHUNK + 1)
        wire.reset()

    client, _ = await play(reset)
    with pytest.raises(AnswerLost):
        await client.upload(SKETCH, PASSWORD, before_last_chunk=_nothing)


@pytest.mark.parametrize("way", ["reset", "closed", "silent"])
async def test_an_answer_that_gets_lost_leaves_it_open(start_board: StartBoard, client_of: ClientOf, way: str) -> None:
    """The board flashes, and nobody hears of it."""
    board = await start_board(lose_answer=way)
    with pytest.raises(AnswerLost):
        await client_of(board, answer=0.2).upload(SKETCH, board.password)
    assert board.flashed == [SKETCH]


@pytest.mark.parametrize("hook", [None, _nothing])
@pytest.mark.parametrize("at", [0, 1, SIZE // 2])
async def test_a_stall_ends_the_upload_and_the_connection(
    start_board: StartBoard, client_of: ClientOf, at: int, hook: Any
) -> None:
    """A board waits for ever; so we must not, and it has to hear that we went."""
    board = await start_board(fault=Fault(at=at, kind="stall"))
    client = client_of(board, stall=0.3)
    with pytest.raises(UploadStalled) as caught:
        await client.upload(SKETCH, board.password, before_last_chunk=hook)
    assert caught.value.seconds == 0.3
    assert at <= caught.value.taken < at + 8192
    await client.identify()
    assert not board.flashed


async def test_a_stall_of_the_last_chunk_leaves_it_open(start_board: StartBoard, client_of: ClientOf) -> None:
    """All of it may have arrived by now."""
    board = await start_board(fault=Fault(at=SIZE - 4000, kind="stall"))
    with pytest.raises(AnswerLost):
        await client_of(board, stall=0.3, answer=0.3).upload(SKETCH, board.password)
    await client_of(board).identify()


async def test_who_takes_a_little_now_and_then_is_given_up(play: Play) -> None:
    """It never stalls, and it would keep the install for days."""
    ended = asyncio.Event()

    async def drip(wire: Wire) -> None:
        await wire.head()
        with suppress(ConnectionError):
            while await wire.take(200):
                await asyncio.sleep(0.05)
        ended.set()

    client, _ = await play(drip, body=0.5)
    with pytest.raises(UploadCut):
        await client.upload(SKETCH, PASSWORD, before_last_chunk=_nothing)
    await ended.wait()


async def test_a_board_that_loses_power_stalls(start_board: StartBoard, client_of: ClientOf) -> None:
    """It vanishes without a word."""
    board = await start_board(fault=Fault(at=SIZE // 2, kind="power_loss"), away=5.0)
    with pytest.raises((UploadStalled, UploadCut)):
        await client_of(board, stall=0.3).upload(SKETCH, board.password)
    with pytest.raises(BoardUnreachable):
        await client_of(board).upload(SKETCH, board.password)
    assert not board.flashed


async def test_a_pause_shorter_than_a_stall_does_no_harm(start_board: StartBoard, client_of: ClientOf) -> None:
    """Erasing flash takes a board a while."""
    board = await start_board(fault=Fault(at=SIZE // 2, kind="stall", seconds=0.3))
    await client_of(board, stall=0.8).upload(SKETCH, board.password)
    assert board.flashed == [SKETCH]


@pytest.mark.parametrize("hook", [None, _nothing])
async def test_giving_up_frees_the_board(start_board: StartBoard, client_of: ClientOf, hook: Any) -> None:
    """Cancelling closes the connection, although the board takes nothing."""
    board = await start_board(fault=Fault(at=SIZE // 2, kind="stall"))
    client = client_of(board)
    stalled = asyncio.Event()
    upload = asyncio.create_task(
        client.upload(
            SKETCH,
            board.password,
            before_last_chunk=hook,
            on_progress=lambda taken: stalled.set() if taken >= SIZE // 2 else None,
        )
    )
    await stalled.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await client.identify()
    assert not board.flashed


async def test_giving_up_resets_the_connection(play: Play) -> None:
    """An ordinary end would wait behind what the board does not take."""
    reset = asyncio.get_running_loop().create_future()
    half = asyncio.Event()

    async def stall(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE // 2)
        half.set()
        await asyncio.sleep(0.2)
        reset.set_result(await wire.was_reset())

    client, _ = await play(stall)
    upload = asyncio.create_task(client.upload(SKETCH, PASSWORD))
    await half.wait()
    upload.cancel()
    assert await reset


async def test_what_goes_wrong_before_the_last_chunk_ends_the_upload(board: VirtualBoard, client_of: ClientOf) -> None:
    """It comes out as it is, and the board neither flashes nor waits for more."""

    async def fail() -> None:
        raise OSError("disk full")

    client = client_of(board)
    with pytest.raises(OSError, match="disk full"):
        await client.upload(SKETCH, board.password, before_last_chunk=fail)
    await client.identify()
    assert not board.flashed


async def test_what_goes_wrong_in_reporting_ends_the_upload(start_board: StartBoard, client_of: ClientOf) -> None:
    """Whoever listens is part of it."""
    board = await start_board(seconds_per_byte=10e-6)

    def fail(taken: int) -> None:
        raise LookupError(taken)

    client = client_of(board)
    with pytest.raises(LookupError):
        await client.upload(SKETCH, board.password, on_progress=fail)
    await client.identify()
    assert not board.flashed


async def test_a_cut_before_the_last_chunk_is_certain(play: Play) -> None:
    """The board lacked it, however long we took to think about it."""
    done = asyncio.Event()
    gone = asyncio.Event()

    async def reset(wire: Wire) -> None:
        await wire.head()
        await wire.take((SIZE - 1) // transfer.CHUNK * transfer.CHUNK)
        await done.wait()
        wire.reset()
        gone.set()

    async def before_last_chunk() -> None:
        done.set()
        await gone.wait()
        await asyncio.sleep(0.05)

    client, _ = await play(reset)
    with pytest.raises(UploadCut):
        await client.upload(SKETCH, PASSWORD, before_last_chunk=before_last_chunk)


@pytest.mark.parametrize("reply", [b"", b"bytes\r\n", UNAUTHORIZED, b"HTTP/1.1 503 Busy\r\n\r\n"])
async def test_no_error_gives_a_password_away(play: Play, reply: bytes) -> None:
    """Errors end up in logs, with all that led to them."""

    async def fail(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE)
        await wire.send(reply)

    client, _ = await play(fail)
    with pytest.raises(BoardError) as caught:
        await client.upload(SKETCH, PASSWORD)
    for text in (repr(client), repr(caught.value), "".join(traceback.format_exception(caught.value))):
        assert PASSWORD not in text
        assert "YXJkdWlubzpww6Qgw586eA" not in text
        assert "aiohttp" not in text
