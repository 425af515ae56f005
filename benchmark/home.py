"""A Home Assistant in this process, with the integration installed into a configuration directory of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
import gc
import logging
from multiprocessing import get_context
from pathlib import Path
import shutil
import time
from typing import Any, Self

from homeassistant import bootstrap
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.runner import RuntimeConfig

DOMAIN = "mkr1000_ota"
OURS = Path(__file__).parent.parent / "custom_components" / DOMAIN
CONFIGURATION = """
logger:
  default: critical
"""


@asynccontextmanager
async def home(config: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant; with the same directory, it finds its boards again."""
    if not (config / "configuration.yaml").exists():
        (config / "configuration.yaml").write_text(CONFIGURATION)
        shutil.copytree(OURS, config / "custom_components" / DOMAIN, ignore=shutil.ignore_patterns("__pycache__"))
    hass = await bootstrap.async_setup_hass(RuntimeConfig(config_dir=str(config), skip_pip=True))
    assert hass is not None
    await hass.async_start()
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


async def add_board(hass: HomeAssistant, name: str, address: str, password: str, folder: str) -> str:
    """Add a board as if its discovery card had been filled in, and return the id of its update entity."""
    flows = hass.config_entries.flow
    form = await flows.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"host": address, "port": 65280, "name": name, "board": "mkr1000"},
    )
    assert form.get("step_id") == "password", form
    created = await flows.async_configure(form["flow_id"], {"password": password})
    entry: ConfigEntry = created["result"]
    hass.config_entries.async_update_entry(entry, options={**entry.options, "folder": folder})
    await hass.config_entries.async_reload(entry.entry_id)
    entity_id = er.async_get(hass).async_get_entity_id("update", DOMAIN, f"{entry.entry_id}_firmware")
    assert entity_id is not None
    assert hass.states.get(entity_id) is not None
    return entity_id


async def apart[**P, R](measure: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a measurement in a process of its own: a process can set up Home Assistant only once."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return await asyncio.get_running_loop().run_in_executor(process, _run, partial(measure, *args, **kwargs))


def _run[R](measure: Callable[[], Coroutine[Any, Any, R]]) -> R:
    logging.disable(logging.ERROR)  # what the figures are not about
    return asyncio.run(measure())


class Pauses:
    """The longest pause of the event loop while the context lasts, in seconds.

    `without_collector` leaves out the time that the garbage collector took of a pause: a full collection takes as long
    as it takes to go through everything that is in memory, whoever has put it there.
    """

    longest = 0.0
    without_collector = 0.0
    _collected = 0.0
    _began = 0.0

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        gc.callbacks.append(self._collect)
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        self._watching.cancel()
        gc.callbacks.remove(self._collect)

    async def _watch(self) -> None:
        while True:
            before, collected = time.perf_counter(), self._collected
            await asyncio.sleep(0.001)
            pause = time.perf_counter() - before - 0.001
            self.longest = max(self.longest, pause)
            self.without_collector = max(self.without_collector, pause - (self._collected - collected))

    def _collect(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._began
