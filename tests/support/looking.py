"""What happens once a minute, as often as a test likes."""

import asyncio
from dataclasses import replace
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.network import identity
from custom_components.mkr1000_ota.network.mdns import async_get_querier
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.virtual_board import Request, VirtualBoard


async def look(home: HomeAssistant, times: int = 1) -> None:
    """Let the boards be looked after as once a minute, and wait until that has come to its end."""
    for _ in range(times):
        await async_get_tracker(home).async_check(dt_util.utcnow())
        await settled(home)


async def settled(home: HomeAssistant) -> None:
    """Wait until nothing is under way any more."""
    await home.async_block_till_done(wait_background_tasks=True)


async def at_stage(entry: ConfigEntry, stage: Stage) -> None:
    """Wait until an install on a board is at a stage, or has been."""
    coordinator = entry.runtime_data.coordinator
    reached = asyncio.Event()

    def look() -> None:
        if coordinator.state.stage is stage:
            reached.set()

    stop = coordinator.async_add_listener(look)
    look()
    try:
        await asyncio.wait_for(reached.wait(), 20)
    finally:
        stop()


async def leave_unheard(home: HomeAssistant, board: VirtualBoard) -> None:
    """Switch a board off, and let the next look find out."""
    await board.power_off()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "HEARD_LATELY", 0.0)
        await look(home)


def forget_sightings(home: HomeAssistant, *addresses: str) -> None:
    """Let nothing have been heard from some addresses, or from any."""
    sightings = _sightings(home)
    for address in addresses or tuple(sightings):
        del sightings[address]


def heard_ago(home: HomeAssistant, address: str, seconds: float) -> None:
    """Let the board at an address have been heard so long ago, and not since."""
    sightings = _sightings(home)
    sightings[address] = replace(sightings[address], seen=time.monotonic() - seconds)


def _sightings(home: HomeAssistant) -> dict[str, Sighting]:
    by_address: dict[str, Sighting] = async_get_querier(home).sightings._by_address  # noqa: SLF001 - no other way
    return by_address


def questions(board: VirtualBoard) -> list[Request]:
    """The requests that asked a board no more than who it is."""
    return [request for request in board.requests if request.line.startswith("GET ")]


def passwords(board: VirtualBoard) -> list[str | None]:
    """The passwords that a board was sent, in their order, without any sketch behind them."""
    return [request.password for request in board.requests if request.password is not None and not request.body_bytes]
