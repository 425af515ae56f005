"""A flash that ended before its board was back: the next start of the command finds out what became of it."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
import signal

import pytest

from tests.cli.command import start
from tests.cli.conftest import NEW, SAME, SLOW, Run, at, bodies, journal_of
from tests.conftest import StartBoard
from tests.virtual_board import Fault


@pytest.mark.slow
async def test_a_board_that_does_not_come_back_is_looked_for_again(
    start_board: StartBoard, file: Path, ota: Run
) -> None:
    """The second time it needs no password: it is in the journal."""
    board = await start_board(comes_back=False)
    ended = await ota("flash", file, at(board), "--password", "password")
    assert ended.status == 8
    assert "start the command again" in ended.err
    assert journal_of(file, board).exists()

    again = await ota("flash", file, at(board))
    assert again.status == 8

    board.options = replace(board.options, comes_back=True)
    await board.power_off()
    await board.power_on()
    last = await ota("flash", file, at(board))
    assert last.status == 0
    assert "password 1 of those" in last.out
    assert board.flashed == [NEW]
    assert not journal_of(file, board).exists()


@pytest.mark.slow
@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
async def test_killed_in_the_middle_it_is_begun_again(
    start_board: StartBoard, file: Path, ota: Run, part: float
) -> None:
    board = await start_board(**SLOW)
    killed = start("flash", file, at(board), OTA_PASSWORD="password")
    while sum(bodies(board)) < part * len(NEW):
        await asyncio.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    await asyncio.to_thread(killed.communicate)
    assert json.loads(journal_of(file, board).read_text())["phase"] == "uploading"

    ended = await ota("flash", file, at(board))
    assert ended.status == 0
    assert ended.out.startswith("An earlier flash of this file was not seen to end.\n")
    assert "runs the sketch that it ran before" in ended.err
    assert board.flashed == [NEW]
    assert not journal_of(file, board).exists()


@pytest.mark.slow
@pytest.mark.parametrize("image", [SAME, NEW], ids=["same password", "another password"])
@pytest.mark.parametrize("moment", ["flashing", "copying", "listening"])
async def test_killed_once_the_board_has_everything_it_is_not_flashed_again(
    start_board: StartBoard, file: Path, ota: Run, moment: str, image: bytes
) -> None:
    file.write_bytes(image)
    board = await start_board(away=0.5, pause=0.5, copy_time=0.5)
    reached = asyncio.create_task(board.next_event(moment))
    killed = start("flash", file, at(board), OTA_PASSWORD="password")
    await reached
    killed.send_signal(signal.SIGKILL)
    await asyncio.to_thread(killed.communicate)

    ended = await ota("flash", file, at(board))
    assert board.flashed == [image]
    assert not journal_of(file, board).exists()
    # It cannot tell what it did not see: nobody answers at first, or somebody who may have been there all the time.
    assert ended.status == 0 or (image == SAME and ended.status == 6)
    assert image == SAME or "accepts password 1 of those" in ended.out


@pytest.mark.slow
async def test_a_sketch_that_was_built_anew_meanwhile_is_flashed(start_board: StartBoard, file: Path, ota: Run) -> None:
    """With the password of the one that was flashed before."""
    board = await start_board(comes_back=False)
    assert (await ota("flash", file, at(board), "--password", "password")).status == 8
    board.options = replace(board.options, comes_back=True)
    await board.power_off()
    await board.power_on()
    file.write_bytes(SAME)
    assert (await ota("flash", file, at(board))).status == 0
    assert board.flashed == [NEW, SAME]


@pytest.mark.slow
async def test_what_became_of_a_flash_is_said_even_if_the_file_is_another_one_now(
    start_board: StartBoard, file: Path, ota: Run
) -> None:
    board = await start_board(comes_back=False)
    assert (await ota("flash", file, at(board), "--password", "password")).status == 8
    board.options = replace(board.options, comes_back=True)
    await board.power_off()
    await board.power_on()
    file.write_bytes(b"<html>")
    ended = await ota("flash", file, at(board))
    assert ended.status == 1
    assert f"{at(board)} runs the new sketch" in ended.out
    assert "web page" in ended.err
    assert not journal_of(file, board).exists()


@pytest.mark.slow
async def test_interrupted_it_says_what_to_do(start_board: StartBoard, file: Path, ota: Run) -> None:
    board = await start_board(fault=Fault(5000, "stall"))
    interrupted = start("flash", file, at(board), OTA_PASSWORD="password")
    while board.options.fault is not None:
        await asyncio.sleep(0.01)
    interrupted.send_signal(signal.SIGINT)
    _, said = await asyncio.to_thread(interrupted.communicate)
    assert interrupted.returncode == 130
    assert "start the same command again" in said
    assert "Traceback" not in said
    assert (await ota("flash", file, at(board))).status == 0
    assert board.flashed == [NEW]
