"""`ota flash`: whatever happens, it says what became of the board, and flashes nothing twice."""

import asyncio
import errno
import fcntl
from hashlib import sha256
import json
import os
from pathlib import Path
import pty
import stat
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.commands import check
from tests.cli.command import start, start_at_a_terminal
from tests.cli.conftest import NEW, SAME, SLOW, Run, at, bodies, journal_of
from tests.conftest import StartBoard
from tests.virtual_board import Fault, Firmware, VirtualBoard
from tests.virtual_board.behavior import Behavior
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("image", "said"),
    [
        pytest.param(SAME, "the same password as before", id="same"),
        pytest.param(NEW, "password 1 of those that ota inspect", id="another"),
    ],
)
async def test_a_sketch_is_flashed(board: VirtualBoard, file: Path, ota: Run, image: bytes, said: str) -> None:
    file.write_bytes(image)
    ended = await ota("flash", file, at(board), "--password", "password")
    assert ended.status == 0
    assert ended.out.startswith(f"{at(board)} runs the new sketch and accepts {said}")
    *progress, _ = ended.err.splitlines()
    assert progress == sorted(progress)
    assert progress[-1] == " 100 %"
    assert board.flashed == [image]
    assert list(file.parent.iterdir()) == [file]
    assert "sesame" not in ended.out + ended.err


async def test_the_journal_is_on_the_disk_before_the_first_byte(start_board: StartBoard, file: Path, ota: Run) -> None:
    """And it is readable by nobody else."""
    board = await start_board(**SLOW)
    flashing = asyncio.create_task(ota("flash", file, at(board), "--password", "password"))
    await board.next_event("request")  # who is there
    while not journal_of(file, board).exists():
        await asyncio.sleep(0)
    assert not bodies(board)
    assert stat.S_IMODE(journal_of(file, board).stat().st_mode) == 0o600
    assert json.loads(journal_of(file, board).read_text())["old_password"] == "password"
    assert (await flashing).status == 0


async def test_a_password_that_is_not_in_the_image_is_told(start_board: StartBoard, file: Path, ota: Run) -> None:
    image = build_sketch("Garden", "computed", quirks=Quirks(computed=True))
    file.write_bytes(image)
    board = await start_board(images=running_as(image, password="computed"))
    ended = await ota("flash", file, at(board), "--password", "password", "--new-password", "computed")
    assert ended.status == 0
    assert ended.out.endswith("accepts the new password that was given.\n")


async def test_a_password_that_nobody_knows_is_said_to_be_unknown(
    start_board: StartBoard, file: Path, ota: Run
) -> None:
    image = build_sketch("Garden", "computed", quirks=Quirks(computed=True))
    file.write_bytes(image)
    board = await start_board(images=running_as(image, password="computed"))
    ended = await ota("flash", file, at(board), "--password", "password")
    assert (ended.status, ended.out) == (7, "")
    assert "accepts no known password" in ended.err
    assert not journal_of(file, board).exists()


def running_as(image: bytes, **facts: Any) -> dict[str, Firmware]:
    """Return what a board makes of an image that nothing here can run."""
    return {sha256(image).hexdigest(): Firmware("Garden", version=None, **facts)}


async def test_a_wrong_password_costs_nothing(board: VirtualBoard, file: Path, ota: Run) -> None:
    ended = await ota("flash", file, at(board), "--password", "wrong one")
    assert (ended.status, ended.out) == (4, "")
    assert "that of the sketch it runs now" in ended.err
    assert "wrong one" not in ended.err
    assert not bodies(board)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"<html>", "web page", id="page"),
        pytest.param(NEW[:-4000], "incomplete", id="cut"),
        pytest.param(build_sketch(quirks=Quirks(poll=False)), "support OTA updates", id="without poll"),
    ],
)
async def test_a_wrong_image_is_not_sent(board: VirtualBoard, file: Path, ota: Run, content: bytes, said: str) -> None:
    file.write_bytes(content)
    ended = await ota("flash", file, at(board), "--password", "password")
    assert (ended.status, ended.out) == (1, "")
    assert said in ended.err
    assert not board.requests


async def test_one_without_ota_is_flashed_if_that_is_wanted(board: VirtualBoard, file: Path, ota: Run) -> None:
    file.write_bytes(build_sketch(quirks=Quirks(poll=False)))
    ended = await ota("flash", file, at(board), "--password", "password", "--allow", "no_ota")
    assert ended.status == 9
    assert "Only a USB cable" in ended.err
    assert len(board.flashed) == 1


async def test_a_connection_that_is_cut_is_tried_again(start_board: StartBoard, file: Path, ota: Run) -> None:
    board = await start_board(fault=Fault(20_000, "reset"))
    ended = await ota("flash", file, at(board), "--password", "password")
    assert ended.status == 0
    assert board.flashed == [NEW]
    assert len(bodies(board)) == 2


async def test_a_connection_that_is_always_cut_leaves_the_board_as_it_was(
    start_board: StartBoard, file: Path, ota: Run
) -> None:
    board = await start_board(fault=Fault(20_000, "power_loss"), away=60.0)
    ended = await ota("flash", file, at(board), "--password", "password")
    assert (ended.status, ended.out) == (5, "")
    assert "runs the sketch that it ran before" in ended.err
    assert "Errno" not in ended.err
    assert not board.flashed
    assert not journal_of(file, board).exists()


@pytest.mark.slow
async def test_a_watchdog_of_its_own_is_recognised(start_board: StartBoard, file: Path, ota: Run) -> None:
    """Trying again is of no use then, and nobody is told to."""
    board = await start_board(behavior=Behavior(watchdog=0.8), seconds_per_byte=100e-6)
    ended = await ota("flash", file, at(board), "--password", "password")
    assert (ended.status, ended.out) == (5, "")
    assert "as if a watchdog reset the board" in ended.err
    assert "again" not in ended.err
    assert not board.flashed


async def test_nobody_is_there(file: Path, ota: Run) -> None:
    ended = await ota("flash", file, "127.0.0.32", "--password", "password")
    assert ended.status == 3
    assert "Nothing accepts a connection" in ended.err


async def test_two_at_once_are_not_allowed(start_board: StartBoard, file: Path, ota: Run) -> None:
    board = await start_board(**SLOW)
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ended = await ota("flash", file, at(board), "--password", "password")
    assert (ended.status, board.requests) == (10, [])
    assert "is being flashed by another process" in ended.err

    flashing = asyncio.create_task(ota("flash", file, at(board), "--password", "password"))
    await board.next_event("request")
    with file.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert (await flashing).status == 0


async def test_without_a_journal_nothing_is_sent(
    board: VirtualBoard, file: Path, ota: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where it cannot be written, nor where what is there cannot be read."""

    def is_full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("os.fsync", is_full)
        ended = await ota("flash", file, at(board), "--password", "password")
    assert ended.status == 10
    assert "the disk is full" in ended.err
    assert list(file.parent.iterdir()) == [file]
    for nonsense in (b"", b"{}", b"[]", b"\xff", b'{"phase": "flying"}'):
        journal_of(file, board).write_bytes(nonsense)
        ended = await ota("flash", file, at(board), "--password", "password")
        assert ended.status == 10
        assert "Delete it if you know what the board runs" in ended.err
    assert not bodies(board)


async def test_without_a_password_it_asks_for_one(
    board: VirtualBoard, file: Path, ota: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody is there to be asked."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ended = await ota("flash", file, at(board))
    assert (ended.status, board.requests) == (2, [])
    assert "There is no password" in ended.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(check, "getpass", lambda _: "password")
    assert (await ota("flash", file, at(board))).status == 0


async def test_that_nobody_can_read_what_it_says_ends_nothing(start_board: StartBoard, file: Path) -> None:
    board = await start_board()
    full = os.open("/dev/full", os.O_WRONLY)
    flashing = start("flash", file, at(board), output=full, OTA_PASSWORD="password")
    os.close(full)
    assert await asyncio.to_thread(flashing.wait) == 0
    assert board.flashed == [NEW]
    assert list(file.parent.iterdir()) == [file]


async def test_what_is_no_file_is_refused_at_once(tmp_path: Path, board: VirtualBoard, ota: Run) -> None:
    os.mkfifo(tmp_path / "pipe.bin")
    for name in (tmp_path / "pipe.bin", Path("/dev/zero")):
        ended = await ota("flash", name, at(board), "--password", "password")
        assert (ended.status, board.requests) == (1, [])
        assert "a pipe" in ended.err


async def test_nobody_is_there_to_be_asked_for_the_password(board: VirtualBoard) -> None:
    checking = start("check", at(board), "--password")
    _, said = await asyncio.to_thread(checking.communicate)
    assert (checking.returncode, board.requests) == (2, [])
    assert "There is no password" in said
    assert "Traceback" not in said


async def test_ctrl_c_ends_the_question_for_the_password_at_once(board: VirtualBoard, file: Path) -> None:
    terminal, its_end = pty.openpty()
    asking = start_at_a_terminal(its_end, "flash", file, at(board))
    os.close(its_end)
    try:
        assert b"Password" in await asyncio.to_thread(os.read, terminal, 1000)
        os.write(terminal, b"\x03")
        assert await asyncio.to_thread(asking.wait, 10) == 130
    finally:
        asking.kill()
        os.close(terminal)
    assert not board.requests
