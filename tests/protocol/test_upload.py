"""An upload that nothing disturbs, and what a board can answer to one."""

import asyncio
from itertools import pairwise
import tracemalloc

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import (
    BoardError,
    SketchTooLarge,
    StorageFailed,
    UploadRejected,
    WrongPassword,
)
from custom_components.mkr1000_ota.arduino_ota.protocol import transfer
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from tests.conftest import StartBoard
from tests.protocol.conftest import ClientOf, Play
from tests.protocol.wire import Wire
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
SKETCH = build_sketch(size=60_000)
# A board's buffers: its own, the kernel's for it, and what this side of the network may be told too late.
NEAR = 8192


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
@pytest.mark.parametrize("password", ["password", "", "pä ß:x"])
async def test_the_board_runs_what_was_uploaded(
    start_board: StartBoard, client_of: ClientOf, library: str, password: str
) -> None:
    """Byte for byte, in one request."""
    board = await start_board(library=library, password=password)
    await client_of(board).upload(SKETCH, password)
    await board.next_event("started")
    assert board.flashed == [SKETCH]
    assert [(request.line, request.content_length, request.password) for request in board.requests] == [
        ("POST /sketch HTTP/1.1", len(SKETCH), password)
    ]


@pytest.mark.parametrize("size", [1, 4, transfer.CHUNK - 1, transfer.CHUNK, transfer.CHUNK + 1, 3 * transfer.CHUNK])
async def test_any_length_arrives_whole(play: Play, size: int) -> None:
    """The last chunk may be a whole one, or a single byte; it is held back in any case."""
    image = bytes(byte % 251 for byte in range(size))
    bodies: list[bytes] = []
    progress = [0]
    held_back: list[int] = []

    async def before_last_chunk() -> None:
        held_back.append(size - progress[-1])

    async def store(wire: Wire) -> None:
        await wire.head()
        bodies.append(await wire.take(size))
        await wire.send(OK)

    client, server = await play(store)
    await client.upload(image, "password", on_progress=progress.append, before_last_chunk=before_last_chunk)
    assert bodies == [image]
    assert progress[-1] == size
    assert held_back == [(size - 1) % transfer.CHUNK + 1]
    assert server.connections == 1


async def test_the_head_is_one_segment_of_its_own(play: Play) -> None:
    """No header line is torn, and no `Expect`, chunk or second connection is needed."""
    segments: list[bytes] = []

    async def store(wire: Wire) -> None:
        segments.append(await wire.segment())
        await wire.head()
        await wire.take(len(SKETCH))
        await wire.send(OK)

    client, server = await play(store)
    await client.upload(SKETCH, "pä ß:x")
    assert segments[0].startswith(
        b"POST /sketch HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"Connection: close\r\n"
        b"Authorization: Basic YXJkdWlubzpww6Qgw586eA==\r\n"
        b"Content-Length: 60000\r\n"
        b"\r\n" % server.port
    )


async def test_progress_follows_the_board(start_board: StartBoard, client_of: ClientOf) -> None:
    """It counts what the board has taken, not what waits in a kernel for it."""
    board = await start_board(seconds_per_byte=20e-6)
    seen: list[tuple[int, int]] = []
    await client_of(board).upload(
        SKETCH, board.password, on_progress=lambda taken: seen.append((taken, board.requests[-1].body_bytes))
    )
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(seen))
    assert seen[-1][0] == len(SKETCH)
    assert len(seen) > 5
    assert max(abs(taken - really) for taken, really in seen) < NEAR


async def test_progress_works_where_the_kernel_tells_nothing(
    start_board: StartBoard, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is then wrong by what the kernel takes, and right in the end."""

    def refuse(*_: object) -> bytes:
        raise OSError

    monkeypatch.setattr(transfer, "ioctl", refuse)
    board = await start_board(seconds_per_byte=5e-6)
    progress: list[int] = []
    held = asyncio.Event()

    async def before_last_chunk() -> None:
        held.set()

    await client_of(board).upload(
        SKETCH, board.password, on_progress=progress.append, before_last_chunk=before_last_chunk
    )
    assert held.is_set()
    assert progress == sorted(set(progress))
    assert progress[-1] == len(SKETCH)


async def test_the_board_cannot_flash_before_it_may(start_board: StartBoard, client_of: ClientOf) -> None:
    """Whoever uploads gets to write down that the board may flash, before it may."""
    board = await start_board(seconds_per_byte=5e-6)
    at_hook: list[int] = []

    async def before_last_chunk() -> None:
        assert board.requests[-1].body_bytes > len(SKETCH) - transfer.CHUNK - NEAR, "the board lacks more than that"
        # Longer than any stall may last: this is our own doing, not the board's.
        await asyncio.sleep(0.3)
        at_hook.append(board.requests[-1].body_bytes)

    client = client_of(board, stall=0.2, answer=0.2)
    await client.upload(SKETCH, board.password, before_last_chunk=before_last_chunk)
    assert len(at_hook) == 1
    assert len(SKETCH) - transfer.CHUNK <= at_hook[0] < len(SKETCH)
    await board.next_event("started")
    assert board.flashed == [SKETCH]


async def test_a_slow_board_has_all_the_time_it_needs(start_board: StartBoard, client_of: ClientOf) -> None:
    """Only a stall ends an upload."""
    board = await start_board(seconds_per_byte=100e-6)
    await client_of(board, stall=0.5, answer=0.5).upload(bytes(12_000), board.password)
    assert len(board.flashed) == 1


async def test_an_image_is_not_copied(play: Play) -> None:
    """However many boards take it, it is in memory once."""
    image = bytes(2 * 1024 * 1024)

    async def store(wire: Wire) -> None:
        await wire.head()
        for _ in range(64):
            await wire.take(len(image) // 64)
        await wire.send(OK)

    client, _ = await play(store)
    tracemalloc.start()
    try:
        await client.upload(image, "password")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024


@pytest.mark.parametrize(
    ("options", "password", "error"),
    [
        ({}, "wrong", WrongPassword),
        ({"password": "x"}, "", WrongPassword),
        ({"storage_size": 8192}, "password", SketchTooLarge),
        ({"storage_opens": False}, "password", StorageFailed),
        ({"storage_size": 8192, "opening_checks_size": True, "library": "ArduinoOTA"}, "password", StorageFailed),
    ],
)
async def test_a_board_says_why_it_does_not_flash(
    start_board: StartBoard,
    client_of: ClientOf,
    options: dict[str, object],
    password: str,
    error: type[BoardError],
) -> None:
    """After it has read all of the body."""
    board = await start_board(**options)
    with pytest.raises(error):
        await client_of(board).upload(SKETCH, password)
    assert board.requests[-1].body_bytes == len(SKETCH)
    assert not board.flashed


@pytest.mark.parametrize(
    "status_line", ["400 Bad Request", "404 Not Found", "414 Payload size wrong", "503 Busy", "302 Found", "204 Fine"]
)
async def test_any_other_status_is_a_rejection(play: Play, status_line: str) -> None:
    """It is not followed, and not tried again."""

    async def reject(wire: Wire) -> None:
        await wire.head()
        await wire.take(len(SKETCH))
        await wire.send(f"HTTP/1.1 {status_line}\r\nConnection: close\r\nLocation: /\r\n\r\n".encode())

    client, server = await play(reject)
    with pytest.raises(UploadRejected) as caught:
        await client.upload(SKETCH, "password")
    assert caught.value.status == int(status_line[:3])
    assert status_line[:3] in str(caught.value)
    assert server.connections == 1


async def test_an_empty_image_is_rejected_by_the_board(board: VirtualBoard, client_of: ClientOf) -> None:
    """It cannot be told from a question about the password, and does as little harm."""
    with pytest.raises(UploadRejected, match="400"):
        await client_of(board).upload(b"", board.password)


async def test_boards_are_flashed_side_by_side(start_board: StartBoard, session: aiohttp.ClientSession) -> None:
    """One session serves them all."""
    boards = [await start_board(address=f"127.0.0.{20 + number}") for number in range(8)]
    async with asyncio.TaskGroup() as group:
        for board in boards:
            group.create_task(BoardClient(session, board.address, board.port).upload(SKETCH, board.password))
    assert [board.flashed for board in boards] == [[SKETCH]] * 8


def test_a_sketch_is_not_text() -> None:
    """Nobody can have it as such by mistake."""

    async def decode() -> None:
        with pytest.raises(TypeError):
            transfer.Transfer(b"sketch").decode()

    asyncio.run(decode())


async def test_a_library_that_refuses_to_open_its_storage_means_the_size(
    start_board: StartBoard, client_of: ClientOf
) -> None:
    """ArduinoOTA 1.0.8 and later answer 500 to a sketch that its internal storage cannot take."""
    board = await start_board(library="ArduinoOTA", opening_checks_size=True)
    with pytest.raises(SketchTooLarge):
        await client_of(board).upload(bytes(126_980), "password")
