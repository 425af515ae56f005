"""A board that a flow has found and may add."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import count
import socket
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import slugify

from .arduino_ota.discovery.announcements import Sighting
from .arduino_ota.discovery.sightings import SCAN_TIME
from .arduino_ota.errors import AnotherBoard, BoardUnreachable
from .arduino_ota.hardware import is_own_address
from .arduino_ota.libraries import OTA_PORT, Library
from .arduino_ota.protocol.address import read_address
from .arduino_ota.protocol.client import BoardClient
from .const import CONF_FOLDER, CONF_LIBRARY, CONF_STORAGE, DOMAIN
from .identity import async_identify, async_mac_of
from .presence import HEARD_LATELY
from .problems import Refused
from .recognition import other_entries
from .shared import Shared, async_shared

# What the stock example calls a board; used for one that was not heard to call itself anything.
DEFAULT_NAME = "Arduino"

SCAN_FOR = SCAN_TIME
SCAN_STEPS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A board that answers at an IPv4 address. `mac` is None where it cannot be learned, and is never a repeater's."""

    host: str
    port: int
    name: str
    library: Library
    mac: str | None

    @property
    def unique_id(self) -> str:
        """The hardware address; without one, what comes closest."""
        return self.mac or self.fallback_id

    @property
    def fallback_id(self) -> str:
        """Name and address, which stand for a board until its hardware address is known."""
        return f"{self.name}@{self.host}"

    def answers_to(self, mac: str | None, names: Collection[str], others: Iterable[ConfigEntry]) -> bool:
        """Whether it has that hardware address; where either is not known, whether it bears one of those names.

        Where a hardware address is wanted, a name that one of the other boards bears, too, does not stand for it.
        """
        if mac is not None and self.mac is not None:
            return mac == self.mac
        return self.name in names and (mac is None or all(entry.data[CONF_NAME] != self.name for entry in others))

    def entry(self, entries: Iterable[ConfigEntry]) -> ConfigEntry | None:
        """Return the entry that stands for this board: the one with its hardware address, else with its address."""
        here = None
        for entry in entries:
            mac = entry.data.get(CONF_MAC)
            if mac is not None and mac == self.mac:
                return entry
            if entry.data[CONF_HOST] == self.host and None in (mac, self.mac):
                here = entry
        return here

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
        taken = {entry.options.get(CONF_FOLDER) for entry in hass.config_entries.async_entries(DOMAIN)}
        folder = own = f"{DOMAIN}/{slugify(self.title(hass))}"
        numbers = count(2)
        while own in taken:
            own = f"{folder}_{next(numbers)}"
        return {CONF_STORAGE: "internal", CONF_FOLDER: own}


async def async_look_at_typed(hass: HomeAssistant, typed: str, name: str | None = None) -> Found:
    """Look at what is at an address that a person has typed; see `async_look_at` for the rest.

    Raises Refused if it is no address.
    """
    try:
        host, port = read_address(typed)
    except ValueError as err:
        raise Refused("bad_address") from err
    host = await _resolve(hass, host)
    if port is None:
        shared = await async_shared(hass)
        sighting = shared.asker.sightings.get(host)
        port = sighting.port if sighting else OTA_PORT
    return await async_look_at(hass, host, port, name)


async def async_look_at(hass: HomeAssistant, host: str, port: int, name: str | None = None) -> Found:
    """Look at what is at an address; `name` is what it was called last, for one that was not heard to say it itself.

    Raises BoardUnreachable, BoardSilent or NotABoard.
    """
    identity = await async_identify(hass, BoardClient(async_get_clientsession(hass), host, port), host)
    mac = identity.mac if identity.mac is not None and is_own_address(identity.mac) else None
    return Found(host, port, await _name_heard(hass, host) or name or DEFAULT_NAME, identity.library, mac)


async def async_scan(hass: HomeAssistant, on_progress: Callable[[float], None] | None = None) -> list[Sighting]:
    """Ask the network for boards for some seconds, and return those that are there."""
    shared = await async_shared(hass)
    with shared.asker.awaiting():
        for step in range(SCAN_STEPS):
            await asyncio.sleep(SCAN_FOR / SCAN_STEPS)
            if on_progress:
                on_progress((step + 1) / SCAN_STEPS)
    return heard_lately(shared)


def heard_lately(shared: Shared) -> list[Sighting]:
    """Return the boards that are there, in the order in which a person reads them."""
    now = time.monotonic()
    there = (one for one in shared.asker.sightings if now - one.seen < HEARD_LATELY)
    return sorted(there, key=lambda one: (one.name.casefold(), IPv4Address(one.address)))


def client_for(
    hass: HomeAssistant, found: Found, entry: ConfigEntry | None = None, names: Collection[str] = ()
) -> BoardClient:
    """Return a client for a board that was found, which sends nothing secret to what may be another board by now.

    Whoever accepts a connection has to have the hardware address that was seen at the look; where that is not known,
    to call itself as it did then, or by one of the further names. If the board is said to be that of an entry, its
    hardware address must not contradict that.
    """

    async def assure(peer: str) -> None:
        mac = await async_mac_of(hass, peer)
        others = other_entries(hass, entry)
        own = entry.data.get(CONF_MAC) if entry is not None else None
        if mac is not None and (own not in (None, mac) or mac in [other.data.get(CONF_MAC) for other in others]):
            raise AnotherBoard(f"{mac} answers at {peer}")
        now = replace(found, mac=mac, name=await _name_heard(hass, peer) or found.name)
        if not now.answers_to(found.mac, {found.name, *names}, others):
            raise AnotherBoard(f"Nothing proves that it is the board that answers at {peer}")

    return BoardClient(async_get_clientsession(hass), found.host, found.port, assure)


async def _name_heard(hass: HomeAssistant, host: str) -> str | None:
    shared = await async_shared(hass)
    sighting = shared.asker.sightings.get(host)
    return sighting.name if sighting else None


async def _resolve(hass: HomeAssistant, host: str) -> str:
    """Return the IPv4 address of a host: boards are heard, told apart and followed by their addresses.

    Raises BoardUnreachable.
    """
    if host.rpartition(".")[2].isdecimal():
        return host
    # A board says that it is <name>.local, and answers to nobody who asks for that name.
    shared = await async_shared(hass)
    called = [one.address for one in heard_lately(shared) if f"{one.name}.local".casefold() == host.casefold()]
    if len(called) == 1:
        return called[0]
    try:
        answers = await hass.loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError as err:
        raise BoardUnreachable(f"There is no host named {host!r}") from err
    *_, address = answers[0]
    return str(address[0])
