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
    """Lines for a person to read, each with the seconds since the start, and the list of checks."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()
        self._checks: list[tuple[str, bool]] = []

    @property
    def all_well(self) -> bool:
        """Whether something was checked, and nothing failed."""
        return bool(self._checks) and all(passed for _, passed in self._checks)

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
        self._checks.append((what, passed))
        self.say(f"{_mark(passed)} {what}")

    def summary(self) -> None:
        """List everything that was checked."""
        self.chapter("Summary")
        for what, passed in self._checks:
            self._write(f"  {_mark(passed)} {what}")
        failed = sum(not passed for _, passed in self._checks)
        took = f"{time.monotonic() - self._began:.0f} s"
        self._write("")
        if failed:
            self._write(f"{failed} of {len(self._checks)} checks failed, in {took}.")
        else:
            self._write(f"All {len(self._checks)} checks passed, in {took}.")

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    @staticmethod
    def _bold(text: str) -> str:
        return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def _mark(passed: bool) -> str:
    return "✔" if passed else "✘"
