"""The command that finds boards; it needs zeroconf."""

from argparse import ArgumentParser
import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address
import time

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from ..discovery.announcements import Sighting, can_be_board
from ..discovery.sightings import QUERY_INTERVAL, SCAN_TIME, Sightings, query
from ..protocol.address import write_address
from . import Exit, say


def scan(parser: ArgumentParser, arguments: Sequence[str]) -> Exit:
    """Print a line for each board: its address, library and name."""
    parser.epilog = f"Takes {SCAN_TIME:g} seconds. Status 3: no board answers."
    parser.parse_args(arguments)
    try:
        boards = asyncio.run(_scan())
    except OSError:
        return say(
            Exit.NO_BOARD, "No board can be heard: there is no network that passes multicast. Ask one: ota check HOST"
        )
    for board in boards:
        say(Exit.OK, f"{write_address(board.address, board.port):<18}{board.library:<12}{board.name}")
    if not boards:
        return say(Exit.NO_BOARD, "No board answered. Check its power and Wi-Fi, or ask at its address: ota check HOST")
    return Exit.OK


async def _scan() -> list[Sighting]:
    sightings = Sightings()
    async with AsyncZeroconf(ip_version=IPVersion.V4Only) as network:
        network.zeroconf.async_add_listener(sightings, None)
        ends = time.monotonic() + SCAN_TIME
        while (left := ends - time.monotonic()) > 0:
            network.zeroconf.async_send(query())
            await asyncio.sleep(min(left, QUERY_INTERVAL))
    believed = (one for one in sightings if can_be_board(one.address, one.port))
    return sorted(believed, key=lambda one: (one.name.casefold(), IPv4Address(one.address)))
