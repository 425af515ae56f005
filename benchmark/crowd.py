"""What many boards cost while nothing is done with them."""

import asyncio
import gc
from pathlib import Path
import tempfile
import time

from .boards import boards
from .home import DOMAIN, Pauses, add_board, apart, home

COUNTS = (10, 100, 1000)
# All boards have been heard, and everything that follows a start is over.
SETTLES_WITHIN = 100.0
MINUTE = 60.0


async def measure() -> dict[str, float]:
    """Return, for each number of boards, the CPU seconds of an idle minute and the seconds of a set-up."""
    figures: dict[str, float] = {}
    longest = 0.0
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as config:
            await apart(_add, count, Path(config))
            set_up, idle, pause = await apart(_live, count, Path(config))
        figures |= {f"set_up_{count}_s": set_up, f"idle_minute_{count}_cpu_s": idle}
        longest = max(longest, pause)
    return {**figures, "crowd_loop_pause_ms_max": 1000 * longest}


async def _add(count: int, config: Path) -> None:
    async with boards(count) as fleet, home(config) as hass:
        for address in fleet.addresses:
            await add_board(hass, address, "password", "mkr1000_ota/bench")


async def _live(count: int, config: Path) -> tuple[float, float, float]:
    """Return the seconds that all entries take to be set up, the CPU seconds of an idle minute, and the longest pause.

    They are set up one after the other. When it starts, Home Assistant begins with all entries in the same moment, and
    the pause of that is its own.
    """
    async with boards(count, mdns=True) as fleet, Pauses() as pauses, home(config) as hass:
        entries = hass.config_entries.async_entries(DOMAIN)
        assert len(entries) == len(fleet.addresses)
        for entry in entries:
            await hass.config_entries.async_unload(entry.entry_id)
        # A full collection of the garbage of a whole Home Assistant pauses for longer than anything that is done here.
        gc.disable()
        pauses.longest = 0.0
        began = time.perf_counter()
        for entry in entries:
            await hass.config_entries.async_setup(entry.entry_id)
        set_up = time.perf_counter() - began
        await asyncio.sleep(SETTLES_WITHIN)
        before = time.process_time()
        await asyncio.sleep(MINUTE)
        return set_up, time.process_time() - before, pauses.longest
