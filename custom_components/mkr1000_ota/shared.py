"""What all boards of one Home Assistant share."""

import asyncio
from dataclasses import dataclass, field

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from .arduino_ota.flash import timeouts as board_timeouts
from .arduino_ota.flash.timeouts import Timeouts
from .asker import Asker
from .catalogs import Catalogs
from .const import DOMAIN
from .discovery_flows import DiscoveryFlows
from .presence import Presence
from .sketches import Sketches
from .store import BoardStore

# Each flash holds an image in memory and a connection open for half a minute; a small host has other things to do.
FLASHES_AT_ONCE = 4

# Home Assistant sets up all entries at once: a thousand of them, with all their entities, would stop it for seconds.
SET_UP_AT_ONCE = 2


@dataclass(slots=True)
class Shared:
    """One of each for the whole integration, config flows included."""

    store: BoardStore
    asker: Asker
    sketches: Sketches
    catalogs: Catalogs
    presence: Presence
    flows: DiscoveryFlows
    timeouts: Timeouts = field(default_factory=lambda: board_timeouts.DEFAULT)
    flashes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FLASHES_AT_ONCE))
    setting_up: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SET_UP_AT_ONCE))
    _entries: int = 0

    @callback
    def join(self) -> CALLBACK_TYPE:
        """Ask the network, and offer what is new there, as long as an entry is set up; returns what leaves again."""
        self.asker.async_start()
        if not self._entries:
            self.flows.async_start()
        self._entries += 1

        @callback
        def leave() -> None:
            self._entries -= 1
            if not self._entries:
                self.flows.async_stop()
            self.asker.async_stop()

        return leave


SHARED: HassKey[Shared] = HassKey(DOMAIN)


@singleton(SHARED, async_=True)
async def async_shared(hass: HomeAssistant) -> Shared:
    """Return what all boards share; a config flow needs it before any entry is set up."""
    store = BoardStore(hass)
    await store.load()
    asker = Asker(hass)
    sketches = Sketches(hass)
    return Shared(
        store=store,
        asker=asker,
        sketches=sketches,
        catalogs=Catalogs(hass, sketches),
        presence=Presence(hass, asker),
        flows=DiscoveryFlows(hass, asker),
    )
