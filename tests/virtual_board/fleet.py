"""Boards in a Python of their own, so that they cost whoever flashes them no time of its event loop."""

import asyncio
from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import sys
from types import TracebackType
from typing import Any, Self

from tests.virtual_board.settings import SettingError

REPOSITORY = Path(__file__).parents[2]
LONGEST_LINE = 1 << 20
LONGEST_END = 5.0
"""Seconds that boards have for closing what they have open."""


class Fleet:
    """One or more boards, run as `python -m tests.virtual_board`. Use it as an asynchronous context manager."""

    def __init__(self, *boards: Mapping[str, object], within: Sequence[str] = ()) -> None:
        """Boards with these options, as JSON has them; `within` is a command that runs the rest of its command line."""
        described = [argument for board in boards for argument in ("--board", json.dumps(board))]
        self._command = [*within, sys.executable, "-m", "tests.virtual_board", "--until-stdin-closes", *described]
        self._count = len(boards)
        self._running: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._commanding = asyncio.Lock()
        self._news = asyncio.Condition()
        self.events: list[dict[str, Any]] = []
        """All that was told so far, in the order in which it happened."""

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def start(self) -> None:
        """Start, and wait until all of them have started. Raises SettingError if they do not."""
        self._running = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        self._reading = asyncio.create_task(self._read(self._running))
        try:
            for number in range(self._count):
                await self.event("started", board=number)
        except BaseException:
            await self.stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    @property
    def pid(self) -> int:
        """The process, for whoever measures it."""
        return self._child.pid

    async def stop(self) -> None:
        """End all boards, and wait until they have."""
        self._stdin.close()
        try:
            async with asyncio.timeout(LONGEST_END):
                await self._child.wait()
        except TimeoutError:
            self._child.kill()
        if self._reading is not None:
            await self._reading

    async def command(self, **command: object) -> None:
        """Tell them something, see commands.py; returns when they have done it. Raises SettingError."""
        async with self._commanding:
            told = len(self.events)
            self._stdin.write(json.dumps(command).encode() + b"\n")
            await self._stdin.drain()
            reply = await self._first(lambda event: event["event"] in ("done", "refused"), told)
        if reply["event"] == "refused":
            raise SettingError(reply["message"])

    async def event(self, kind: str, *, after: int = 0, **facts: object) -> dict[str, Any]:
        """The first event of a kind, with these facts, among those after the first so many; waits for it if need be."""
        wanted = {"event": kind} | facts
        return await self._first(lambda event: wanted.items() <= event.items(), after)

    async def _first(self, wanted: Any, after: int) -> dict[str, Any]:
        async with self._news:
            while True:
                for event in self.events[after:]:
                    if wanted(event):
                        return event
                after = len(self.events)
                if self._child.returncode is not None:
                    raise SettingError("the boards have ended")
                await self._news.wait()

    async def _read(self, running: asyncio.subprocess.Process) -> None:
        assert running.stdout is not None
        while line := await running.stdout.readline():
            async with self._news:
                self.events.append(json.loads(line))
                self._news.notify_all()
        await running.wait()
        async with self._news:
            self._news.notify_all()

    @property
    def _child(self) -> asyncio.subprocess.Process:
        assert self._running is not None
        return self._running

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._child.stdin is not None
        return self._child.stdin
