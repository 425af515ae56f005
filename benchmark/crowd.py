"""What many boards cost while nothing is done with them."""

import asyncio
from pathlib import Path
import tempfile
import time

from .boards import boards
from .home import Pauses, add_board, home

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
            async with boards(count, mdns=True, interface="lo") as fleet:
                async with home(Path(config)) as hass:
                    for address in fleet.addresses:
                        await add_board(hass, address, "password", "mkr1000_ota/bench")
                async with Pauses() as pauses, home(Path(config)) as hass:
                    entries = hass.config_entries.async_entries("mkr1000_ota")
                    began = time.perf_counter()
                    await asyncio.gather(*(hass.config_entries.async_reload(entry.entry_id) for entry in entries))
                    figures[f"set_up_{count}_s"] = time.perf_counter() - began
                    await asyncio.sleep(SETTLES_WITHIN)
                    pauses.longest = 0.0
                    before = time.process_time()
                    await asyncio.sleep(MINUTE)
                    figures[f"idle_minute_{count}_cpu_s"] = time.process_time() - before
                    longest = max(longest, pauses.longest)
    figures["crowd_loop_pause_ms_max"] = 1000 * longest
    return figures
