"""Flashing, against curl at the same board."""

import asyncio
from dataclasses import dataclass
import os
from pathlib import Path
from statistics import median
import tempfile
import time
import tracemalloc

import aiohttp
from homeassistant.core import HomeAssistant

from benchmark.boards import Boards, boards, name_of
from benchmark.home import Pauses, add_board, apart, home
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.install import flashing
from tests.virtual_board.sketches import Quirks, build_sketch

# About what a real board needs for a byte, in seconds.
BOARD_SPEED = 50e-6
PASSWORD = "password"
SIZE = 64 * 1024
RUNS = 5
CROWD = 20
FOLDER = "mkr1000_ota/bench"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of alternating runs; the ratios are of times."""

    client_vs_curl_board_speed: float
    client_vs_curl_full_speed: float
    install_vs_curl_board_speed: float
    twenty_vs_one: float
    loop_pause_ms_max: float
    memory_per_flash_kib: float


async def measure() -> Figures:
    """Measure everything; takes about three minutes, most of it at the speed of a board."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "sketch.bin"
        image.write_bytes(sketch("0.0"))
        async with boards(1, seconds_per_byte=0.0) as fleet:
            full_speed = await _client_and_curl(fleet, image, 5 * RUNS)
        async with boards(1, seconds_per_byte=BOARD_SPEED) as fleet:
            board_speed = await _client_and_curl(fleet, image, RUNS)
        install = await apart(_install_and_curl, image)
        twenty, one, pause, _ = await apart(_crowd, trace=False)
        *_, memory = await apart(_crowd, trace=True)
    return Figures(
        client_vs_curl_board_speed=board_speed,
        client_vs_curl_full_speed=full_speed,
        install_vs_curl_board_speed=install,
        twenty_vs_one=twenty / one,
        loop_pause_ms_max=1000 * pause,
        memory_per_flash_kib=memory / 1024,
    )


async def _client_and_curl(fleet: Boards, image: Path, runs: int) -> float:
    ours: list[float] = []
    theirs: list[float] = []
    content = image.read_bytes()
    async with aiohttp.ClientSession() as session:
        for _ in range(runs):
            theirs.append(await _curl(fleet, image))
            back = fleet.expect(0, "listening")
            began = time.perf_counter()
            await BoardClient(session, fleet.addresses[0]).upload(content, PASSWORD)
            ours.append(time.perf_counter() - began)
            await back
    return median(ours) / median(theirs)


async def _curl(fleet: Boards, image: Path) -> float:
    back = fleet.expect(0, "listening")
    curl = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--fail", "--output", "/dev/null", "--write-out", "%{time_total}",
        "--user", f"arduino:{PASSWORD}", "--header", "Expect:", "--data-binary", f"@{image}",
        f"http://{fleet.addresses[0]}:65280/sketch",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await curl.communicate()
    await back
    return float(output)


async def _install_and_curl(image: Path) -> float:
    """Compare the whole of update.install, up to the board's 200, with curl alone."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as config:
        async with boards(1, seconds_per_byte=BOARD_SPEED) as fleet, home(Path(config)) as hass:
            update = await add_board(hass, name_of(0), fleet.addresses[0], PASSWORD, FOLDER)
            for run in range(RUNS):
                theirs.append(await _curl(fleet, image))
                await offer(hass, FOLDER, f"{run + 1}.0")
                ours += await _install(hass, fleet, {update: 0})
    return median(ours) / median(theirs)


async def _crowd(*, trace: bool) -> tuple[float, float, float, float]:
    """Return the seconds of twenty flashes at once and of one, the longest pause, and the bytes for each flash."""
    vars(flashing)["FLASH_SLOTS"] = CROWD
    with tempfile.TemporaryDirectory() as config:
        async with boards(CROWD, seconds_per_byte=BOARD_SPEED) as fleet, home(Path(config)) as hass:
            updates = {
                await add_board(hass, name_of(number), address, PASSWORD, FOLDER): number
                for number, address in enumerate(fleet.addresses)
            }
            await offer(hass, FOLDER, "1.0")
            [one] = await _install(hass, fleet, {next(iter(updates)): 0})
            await offer(hass, FOLDER, "2.0")
            if trace:
                tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            async with Pauses() as pauses:
                twenty = max(await _install(hass, fleet, updates))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    return twenty, one, pauses.longest, (peak - before - SIZE) / CROWD


def sketch(version: str) -> bytes:
    """Return a sketch that wants the password that all boards have, and could be that of any of them."""
    return build_sketch(password=PASSWORD, version=version, size=SIZE, quirks=Quirks(call="hidden"))


async def offer(hass: HomeAssistant, folder: str, version: str) -> None:
    """Put a sketch of a new version into the folder that all boards share, and wait until it is offered."""
    directory = Path(hass.config.path(folder))
    for old in directory.glob("*.bin"):
        old.unlink()
    offered = directory / f"sketch-{version}.bin"
    offered.write_bytes(sketch(version))
    os.utime(offered, (0, 0))
    while any(state.attributes["latest_version"] != version for state in hass.states.async_all("update")):
        await asyncio.sleep(0.1)


async def _install(hass: HomeAssistant, fleet: Boards, updates: dict[str, int]) -> list[float]:
    """Install on boards at once, and return how many seconds each took from the call of the action to its 200."""
    answered = [fleet.expect(number, "answered", status=200) for number in updates.values()]
    back = [fleet.expect(number, "listening") for number in updates.values()]
    began = time.perf_counter()
    took: list[float] = []
    for answer in answered:
        answer.add_done_callback(lambda _: took.append(time.perf_counter() - began))
    await hass.services.async_call("update", "install", {"entity_id": list(updates)}, blocking=True)
    await asyncio.gather(*answered, *back)
    return took
