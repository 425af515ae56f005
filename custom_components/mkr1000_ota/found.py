"""A board that a config flow has found and may add."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import slugify

from .board.client import BoardClient
from .board.library import Library
from .board.sighting import Sighting
from .const import CONF_FOLDER, CONF_LIBRARY, CONF_STORAGE, DEFAULT_PORT, DOMAIN
from .identity import async_identify
from .shared import async_shared

# What the stock example calls a board; used for one that was not heard to call itself anything.
DEFAULT_NAME = "Arduino"

# A board answers a question within a second, unless its sketch is busy: then it misses one and answers the next.
SCAN_FOR = 5.0
SCAN_STEPS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A board that answers at an address. `mac` is None where it cannot be learned."""

    host: str
    port: int
    name: str
    library: Library
    mac: str | None

    @property
    def unique_id(self) -> str:
        """The hardware address; without one, what comes closest: name and address."""
        return self.mac or f"{self.name}@{self.host}"

    def data(self, password: str) -> dict[str, str | int]:
        """Return the data of the board's entry."""
        mac = {CONF_MAC: self.mac} if self.mac else {}
        return {
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_PASSWORD: password,
            CONF_NAME: self.name,
            CONF_LIBRARY: self.library.value,
            **mac,
        }

    def title(self, hass: HomeAssistant) -> str:
        """Return a title that no other board bears."""
        titles = {entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
        if self.name not in titles:
            return self.name
        if self.mac:
            return f"{self.name} {self.mac[-5:].replace(':', '').upper()}"
        return f"{self.name} ({self.host})"

    def options(self, hass: HomeAssistant) -> dict[str, str]:
        """Return the options that a new board starts with: a firmware folder of its own."""
        return {CONF_STORAGE: "internal", CONF_FOLDER: f"{DOMAIN}/{slugify(self.title(hass))}"}


async def async_look_at(hass: HomeAssistant, host: str, port: int = DEFAULT_PORT, name: str | None = None) -> Found:
    """Look at what is at an address; `name` is what it was heard to call itself, if it was.

    Raises BoardUnreachable, BoardSilent or NotABoard.
    """
    identity = await async_identify(hass, client_for(hass, host, port), host)
    if name is None:
        shared = await async_shared(hass)
        sighting = shared.asker.sightings.get(host)
        name = sighting.name if sighting else DEFAULT_NAME
    return Found(host, port, name, identity.library, identity.mac)


async def async_scan(hass: HomeAssistant, on_progress: Callable[[float], None] | None = None) -> list[Sighting]:
    """Ask the network for boards for some seconds, and return all that have been heard."""
    shared = await async_shared(hass)
    with shared.asker.awaiting():
        for step in range(SCAN_STEPS):
            await asyncio.sleep(SCAN_FOR / SCAN_STEPS)
            if on_progress:
                on_progress((step + 1) / SCAN_STEPS)
    return sorted(shared.asker.sightings, key=lambda one: (one.name, one.address))


def client_for(hass: HomeAssistant, host: str, port: int) -> BoardClient:
    """Return a client for an address."""
    return BoardClient(async_get_clientsession(hass), host, port)


def host_and_port(typed: str) -> tuple[str, int]:
    """Split what a person typed. Raises ValueError when the part behind the colon is no port."""
    host, colon, port = typed.strip().rpartition(":")
    if not colon:
        return port, DEFAULT_PORT
    if not 0 < int(port) < 65536:
        raise ValueError(port)
    return host, int(port)
