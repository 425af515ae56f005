"""What many boards cost while nothing is done with them."""

import asyncio
from pathlib import Path
import tempfile
import time

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import create_eager_task

from benchmark.boards import boards, name_of
from benchmark.home import DOMAIN, Pauses, add_board, apart, home

COUNTS = (10, 100, 1000)
# All boards have been heard and looked after once, and everything that follows a start is over.
SETTLES_WITHIN = 100.0
MINUTE = 60.0
# A sketch looks for questions once in a loop, and no Wi-Fi carries a thousand answers in the same moment. In seconds.
ANSWER_WITHIN = 1.0


async def measure() -> dict[str, float]:
    """Return, for each number of boards, how long a set-up takes, what an idle minute costs, and the longest pauses.

    The set-up of many boards takes longer than their first answers, so a part of what it takes is spent on greeting
    them: the figure to compare is when all of them are connected.
    """
    figures: dict[str, float] = {}
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as config:
            await apart(_add, count, Path(config))
            figures |= await apart(_live, count, Path(config))
    longest = max(figures[f"crowd_{count}_loop_pause_ms"] for count in COUNTS)
    return {**figures, "crowd_loop_pause_ms_max": longest}


async def _add(count: int, config: Path) -> None:
    async with boards(count) as fleet, home(config) as hass:
        for number, address in enumerate(fleet.addresses):
            await add_board(hass, name_of(number), address, "password", "mkr1000_ota/bench")


async def _live(count: int, config: Path) -> dict[str, float]:
    async with boards(count, mdns=True, answer_within=ANSWER_WITHIN) as fleet, home(config) as hass:
        entries = [entry.entry_id for entry in hass.config_entries.async_entries(DOMAIN)]
        assert len(entries) == len(fleet.addresses)
        for entry in entries:
            await hass.config_entries.async_unload(entry)
        async with Pauses() as pauses:
            began = time.perf_counter()
            await _set_up(hass, entries)
            set_up = time.perf_counter() - began
            while not all(state.state == "on" for state in hass.states.async_all("binary_sensor")):
                await asyncio.sleep(0.1)
            connected = time.perf_counter() - began
            await asyncio.sleep(SETTLES_WITHIN)
        # Watching for pauses would cost more than the boards.
        before = time.process_time()
        await asyncio.sleep(MINUTE)
        idle = time.process_time() - before
    return {
        f"crowd_{count}_set_up_s": set_up,
        f"crowd_{count}_connected_s": connected,
        f"crowd_{count}_idle_minute_cpu_s": idle,
        f"crowd_{count}_loop_pause_ms": 1000 * pauses.without_collector,
        f"crowd_{count}_loop_pause_with_collector_ms": 1000 * pauses.longest,
    }


async def _set_up(hass: HomeAssistant, entries: list[str]) -> None:
    """Begin with all entries in the same moment, as Home Assistant does when it starts."""
    await asyncio.gather(*(create_eager_task(hass.config_entries.async_setup(entry)) for entry in entries))
