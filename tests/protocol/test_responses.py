"""Answers to an upload that come too early, in pieces, in part, or are none."""

import asyncio

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import (
    AnswerLost,
    BoardError,
    NotABoard,
    UploadCut,
    WrongPassword,
)
from custom_components.mkr1000_ota.arduino_ota.protocol import transfer
from tests.protocol.conftest import Play
from tests.protocol.wire import Wire
from tests.virtual_board.sketches import build_sketch

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n"
SKETCH = build_sketch(size=60_000)
SIZE = len(SKETCH)
PASSWORD = "pä ß:x"


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("rough", [False, True])
async def test_an_early_answer_is_heard(play: Play, rough: bool, held: bool) -> None:
    """No board does that, but the answer says more than the broken connection."""
    last = asyncio.Event()

    async def refuse(wire: Wire) -> None:
        await wire.head()
        if held:
            await wire.take((SIZE - 1) // transfer.CHUNK * transfer.CHUNK)
            await last.wait()
        else:
            await wire.take(SIZE // 2)
        await wire.send(UNAUTHORIZED)
        if rough:
            wire.reset()

    async def before_last_chunk() -> None:
        last.set()
        await asyncio.sleep(0.05)

    client, _ = await play(refuse)
    with pytest.raises(WrongPassword):
        await client.upload(SKETCH, PASSWORD, before_last_chunk=before_last_chunk)


async def test_an_early_answer_is_not_written_over(play: Play) -> None:
    """A write would fail at once, and end the connection with the answer unread."""
    wires: list[Wire] = []
    played = asyncio.Event()

    async def hand_over(wire: Wire) -> None:
        await wire.head()
        await wire.take((SIZE - 1) // transfer.CHUNK * transfer.CHUNK)
        wires.append(wire)
        await played.wait()

    async def before_last_chunk() -> None:
        while not wires:
            await asyncio.sleep(0.001)
        wires[0].send_at_once(UNAUTHORIZED)
        wires[0].reset()

    client, _ = await play(hand_over)
    with pytest.raises(WrongPassword):
        await client.upload(SKETCH, PASSWORD, before_last_chunk=before_last_chunk)
    played.set()


async def test_an_early_answer_is_heard_while_the_peer_takes_nothing(play: Play) -> None:
    """And the connection is ended, with whatever is unsent."""
    reset = asyncio.get_running_loop().create_future()

    async def refuse(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE // 2)
        await wire.send(UNAUTHORIZED)
        await asyncio.sleep(0.1)
        reset.set_result(await wire.was_reset())

    client, _ = await play(refuse)
    with pytest.raises(WrongPassword):
        await client.upload(SKETCH, PASSWORD)
    assert await reset


async def test_a_premature_200_is_none(play: Play) -> None:
    """Nobody can have stored what was not sent."""

    async def lie(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE // 2)
        await wire.send(OK)

    client, _ = await play(lie)
    with pytest.raises(UploadCut):
        await client.upload(SKETCH, PASSWORD)


@pytest.mark.parametrize("answer", [OK, OK[:17], OK[:-2], OK[:20]])
async def test_a_status_line_is_enough(play: Play, answer: bytes) -> None:
    """The board flashes, whether or not it can say the rest."""
    progress: list[int] = []

    async def break_off(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE)
        await wire.send(answer)

    client, _ = await play(break_off)
    await client.upload(SKETCH, PASSWORD, on_progress=progress.append)
    assert progress[-1] == SIZE


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 ", b"HTTP/1.1 20"])
async def test_half_a_status_line_is_no_answer(play: Play, answer: bytes) -> None:
    """20 might become 200, or not."""

    async def break_off(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE)
        await wire.send(answer)

    client, _ = await play(break_off)
    with pytest.raises(AnswerLost):
        await client.upload(SKETCH, PASSWORD)


async def test_a_reset_right_behind_the_200_changes_nothing(play: Play) -> None:
    """It was said."""

    async def reset(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE)
        await wire.send(OK)
        wire.reset()

    client, _ = await play(reset)
    await client.upload(SKETCH, PASSWORD)


async def test_an_answer_in_eight_pieces_is_one(play: Play) -> None:
    """That is how the libraries print it."""

    async def dribble(wire: Wire) -> None:
        await wire.head()
        await wire.take(SIZE)
        pieces = [b"HTTP/1.1 ", b"200", b" ", b"OK", b"\r\n", b"Connection: close", b"\r\n", b"\r\n"]
        await wire.send(*pieces, gap=0.01)

    client, _ = await play(dribble)
    await client.upload(SKETCH, PASSWORD)


@pytest.mark.parametrize(("at", "error"), [(SIZE // 2, NotABoard), (SIZE, AnswerLost)])
async def test_an_answer_that_is_none_is_taken_for_what_it_is(play: Play, at: int, error: type[BoardError]) -> None:
    """Before the end it shows that this is no board; after it, nothing is certain."""

    async def babble(wire: Wire) -> None:
        await wire.head()
        await wire.take(at)
        await wire.send(b"220 smtp.example ESMTP\r\n")

    client, _ = await play(babble)
    with pytest.raises(error):
        await client.upload(SKETCH, PASSWORD)
