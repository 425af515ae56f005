"""Sketches to go back to and from."""

import asyncio
from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN
from tests.conftest import AddBoard, Offer
from tests.support.actions import install
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

LAMP = "light.garden"


def sketches(*versions: str) -> dict[str, bytes]:
    """Return sketches, each with a password of its own."""
    return {f"garden-{one}.bin": build_sketch(password=f"of {one}", version=one, seed=int(one[0])) for one in versions}


async def run_well(home: HomeAssistant, entry: ConfigEntry, offer: Offer) -> None:
    """Install version 1.0, which passes its health check."""
    home.states.async_set(LAMP, "on")
    await offer(entry, sketches("1.0"))
    await install(home)


async def damage_image(entry: ConfigEntry) -> str:
    """Leave half of the only image that can be gone back to; return its SHA-256."""
    images = entry.runtime_data.coordinator.images
    (sha256,) = images.sha256s
    await images.store(sha256, b"half an im")
    return str(sha256)


async def offer_a_bad_one(home: HomeAssistant, entry: ConfigEntry, offer: Offer) -> None:
    """Offer version 2.0, which will not pass it."""
    home.states.async_set(LAMP, "unavailable")
    await offer(entry, sketches("2.0"))


async def with_a_bad_one_on_offer(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, within: float
) -> ConfigEntry:
    """Set up a board that runs version 1.0 well and is offered 2.0, which will not pass its check so many seconds long."""
    entry: ConfigEntry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: within})
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    return entry


async def install_a_bad_one(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, within: float
) -> tuple[ConfigEntry, asyncio.Task[None]]:
    """Set up such a board, and begin to install 2.0 on it."""
    entry = await with_a_bad_one_on_offer(home, add_board, offer, board, within)
    return entry, asyncio.create_task(install(home))


def dies(board: VirtualBoard) -> Callable[..., Awaitable[bool]]:
    """Return a health check during which a board dies."""

    async def check(*_: object) -> bool:
        await board.power_off()
        return False

    return check
