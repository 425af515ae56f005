"""Boards as a program: options, events, commands."""

import asyncio
import json
from pathlib import Path
import signal
import sys

import pytest

from tests.virtual_board import Fault
from tests.virtual_board.fleet import REPOSITORY, Fleet
from tests.virtual_board.options import BoardOptions
from tests.virtual_board.settings import SettingError, changed, consecutive
from tests.virtual_board.sketches import build_sketch
from tests.virtual_board_itself.raw import BAD_REQUEST, NOT_FOUND, OK, Connection, head

QUIET = {"mdns": False, "port": 0, "pause": 0, "copy_time": 0, "away": 0.05}
WHOAMI = b"GET / HTTP/1.1\r\n\r\n"


async def ask(fleet: Fleet, request: bytes, board: int = 0) -> bytes:
    """Ask a board of a fleet, where it listens now."""
    listening = [event for event in fleet.events if event["event"] == "listening" and event["board"] == board][-1]
    async with Connection((listening["address"], listening["port"])) as connection:
        await connection.send(request)
        return await connection.answer()


@pytest.mark.slow
async def test_it_tells_what_happens_to_its_boards(tmp_path: Path) -> None:
    image = build_sketch(name="Attic", password="next", version="1.2.3")
    async with Fleet(QUIET, QUIET | {"address": "127.0.0.8", "name": "Second"}) as fleet:
        assert (await fleet.event("listening", board=1))["address"] == "127.0.0.8"
        assert await ask(fleet, head(len(image)) + image) == OK
        request = await fleet.event("request", board=0)
        assert (request["line"], request["password"]) == ("POST /sketch HTTP/1.1", "password")
        assert (await fleet.event("answered"))["status"] == 200
        assert (await fleet.event("flashing"))["size"] == len(image)
        started = await fleet.event("started", name="Attic")
        assert (started["password"], started["version"], started["ota"]) == ("next", "1.2.3", True)
        await fleet.event("listening", board=0, after=fleet.events.index(started))
        assert await ask(fleet, head(0, "next")) == BAD_REQUEST


@pytest.mark.slow
async def test_it_obeys_commands_while_it_runs(tmp_path: Path) -> None:
    cable = tmp_path / "cable.bin"
    cable.write_bytes(build_sketch(name="Cable", password="wired"))
    boards = [QUIET | {"address": f"127.0.0.{number}"} for number in (8, 9)]
    async with Fleet(*boards) as fleet:
        await fleet.command(board=1, set={"password": "other"})
        assert await ask(fleet, head(0, "other"), board=1) == BAD_REQUEST
        await fleet.command(board=0, power="off")
        with pytest.raises(ConnectionRefusedError):
            await ask(fleet, WHOAMI)
        await fleet.command(power="on")
        assert await ask(fleet, WHOAMI) == NOT_FOUND
        await fleet.command(board=0, drop_wifi=True)
        with pytest.raises(ConnectionRefusedError):
            await ask(fleet, WHOAMI)
        await fleet.command(board=0, flash_over_usb=str(cable))
        assert await ask(fleet, head(0, "wired")) == BAD_REQUEST
        await fleet.command(renumber=["127.0.0.9", "127.0.0.8"])
        assert await ask(fleet, head(0, "wired")) == BAD_REQUEST
        assert [event["address"] for event in fleet.events if event["event"] == "listening"][-2:] == [
            "127.0.0.9",
            "127.0.0.8",
        ]
        for nonsense in ({"board": 7, "power": "on"}, {"power": "maybe"}, {"set": {"colour": "red"}}, {}):
            with pytest.raises(SettingError):
                await fleet.command(**nonsense)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_until_it_is_told_to_end(tmp_path: Path, ending: signal.Signals) -> None:
    config = tmp_path / "boards.json"
    config.write_text(json.dumps([{"address": "127.0.0.8"}, {"address": "127.0.0.9", "name": "Second"}]))
    arguments = ["--config", str(config), "--count", "2", "--address", "127.0.0.5", "--port", "0", "--no-mdns"]
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.virtual_board", *arguments),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    events = [json.loads(await running.stdout.readline()) for _ in range(8)]
    listening = [event["address"] for event in events if event["event"] == "listening"]
    assert sorted(listening) == ["127.0.0.5", "127.0.0.6", "127.0.0.8", "127.0.0.9"]
    running.send_signal(ending)
    assert await running.wait() == 0


def test_options_can_be_said_in_json(tmp_path: Path) -> None:
    image = tmp_path / "sketch.bin"
    image.write_bytes(b"sketch")
    settings = {
        "name": "Attic",
        "away": 5,
        "fault": "stall@1000:2.5",
        "image": str(image),
        "away_as": "silent",
        "images": {"00ff": {"name": "Compiled", "password": "secret"}},
    }
    options = changed(BoardOptions(), settings)
    assert (options.name, options.away, options.away_as) == ("Attic", 5, "silent")
    assert (options.fault, options.image) == (Fault(1000, "stall", 2.5), b"sketch")
    assert options.images["00ff"].password == "secret"
    assert changed(options, {"fault": None, "image": None}).fault is None


@pytest.mark.parametrize(
    "settings",
    [
        {"colour": "red"},
        {"away": "long"},
        {"port": True},
        {"mdns": 1},
        {"name": None},
        {"away_as": "hidden"},
        {"fault": "reset"},
        {"fault": "melt@3"},
        {"fault": "stall@x"},
        {"image": "/nowhere.bin"},
        {"address": "garden.local"},
        {"mac": "f8:f0:05"},
        {"images": {"00ff": {"nme": "x"}}},
        {"images": ["00ff"]},
    ],
)
def test_options_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        changed(BoardOptions(), settings)


def test_many_equal_boards_have_consecutive_addresses_and_macs() -> None:
    boards = consecutive(BoardOptions(address="127.0.0.255", mac="f8:f0:05:00:00:ff"), 3)
    assert [board.address for board in boards] == ["127.0.0.255", "127.0.1.0", "127.0.1.1"]
    assert [board.mac for board in boards] == ["f8:f0:05:00:00:ff", "f8:f0:05:00:01:00", "f8:f0:05:00:01:01"]
