"""Flashes that random faults happen to, and what is said of each held against what its board really runs.

    python -m tests.scenarios.random_faults [--count 1000] [--seed 1] [--case NUMBER]

The same seed gives the same faults; what comes of them depends on when they meet the flash, as in the world.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
import json
from pathlib import Path
import tempfile
from typing import Any
from unittest.mock import patch

import aiohttp

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard, BoardError
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.arduino_ota.flash.stored import from_json, to_json
from custom_components.mkr1000_ota.arduino_ota.flash.timeouts import Timeouts
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Outcome, Running, Verdict
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from custom_components.mkr1000_ota.arduino_ota.protocol.transfer import Transfer
from tests.scenarios.fault_cases import AWAY, CABLE, OLD, Case, build
from tests.virtual_board import Event, VirtualBoard

TIMEOUTS = Timeouts(
    leave_timeout=0.5,
    return_timeout=3.0,
    minimum_absence=0.25,
    probe_interval=0.1,
    retry_interval=0.1,
    rejoin_timeout=2.0,
)
REQUESTS = RequestTimeouts(connect=0.5, stall=1.0, answer=1.0)
AT_ONCE = 24
# Seconds in which a board and a journal must have found together again.
RESOLVED_WITHIN = 30.0

# Set where a flash runs that will be killed.
DIES: ContextVar[bool] = ContextVar("dies", default=False)


class FileJournal:
    """A journal as it is on the disk: whoever reads the file afterwards knows what this one knew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        stored = json.loads(file.read_text())
        self.keyring = Keyring(tuple(stored["keyring"]))
        self.pending = from_json(Pending, stored["pending"], "pending") if stored["pending"] else None
        self.outcomes: list[Outcome] = []
        self.dead = False

    @classmethod
    def of(cls, file: Path, keyring: Keyring, pending: Pending | None = None) -> FileJournal:
        """Begin a journal."""
        stored = to_json(pending) if pending else None
        file.write_text(json.dumps({"keyring": keyring.passwords, "pending": stored}))
        return cls(file)

    async def write(self, pending: Pending) -> None:
        self.pending = pending
        self._save()

    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        self.keyring = keyring
        self.pending = None
        if outcome is not None and not self.dead:
            self.outcomes.append(outcome)
        self._save()

    def _save(self) -> None:
        if not self.dead:
            self.of(self._file, self.keyring, self.pending)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    case: Case
    verdict: Verdict | None
    runs: str | None
    wrong: tuple[str, ...]
    # Power was lost in the half second behind a 200, and both sketches have one library, and one password or, as far as
    # anybody can read, none: both compute it.
    documented: bool


class Play:
    """One case: a board, a flasher that may be killed, and an owner who presses reset and moves addresses."""

    def __init__(self, case: Case, folder: Path, session: aiohttp.ClientSession) -> None:
        self._case = case
        high, low = divmod(2 * case.number % 60_000, 250)
        self._address, self._next_address = (f"127.{1 + high}.0.{2 + low + other}" for other in range(2))
        self._board = VirtualBoard(replace(case.options, address=self._address), self._on_event)
        self._client = BoardClient(session, self._address, 65280, self._verify, REQUESTS)
        self._session = session
        self._file = folder / f"{case.number}.json"
        self._stranger: VirtualBoard | None = None
        self._others: list[asyncio.Task[None]] = []

    async def run(self) -> Result:
        """Play it, and judge what was said."""
        case = self._case
        journal = FileJournal.of(self._file, Keyring((OLD, CABLE)))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._board)
            self._stack = stack
            if case.kind == "killed":
                journal = await self._flash_and_die(journal)
            else:
                with suppress(BoardError):
                    await Flasher(self._client, journal, TIMEOUTS).flash(case.order, lambda _: None)
            await self._resolve(journal)
            await asyncio.gather(*self._others)
            return self._judged(journal)

    async def _flash_and_die(self, journal: FileJournal) -> FileJournal:
        """Flash, and be killed: what the kernel has of the image still goes out, and nothing is written any more."""
        dies = DIES.set(True)
        flashing = asyncio.create_task(Flasher(self._client, journal, TIMEOUTS).flash(self._case.order, lambda _: None))
        DIES.reset(dies)
        if self._case.kill_at is None:
            await asyncio.wait({flashing}, timeout=self._case.kill_after)
        else:
            killing = asyncio.create_task(self._board.next_event(self._case.kill_at))
            await asyncio.wait({flashing, killing}, return_when=asyncio.FIRST_COMPLETED)
            killing.cancel()
        journal.dead = True
        flashing.cancel()
        await asyncio.wait({flashing})
        outcomes = journal.outcomes
        journal = FileJournal(self._file)
        journal.outcomes = outcomes
        if journal.pending is not None and self._case.late:
            began = journal.pending.phase_began - 2 * TIMEOUTS.proof_timeout
            journal.pending = replace(journal.pending, phase_began=began)
            if self._case.cable:
                await self._board_is_there()
                library = self._case.old.firmware.library
                await self._board.flash_over_usb(build("3.0", OLD, library, computed=False, loader=False).image)
        return journal

    async def _board_is_there(self) -> None:
        while self._board.busy or not self._board.on_network:
            await asyncio.sleep(0.05)

    async def _resolve(self, journal: FileJournal) -> None:
        """Do what is done about a flash without an end: ask the board now and then, and have its owner press reset."""
        async with asyncio.timeout(RESOLVED_WITHIN):
            while journal.pending is not None:
                if self._board.events[-1].kind in ("wifi_dropped", "stands_still"):
                    await self._board.power_off()
                    await self._board.power_on()
                with suppress(BoardError):
                    await Flasher(self._client, journal, TIMEOUTS).resolve()
                await asyncio.sleep(0.1)

    def _on_event(self, event: Event) -> None:
        """Give its address to another board while it restarts."""
        if self._case.kind == "swapped" and event.kind == "away" and self._stranger is None:
            options = replace(self._case.options, address=self._address, fault=None, lose_answer=None)
            self._stranger = VirtualBoard(options)
            self._board.options = replace(self._board.options, address=self._next_address)
            self._others.append(asyncio.create_task(self._swap(self._stranger)))

    async def _swap(self, stranger: VirtualBoard) -> None:
        await self._stack.enter_async_context(stranger)
        # It is heard where it is now.
        await asyncio.sleep(AWAY + 0.3)
        self._client.host = self._next_address

    async def _verify(self, peer: str) -> None:
        if peer != self._board.address:
            raise AnotherBoard(f"Another board answers at {peer}")

    def _judged(self, journal: FileJournal) -> Result:
        case, board = self._case, self._board
        outcome = journal.outcomes[-1] if journal.outcomes else None
        verdict = outcome.verdict if outcome else None
        running = outcome.running if outcome else None
        runs = {"1.0": Running.OLD, "2.0": Running.NEW}.get(board.version or "")
        old, new = case.old.firmware, case.new.firmware
        one_password = old.password == new.password or not (
            case.old.sketch.stated_password or case.new.sketch.stated_password
        )
        documented = (
            case.kind == "power_lost_behind_200"
            and verdict is Verdict.FLASHED
            and one_password
            and old.library == new.library
        )
        wrong = []
        # After a cable it is enough that the new sketch is not said to run.
        unknown = (None, Running.UNKNOWN, Running.OLD) if case.cable else (None, Running.UNKNOWN)
        if running not in (*unknown, runs) and not documented:
            wrong.append(f"said that {running} runs")
        if outcome is not None and outcome.accepted is None:
            tried = (*journal.keyring.passwords, *outcome.pending.expected, *outcome.pending.guesses)
            if board.password in tried:
                wrong.append("did not find a password that it knew")
        elif journal.keyring.current != board.password:
            wrong.append("stored a wrong password")
        if board.flashed.count(case.new.image) > 1:
            wrong.append("flashed twice")
        if len(journal.outcomes) > 1:
            wrong.append("ended twice")
        if self._stranger is not None and any(request.password for request in self._stranger.requests):
            wrong.append("told a stranger a password")
        return Result(case, verdict, runs, tuple(wrong), documented)


ABANDON = Transfer.abandon


def _abandon(transfer: Transfer) -> None:
    """End a connection, as the end of a process does if this is one: what the kernel has still goes out."""
    if not DIES.get():
        ABANDON(transfer)
    elif (transport := transfer._transport) is not None:  # noqa: SLF001  # there is no other way to die
        transport.abort()


async def campaign(seed: int, numbers: Iterable[int], on_result: Callable[[Result], None]) -> list[Result]:
    """Play cases, some at once. What is wrong in one is in its result."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Result:
        case = Case.draw(seed, number)
        async with slots:
            try:
                result = await Play(case, Path(folder), session).run()
            except TimeoutError:
                result = Result(case, None, None, ("the journal stayed open",), documented=False)
        on_result(result)
        return result

    with tempfile.TemporaryDirectory() as folder, patch.object(Transfer, "abandon", _abandon):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return list(await asyncio.gather(*(one(number) for number in numbers)))


def described(result: Result) -> str:
    """Return a line about a case."""
    case = result.case
    facts: dict[str, Any] = {
        "kind": case.kind,
        "also_lost": case.also_lost,
        "at": f"{case.at}/{len(case.new.image)}",
        "seconds": case.seconds,
        "old": (case.old.firmware.password, case.old.firmware.library, case.old.sketch.stated_password),
        "new": (case.new.firmware.password, case.new.firmware.library, case.new.sketch.stated_password),
        "storage": (case.storage, case.loader),
        "knows_running": case.knows_running,
        "killed": (case.kill_at, round(case.kill_after, 2), case.late, case.cable),
    }
    return f"case {case.number}: {', '.join(result.wrong)}; verdict {result.verdict}, runs {result.runs}; {facts}"


def main() -> None:
    """Play as many cases as are asked for, and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.random_faults", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="only this one")
    arguments = parser.parse_args()
    numbers = range(arguments.count) if arguments.case is None else [arguments.case]
    wrong: list[Result] = []

    def told(result: Result) -> None:
        if result.wrong or arguments.case is not None:
            wrong.append(result)
            print(described(result), flush=True)

    results = asyncio.run(campaign(arguments.seed, numbers, told))
    for (kind, verdict), count in sorted(Counter((one.case.kind, str(one.verdict)) for one in results).items()):
        print(f"{kind:<24}{verdict:<16}{count:>6}")
    documented = sum(one.documented for one in results)
    failed = sum(bool(one.wrong) for one in results)
    print(f"{len(results)} faults, {failed} wrong, {documented} lost behind a 200 with one password and one library")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
