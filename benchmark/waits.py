"""How long somebody waits: for the start of Home Assistant, for the end of an update, for one that waited itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median
import tempfile
import time
from typing import Any

from homeassistant.core import HomeAssistant

from benchmark.boards import Boards, boards, name_of
from benchmark.flashing import FOLDER, PASSWORD, SIZE, offer
from benchmark.home import DOMAIN, add_board, apart, home
from benchmark.lan import HOST
from tests.sketch.test_hostile_files import HOSTILE, judged

RUNS = 5
SILENT = (HOST, 8099)
# After so many seconds of waiting for a board, it is asked for as rarely as it ever is.
AWAY_FOR = 70.0


async def measure() -> dict[str, float]:
    """Measure everything; takes about three minutes, most of it with boards that are away."""
    return {
        "start_delay_silent_server_s": await _start_delay(),
        "verdict_after_return_s": await apart(_verdict),
        "waiting_install_begins_s": await _waiting(),
        "inspect_hostile_ms_max": 1000 * max(_inspections()),
    }


async def _start_delay() -> float:
    """Return how much longer Home Assistant starts with a server that accepts a connection and says nothing."""
    ordinary: list[float] = []
    silent: list[float] = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        await apart(_add, Path(one), 1)
        manifest = "http://{}:{}/manifest.json".format(*SILENT)
        await apart(_add, Path(other), 1, source="manifest", manifest_url=manifest)
        asked = 0

        async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            await reader.read()

        async with await asyncio.start_server(say_nothing, *SILENT):
            for _ in range(RUNS):
                ordinary.append(await apart(_start, Path(one)))
                silent.append(await apart(_start, Path(other)))
        assert asked >= RUNS
    return median(silent) - median(ordinary)


async def _add(config: Path, count: int, **options: object) -> list[str]:
    """Set boards up, and return the ids of their update entities."""
    async with boards(count) as fleet, home(config) as hass:
        updates = [
            await add_board(hass, name_of(number), address, PASSWORD, FOLDER)
            for number, address in enumerate(fleet.addresses)
        ]
        for entry in hass.config_entries.async_entries(DOMAIN):
            hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    return updates


async def _start(config: Path) -> float:
    async with boards(1):
        began = time.perf_counter()
        async with home(config):
            return time.perf_counter() - began


async def _verdict() -> float:
    """Return the seconds from a board's first answer after its restart to the end of the update."""
    took = []
    with tempfile.TemporaryDirectory() as config:
        async with boards(1) as fleet, home(Path(config)) as hass:
            update = await add_board(hass, name_of(0), fleet.addresses[0], PASSWORD, FOLDER)
            for run in range(RUNS):
                await offer(hass, FOLDER, f"{run + 1}.0")
                await _install(hass, update)
                took.append(time.perf_counter() - _first(fleet, 0, "answered", after="listening"))
    return median(took)


async def _waiting() -> float:
    """Return the seconds from the return of a board that an update waits for to the first byte that it is sent."""
    with tempfile.TemporaryDirectory() as config:
        updates = await apart(_add, Path(config), RUNS, wait_minutes=60)
        return median(await apart(_return, Path(config), updates))


async def _return(config: Path, updates: list[str]) -> list[float]:
    took = []
    async with boards(RUNS, mdns=True) as fleet, home(config) as hass:
        await offer(hass, FOLDER, "1.0")
        for number, update in enumerate(updates):
            await fleet.power(number, "off")
            await _install(hass, update)
        await asyncio.sleep(AWAY_FOR)
        for number in range(RUNS):
            begun = fleet.expect(number, "request", content_length=SIZE)
            await fleet.power(number, "on")
            await begun
            returned = _first(fleet, number, "listening", after="power_off")
            took.append(_first(fleet, number, "request", after="listening", content_length=SIZE) - returned)
    return took


async def _install(hass: HomeAssistant, update: str) -> None:
    await hass.services.async_call("update", "install", {"entity_id": update}, blocking=True)


def _first(fleet: Boards, number: int, kind: str, *, after: str, **facts: Any) -> float:
    """Return when a board first told of something after the last time that it told of something else."""
    told = [(when, event) for when, event in fleet.heard if event.get("board") == number]
    since = max(index for index, (_, event) in enumerate(told) if event["event"] == after)
    wanted = {"event": kind, **facts}
    return next(when for when, event in told[since:] if wanted.items() <= event.items())


def _inspections() -> Iterator[float]:
    """Yield the seconds that it takes to inspect each of the files that are made to take long."""
    for content in HOSTILE.values():
        began = time.thread_time()
        judged(iter([content]))
        yield time.thread_time() - began
