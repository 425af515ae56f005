"""Run random histories of the rule that says which board is which: python -m tests.scenarios.identity_campaign."""

import argparse
import asyncio
from collections.abc import Iterable
from random import Random
import sys
import tempfile
import time

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from tests.scenarios.identity_histories import BrokenRule, History
from tests.scenarios.simulated_home import simulated

HISTORIES = 2000


async def run(hass: HomeAssistant, seeds: Iterable[int]) -> None:
    """Let a history happen for each seed, every other one with an attacker. Raises BrokenRule."""
    async with simulated(hass) as begin:
        for seed in seeds:
            random = Random(seed)
            house = begin(random)
            history = History(house, random, hostile=bool(seed % 2))
            try:
                await history.run()
            except BrokenRule as err:
                err.add_note(f"Seed {seed}")
                raise
            finally:
                await house.close()


async def _main(first: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            await run(hass, range(first, first + count))
            await hass.async_stop(force=True)


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.identity_campaign", description=__doc__)
    parser.add_argument("--histories", type=int, default=HISTORIES, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one, which it is repeated by")
    arguments = parser.parse_args()
    began = time.monotonic()
    asyncio.run(_main(arguments.seed, arguments.histories))
    sys.stdout.write(f"{arguments.histories} histories in {time.monotonic() - began:.0f} s: no rule was broken\n")


if __name__ == "__main__":
    main()
