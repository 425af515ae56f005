"""A board that a flow has found and may add."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
import socket
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import slugify

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.discovery.sightings import SCAN_TIME
from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardUnreachable
from ..arduino_ota.hardware import is_own_address
from ..arduino_ota.libraries import Library
from ..arduino_ota.protocol.address import read_address
from ..arduino_ota.protocol.client import BoardClient
from ..const import (
    CONF_FOLDER,
    CONF_HEARD_NAME,
    CONF_LIBRARY,
    CONF_STORAGE,
    CONF_TYPED_HOST,
    DEFAULT_PORT,
    DOMAIN,
)
from ..errors import FormError
from ..network.identity import (
    Match,
    Peer,
    async_peer,
    known_board,
    match,
    other_entries,
    was_heard_lately,
)
from ..network.mdns import async_get_querier

# What the stock example calls a board; the title of one that was not heard to call itself anything.
DEFAULT_NAME: Final = "Arduino"

SCAN_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class DiscoveredBoard:
    """A board that responds at an IPv4 address, and what showed itself there then."""

    peer: Peer
    port: int
    library: Library

    @property
    def host(self) -> str:
        """The IPv4 address."""
        return self.peer.host

    @property
    def announced_name(self) -> str | None:
        """What was announced from there last; None if nothing ever was."""
        return self.peer.name if self.peer.name is not None else self.peer.last_name

    @property
    def name(self) -> str:
        """What to call it."""
        return self.announced_name or DEFAULT_NAME

    @property
    def mac(self) -> str | None:
        """The MAC address of its Wi-Fi module; None where it cannot be learned, above all behind a repeater."""
        return self.peer.mac if self.peer.mac is not None and is_own_address(self.peer.mac) else None

    @property
    def unique_id(self) -> str:
        """The MAC address; without one, what comes closest."""
        return self.mac or self.fallback_id

    @property
    def fallback_id(self) -> str:
        """Name and address, which stand for a board until its MAC address is known."""
        return f"{self.name}@{self.host}"

    def is_same_board(self, now: DiscoveredBoard) -> bool:
        """Return whether what responds now can be what was seen before."""
        if self.peer.mac is not None and now.peer.mac is not None:
            return self.peer.mac == now.peer.mac
        return self.announced_name in (None, now.announced_name)

    def data(self, password: str) -> dict[str, str | int | None]:
        """Return the data of the board's entry."""
        mac = {CONF_MAC: self.mac} if self.mac else {}
        return {
            CONF_HOST: self.host,
            CONF_TYPED_HOST: self.host,
            CONF_PORT: self.port,
            CONF_PASSWORD: password,
            CONF_NAME: self.announced_name,
            CONF_HEARD_NAME: self.announced_name,
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


async def async_look_at_typed(hass: HomeAssistant, typed: str) -> DiscoveredBoard:
    """Look at what is at an address that a person has typed.

    Raises FormError if it is no address, and BoardUnreachable, BoardSilent or NotABoard.
    """
    try:
        host, port = read_address(typed)
    except ValueError as err:
        raise FormError("bad_address") from err
    host = await _resolve(hass, host)
    sighting = async_get_querier(hass).sightings.get(host)
    return await async_look_at(hass, host, port or (sighting.port if sighting else DEFAULT_PORT))


async def async_look_at(hass: HomeAssistant, host: str, port: int) -> DiscoveredBoard:
    """Ask what is at an address, without a password. Raises BoardUnreachable, BoardSilent or NotABoard.

    The question comes first: a response shows that the ARP table was right at that moment.
    """
    library = await BoardClient(async_get_clientsession(hass), host, port).identify()
    return DiscoveredBoard(await async_peer(hass, host), port, library)


@callback
def entry_of(hass: HomeAssistant, board: DiscoveredBoard) -> ConfigEntry | None:
    """Return the entry that stands for a board: that of the same board, else one at whose address it cannot be told apart."""
    here = None
    for entry in other_entries(hass, None):
        found = match(known_board(hass, entry), board.peer)
        if found is Match.BOARD:
            return entry
        if found is Match.UNPROVEN and entry.data.get(CONF_HOST) == board.host:
            here = entry
    return here


def client_for(hass: HomeAssistant, board: DiscoveredBoard, entry: ConfigEntry | None = None) -> BoardClient:
    """Return a client for a typed password: it goes to nobody but what the form shows, and to no board of another entry."""

    async def verify(peer: str) -> None:
        now = DiscoveredBoard(await async_peer(hass, peer), board.port, board.library)
        macs = {one.data.get(CONF_MAC) for one in other_entries(hass, entry)}
        if not board.is_same_board(now) or (now.mac is not None and now.mac in macs):
            raise WrongBoard(f"Something else responds at {peer}")

    return BoardClient(async_get_clientsession(hass), board.host, board.port, verify)


async def async_scan(hass: HomeAssistant, on_progress: Callable[[float], None]) -> None:
    """Query the network for boards for some seconds."""
    with async_get_querier(hass).frequent():
        for step in range(SCAN_STEPS):
            await asyncio.sleep(SCAN_TIME / SCAN_STEPS)
            on_progress((step + 1) / SCAN_STEPS)


@callback
def heard_lately(hass: HomeAssistant) -> list[Sighting]:
    """Return the boards that are there, in the order in which a person reads them."""
    there = filter(was_heard_lately, async_get_querier(hass).sightings)
    return sorted(there, key=lambda one: (one.name.casefold(), IPv4Address(one.address)))


async def _resolve(hass: HomeAssistant, host: str) -> str:
    """Return the IPv4 address of a host: boards are heard, told apart and followed by their addresses.

    Raises BoardUnreachable.
    """
    if host.rpartition(".")[2].isdecimal():
        return host
    # A board says that it is <name>.local, and responds to nobody who asks for that name.
    called = [one.address for one in heard_lately(hass) if f"{one.name}.local".casefold() == host.casefold()]
    if len(called) == 1:
        return called[0]
    try:
        answers = await hass.loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError as err:
        raise BoardUnreachable(f"There is no host named {host!r}") from err
    *_, address = answers[0]
    return str(address[0])
