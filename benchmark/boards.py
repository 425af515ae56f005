"""Virtual boards in a process of their own, so that they take no time from what is measured."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import sys
from tempfile import NamedTemporaryFile
import time
from typing import Any

from benchmark.lan import INTERFACE, address_of

# A restart as short as one can be: what comes behind the 200 is not measured.
QUICK = {"mdns": False, "pause": 0.5, "copy_time": 0.0, "away": 0.5, "port": 65280, "interface": INTERFACE}


def name_of(number: int) -> str:
    """Return what a board calls itself."""
    return f"Board {number}"


@dataclass(frozen=True, slots=True)
class _Expected:
    board: int
    event: str
    facts: dict[str, object]
    future: asyncio.Future[dict[str, Any]]

    def is_met_by(self, event: dict[str, Any]) -> bool:
        return {"board": self.board, "event": self.event, **self.facts}.items() <= event.items()


class Boards:
    """Boards at consecutive addresses, and all that they have told of, each with its time."""

    def __init__(self, process: Process, count: int) -> None:
        self._process = process
        self._expected: list[_Expected] = []
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self._listening = asyncio.create_task(self._listen())
        self.addresses = [address_of(number) for number in range(count)]

    def expect(self, number: int, event: str, **facts: object) -> asyncio.Future[dict[str, Any]]:
        """Return what becomes the next event of a kind that a board tells of."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._expected.append(_Expected(number, event, facts, future))
        return future

    async def power(self, number: int, power: str) -> None:
        """Switch a board on or off, and wait until that has happened."""
        assert self._process.stdin
        done = self.expect(number, "listening" if power == "on" else "power_off")
        self._process.stdin.write(json.dumps({"board": number, "power": power}).encode() + b"\n")
        await done

    async def _listen(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            event = json.loads(line)
            self.heard.append((time.perf_counter(), event))
            for expected in [one for one in self._expected if one.is_met_by(event)]:
                self._expected.remove(expected)
                expected.future.set_result(event)
        for expected in self._expected:
            expected.future.set_exception(ConnectionError("The virtual boards have ended"))


@asynccontextmanager
async def boards(count: int, *, answer_within: float = 0.0, **options: object) -> AsyncIterator[Boards]:
    """Run boards as long as the context lasts, each with a name of its own.

    They answer a question one after the other, within so many seconds.
    """
    described = [
        {
            **QUICK,
            "address": address_of(number),
            "name": name_of(number),
            "mdns_delay": answer_within * number / count,
            **options,
        }
        for number in range(count)
    ]
    with NamedTemporaryFile("w") as config:
        json.dump(described, config)
        config.flush()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.virtual_board", "--config", config.name, stdin=PIPE, stdout=PIPE
        )
        fleet = Boards(process, count)
        try:
            await asyncio.gather(*(fleet.expect(number, "listening") for number in range(count)))
            yield fleet
        finally:
            process.terminate()
            await process.wait()
