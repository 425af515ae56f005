"""What the demonstration writes, and what it has found to be as it should be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import sys
import time
from typing import Final

_BAR: Final = 30
# Seconds that a person looks at nothing new.
_PATIENCE: Final = 7.0


class Screen:
    """Lines for a person to read, each with the seconds since the start, and what was checked."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()
        self.passed: list[str] = []
        self.failed: list[str] = []

    def chapter(self, title: str) -> None:
        """Begin another part of the story."""
        self._write("")
        self._write(self._bold(title))

    def say(self, text: str) -> None:
        """Tell what happens."""
        self._write(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def progress(self, percentage: float) -> None:
        """Show how far a flash is."""
        full = round(_BAR * percentage / 100)
        self.say(f"  {'█' * full}{'░' * (_BAR - full)} {percentage:5.1f} %")

    @asynccontextmanager
    async def waiting(self, text: str) -> AsyncIterator[None]:
        """Repeat every few seconds that something goes on, until it is over."""

        async def repeat() -> None:
            while True:
                self.say(f"{text} …")
                await asyncio.sleep(_PATIENCE)

        repeating = asyncio.create_task(repeat())
        try:
            yield
        finally:
            repeating.cancel()

    def check(self, what: str, passed: bool) -> None:
        """Tell whether something is as it should be."""
        (self.passed if passed else self.failed).append(what)
        self.say(f"{'✔' if passed else '✘'} {what}")

    def summary(self) -> None:
        """Tell how many checks have passed, and which have failed."""
        self._write("")
        for what in self.failed:
            self._write(f"✘ {what}")
        every, took = len(self.passed) + len(self.failed), time.monotonic() - self._began
        self._write(self._bold(f"{len(self.passed)} of {every} checks passed, in {took:.0f} s."))

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    @staticmethod
    def _bold(text: str) -> str:
        return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text
