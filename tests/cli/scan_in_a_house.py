"""`ota scan` in a network of its own, which a user who is not root can have, too: it holds the boards of the arguments.

Each argument is a board as a JSON object, whose `number` is the last one of its address.
"""

import asyncio
from contextlib import AsyncExitStack
import json
import sys

from custom_components.mkr1000_ota.arduino_ota.__main__ import main
from tests.real_home.network import HomeNetwork, enter_home_network
from tests.virtual_board import BoardOptions, VirtualBoard


async def scan(network: HomeNetwork, boards: list[str]) -> int:
    """Scan from a thread, as the boards are in this one."""
    async with AsyncExitStack() as there:
        for facts in map(json.loads, boards):
            settings = {"address": network.address(facts.pop("number", 0)), "port": 65280} | facts
            options = BoardOptions(mdns=True, interface="lo", **settings)
            await there.enter_async_context(VirtualBoard(options))
        return await asyncio.to_thread(main, ["scan"])


if __name__ == "__main__":
    sys.exit(asyncio.run(scan(enter_home_network(), sys.argv[1:])))
