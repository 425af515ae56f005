"""Sketches to go back to and from."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from tests.conftest import Offer
from tests.support.actions import install
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


async def offer_a_bad_one(home: HomeAssistant, entry: ConfigEntry, offer: Offer) -> None:
    """Offer version 2.0, which will not pass it."""
    home.states.async_set(LAMP, "unavailable")
    await offer(entry, sketches("2.0"))
