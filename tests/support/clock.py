"""A clock that goes on when a test says so, for whatever counts how long ago a board was heard."""

import time

import pytest

from custom_components.mkr1000_ota.arduino_ota.discovery import sightings
from custom_components.mkr1000_ota.network import identity
from custom_components.mkr1000_ota.presence import moves

COUNTING = (sightings, identity, moves)


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        """Begin now."""
        self._now = time.monotonic()

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


def stop_time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Have the integration use such a clock."""
    clock = Clock()
    for module in COUNTING:
        monkeypatch.setattr(module, "time", clock)
    return clock
