"""The command line in this process, next to the boards that it talks to."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.__main__ import main
from custom_components.mkr1000_ota.arduino_ota.commands import Exit
from custom_components.mkr1000_ota.arduino_ota.flash import timeouts
from custom_components.mkr1000_ota.arduino_ota.protocol import client
from tests.conftest import BRISK, BRISK_REQUESTS
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch("Garden", "sesame", "2.0", size=40_000)
SAME = build_sketch("Garden", "password", "2.0", size=40_000)
# Slow enough to be seen in the middle.
SLOW = {"seconds_per_byte": 25e-6}

type Run = Callable[..., Coroutine[Any, Any, Ended]]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def ota(loopback: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command to its end; it waits no longer than a virtual board needs, and its variables are not set."""
    monkeypatch.setattr(timeouts, "DEFAULT", BRISK)
    monkeypatch.setattr(client, "DEFAULT_TIMEOUTS", BRISK_REQUESTS)
    for variable in ("OTA_PASSWORD", "OTA_NEW_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)

    async def run(*arguments: str | Path) -> Ended:
        def status() -> int:
            try:
                return main([str(argument) for argument in arguments])
            except SystemExit as ended:
                return int(ended.code or Exit.OK)

        return Ended(await asyncio.to_thread(status), *capsys.readouterr())

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sketch that wants another password than the board does now."""
    file = tmp_path / "garden.bin"
    file.write_bytes(NEW)
    return file


def at(board: VirtualBoard) -> str:
    """Return where a board is, as a person types it."""
    return f"{board.address}:{board.port}"


def journal_of(file: Path, board: VirtualBoard) -> Path:
    """Return the journal of a flash."""
    return file.with_name(f"{file.name}.{board.address}-{board.port}.journal")


def bodies(board: VirtualBoard) -> list[int]:
    """Return how much of each body the board has taken."""
    return [request.body_bytes for request in board.requests if request.body_bytes]
