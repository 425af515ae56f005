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
