"""`ota scan` and `ota check`, with boards to find and to ask."""

import asyncio
from asyncio.subprocess import PIPE
from io import BytesIO, TextIOWrapper
import json
import sys
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.commands import tell
from tests.cli.command import REPOSITORY
from tests.cli.conftest import Ended, Run
from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard


def at(board: VirtualBoard) -> str:
    """Return where a board is, as a person types it."""
    return f"{board.address}:{board.port}"


async def scan(*boards: dict[str, Any]) -> Ended:
    """Scan a network that holds these boards and nothing else."""
    command = (sys.executable, "-m", "tests.cli.scan_in_a_house", *map(json.dumps, boards))
    scanning = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=PIPE, stderr=PIPE)
    out, err = await scanning.communicate()
    return Ended(scanning.returncode or 0, out.decode(), err.decode())


@pytest.mark.slow
async def test_a_scan_finds_the_boards_that_answer() -> None:
    ended = await scan(
        {"number": 8, "name": "Shed", "library": "ArduinoOTA"},
        {"number": 9, "name": "garden"},
        # Whoever announces another service of this host, or on another port, is not asked.
        {"address": "127.0.0.9", "name": "liar"},
        {"number": 10, "port": 9100, "name": "printer"},
    )
    assert (ended.status, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [
        ["10.10.0.9", "WiFi101OTA", "garden"],
        ["10.10.0.8", "ArduinoOTA", "Shed"],
    ]


@pytest.mark.slow
async def test_a_scan_that_finds_nothing_says_what_to_do() -> None:
    ended = await scan()
    assert (ended.status, ended.out) == (3, "")
    assert "ota check HOST" in ended.err


def test_a_name_is_printed_whatever_the_terminal_can_show() -> None:
    terminal = TextIOWrapper(BytesIO(), encoding="latin-1", newline="\n")
    tell("Gärten 庭", terminal)
    buffer = terminal.detach()
    assert isinstance(buffer, BytesIO)
    assert buffer.getvalue() == b"G\xe4rten \\u5ead\n"


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
async def test_a_board_is_recognised(start_board: StartBoard, ota: Run, library: str) -> None:
    board = await start_board(library=library)
    ended = await ota("check", at(board))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{at(board)} is a board whose sketch uses {library}.\n"
    assert [request.password for request in board.requests] == [None]


async def test_a_password_is_checked(board: VirtualBoard, ota: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the option, from the variable, and from the prompt."""
    said = f"{at(board)} is a board whose sketch uses WiFi101OTA, and it accepts the password.\n"
    assert (await ota("check", at(board), "--password", "password")).out == said
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.commands.check.getpass", lambda _: "password")
    assert (await ota("check", at(board), "--password")).out == said
    monkeypatch.setenv("OTA_PASSWORD", "password")
    assert (await ota("check", at(board))).out == said


async def test_a_wrong_password_is_not_repeated(board: VirtualBoard, ota: Run) -> None:
    ended = await ota("check", at(board), "--password", "open sesame")
    assert ended.status == 4
    assert "accepts another password" in ended.err
    assert "sesame" not in ended.out + ended.err
    assert board.requests[-1].password == "open sesame"


async def test_what_is_no_board_is_not_taken_for_one(web_server: str, mute_server: str, ota: Run) -> None:
    """A web server, something that hangs up, nothing at all, and a name that cannot be resolved."""
    for there, said in (
        (web_server, "does not answer as a board"),
        (mute_server, "says nothing"),
        ("127.0.0.32", "Nothing accepts a connection"),
        ("no-such-board.invalid", "leads to no address"),
    ):
        ended = await ota("check", there, "--password", "open sesame")
        assert (ended.status, ended.out) == (3, "")
        assert said in ended.err
        assert "ota scan" in ended.err
        assert "sesame" not in ended.err
