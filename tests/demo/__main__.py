"""Run the demonstration: `scripts/demo`, or `scripts/demo --serve` to look at it in a browser afterwards."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
import signal
import socket
import sys
import tempfile
from typing import Final

from tests.demo.relay import listen, relay
from tests.demo.screen import Screen
from tests.demo.story import Story
from tests.real_home import (
    DOMAIN,
    PASSWORD,
    USERNAME,
    CommandFailed,
    HomeNetwork,
    NotStarted,
    RealHome,
    enter_home_network,
)
from tests.virtual_board import BoardOptions, VirtualBoard

OTA_PORT: Final = 65280
# What a shell says of a command that was interrupted.
STOPPED: Final = 130


def main() -> int:
    """Parse the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Flash virtual boards from a real Home Assistant."
    )
    parser.add_argument("--serve", action="store_true", help="leave Home Assistant and the boards running, to look at")
    parser.add_argument("--port", type=int, default=8123, help="where to serve (any free port if it is taken)")
    arguments = parser.parse_args()
    outside = listen(arguments.port) if arguments.serve else None
    network = enter_home_network()
    with tempfile.TemporaryDirectory(prefix="mkr1000-demo-") as folder:
        return asyncio.run(_run(Path(folder), network, outside))


async def _run(folder: Path, network: HomeNetwork, outside: socket.socket | None) -> int:
    running = asyncio.current_task()
    assert running is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    screen = Screen()
    home = RealHome(folder, network)
    try:
        await _demonstrate(screen, home, network, outside)
    except asyncio.CancelledError:
        screen.say("Stopped")
        return STOPPED if outside is None else bool(screen.failed)
    except (CommandFailed, NotStarted, OSError) as error:
        screen.check(f"The demonstration goes on to its end: {error!r}", passed=False)
        screen.say(f"What Home Assistant wrote:\n{home.log[-4000:]}")
        screen.summary()
    finally:
        home.kill()
    return bool(screen.failed)


async def _demonstrate(screen: Screen, home: RealHome, network: HomeNetwork, outside: socket.socket | None) -> None:
    screen.chapter("Virtual boards and a Home Assistant, all on this machine")
    async with AsyncExitStack() as stack:
        *added, shed = [await stack.enter_async_context(VirtualBoard(options)) for options in _boards(network)]
        for board in (*added, shed):
            screen.say(f"{board.name} is at {board.address}: {board.running.library}, password {board.password!r}")
        async with screen.waiting("Home Assistant starts; the first time that takes longer"):
            await home.start()
        client = await stack.enter_async_context(home.connect())
        screen.say(f"Home Assistant {(await client.get('/api/config'))['version']} runs")
        garden, cellar, attic = stories = [Story(screen, home, client, board) for board in added]
        for story in stories:
            await story.from_nothing_to_two_flashes()
        await garden.flashed_by_cable()
        await attic.builds_that_prove_themselves()
        screen.summary()
        if outside is None:
            return
        await garden.offer(garden.build("sesame", "2.0.0"), "2.0.0")
        dropped = home.folder / "cellar.ino.bin"
        dropped.write_bytes(cellar.build("sesame"))
        await stack.enter_async_context(relay(outside, home.port))
        screen.chapter(f"Three things to try: http://127.0.0.1:{outside.getsockname()[1]}")
        screen.say(f"Log in as {USERNAME}, password {PASSWORD}. Ctrl+C ends it.")
        screen.say("1. Settings → Garden, the update that is listed at the top → Update")
        screen.say(f"2. cp {dropped} {home.folder / DOMAIN / 'cellar'}    (within seconds, it is offered for Cellar)")
        screen.say("3. Settings → Devices & services → Add integration → Arduino MKR1000 OTA → Shed")
        screen.say(
            f"   (or its address, {shed.address}). Its password is {shed.password!r}; see what a wrong one does."
        )
        await asyncio.Event().wait()


def _boards(network: HomeNetwork) -> list[BoardOptions]:
    """One board of each model, as fast as real ones, and one that nobody has added yet."""
    garden = BoardOptions(
        address=network.address(11),
        port=OTA_PORT,
        name="Garden",
        seconds_per_byte=50e-6,
        copy_time=1.0,
        away=2.0,
        mdns=network.private,
        interface="lo",
    )
    newer = replace(garden, library="ArduinoOTA")
    return [
        garden,
        replace(newer, address=network.address(12), name="Cellar", model="mkrwifi1010"),
        replace(newer, address=network.address(13), name="Attic", model="nano_33_iot"),
        replace(garden, address=network.address(14), name="Shed"),
    ]


if __name__ == "__main__":
    sys.exit(main())
