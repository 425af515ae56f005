"""The event loop of a test: it checks who uses it, and does not count the time in which the machine stands still.

Boards and what talks to them share a process here, and the times that they allow each other are those of hardware
divided by ten or more. On a machine that stops for a second, all of them would be over at once.
"""

import asyncio
import threading
import time
from typing import Any, Final

import pytest

# Seconds: whatever runs between two looks at the clock takes no longer, unless it is kept from running.
LONGEST_TURN: Final = 0.02


class PatientClock:
    """Goes on by one turn at most between two looks at it, and by what the loop waits for while it does so."""

    def __init__(self) -> None:
        """Begin now, for the loop of this thread; other threads are shown the time that this one has."""
        self._clock = time.monotonic
        self._thread = threading.get_ident()
        now = self._clock()
        # When it was looked at last, what it showed then, and by how much it may have gone on at the next look.
        self._last = now, now, LONGEST_TURN

    def monotonic(self) -> float:
        """Return the time in seconds."""
        now = self._clock()
        looked, showed, allowed = self._last
        shows = showed + min(now - looked, allowed)
        if threading.get_ident() == self._thread:
            self._last = now, shows, LONGEST_TURN
        return shows

    def wait(self, seconds: float | None) -> None:
        """Let the loop wait for so many seconds, or for ever."""
        shows = self.monotonic()
        looked, *_ = self._last
        self._last = looked, shows, float("inf") if seconds is None else seconds + LONGEST_TURN


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the loop check who uses it, without its notes of where each future was made: a third of the time of all tests."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    monkeypatch.setattr(loop, "get_debug", lambda: False)


@pytest.fixture(autouse=True)
async def patient_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the loop, and all else that asks for the monotonic time, go by such a clock."""
    clock = PatientClock()
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # noqa: SLF001 - where it waits
    select = selector.select

    def wait(timeout: float | None = None) -> Any:
        clock.wait(timeout)
        return select(timeout)

    monkeypatch.setattr(selector, "select", wait)
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
