"""What all boards of one Home Assistant share."""

import asyncio
from dataclasses import dataclass, field

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from .asker import Asker
from .catalogs import Catalogs
from .const import DOMAIN
from .flash import timing as board_timing
from .flash.timing import Timing
from .presence import Presence
from .store import BoardStore

# Each flash holds an image in memory and a connection open for half a minute; a small host has other things to do.
FLASHES_AT_ONCE = 4


@dataclass(slots=True)
class Shared:
    """One of each for the whole integration, config flows included."""

    store: BoardStore
    asker: Asker
    catalogs: Catalogs
    presence: Presence
    timing: Timing = field(default_factory=lambda: board_timing.DEFAULT)
    flashes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FLASHES_AT_ONCE))


SHARED: HassKey[Shared] = HassKey(DOMAIN)


@singleton(SHARED, async_=True)
async def async_shared(hass: HomeAssistant) -> Shared:
    """Return what all boards share; a config flow needs it before any entry is set up."""
    store = BoardStore(hass)
    await store.load()
    asker = Asker(hass)
    return Shared(store=store, asker=asker, catalogs=Catalogs(hass), presence=Presence(hass, asker))
