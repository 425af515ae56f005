"""A board that a flow has found and may add."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import chain, count
import socket
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import slugify

from ..arduino_ota import limits
from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.discovery.sightings import SCAN_TIME
from ..arduino_ota.firmware.belonging import STOCK_NAME
from ..arduino_ota.hardware import Model, is_own_address, models_with_library, models_with_mac
from ..arduino_ota.libraries import OTA_PORT, Library
from ..arduino_ota.protocol.address import read_address
from ..arduino_ota.protocol.client import BoardClient
from ..arduino_ota.text import escape_markdown, fit_to_show
from ..const import CONF_FOLDER, CONF_HEARD_NAME, CONF_LIBRARY, CONF_MODEL, CONF_STORAGE, CONF_TYPED_HOST, DOMAIN
from ..errors import FormError
from ..network.identity import (
    STORED,
    KnownBoard,
    Match,
    Peer,
    async_peer,
    known_board,
    match,
    other_entries,
    verifier,
    was_heard_lately,
)
from ..network.mdns import async_get_querier

SCAN_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class DiscoveredBoard:
    """A board that responds at an IPv4 address, and what showed itself there then."""

    peer: Peer
    port: int
    library: Library

    @property
    def host(self) -> str:
        return self.peer.host

    @property
    def announced_name(self) -> str | None:
        """What was announced from there last; None if nothing ever was."""
        return self.peer.name if self.peer.name is not None else self.peer.last_name

    @property
    def name(self) -> str:
        """What to call it, as plain text, though it may never have been heard to call itself anything."""
        return fit_to_show(self.announced_name or "", limits.NAME) or STOCK_NAME

    @property
    def mac(self) -> str | None:
        """The MAC address of its Wi-Fi module; None where it cannot be learned, above all behind a repeater."""
        return self.peer.mac if self.peer.mac is not None and is_own_address(self.peer.mac) else None

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that it can be, the likeliest first."""
        possible, likely = models_with_library(self.library), models_with_mac(self.mac or "")
        return tuple(model for model in possible if model in likely) or possible

    @property
    def unique_id(self) -> str:
        return self.mac or self.fallback_id

    @property
    def fallback_id(self) -> str:
        """What stands for a board until its MAC address is known."""
        return f"{self.name}@{self.host}"

    def known(self, hass: HomeAssistant, entry: ConfigEntry | None = None) -> KnownBoard:
        """Return what tells the board from others while a form shows it, with the address that its password is typed for.

        `entry` is the one that it may be the board of.
        """
        return KnownBoard(
            host=self.host,
            typed_host=self.host,
            mac=self.mac,
            names=None if self.announced_name is None else frozenset({self.announced_name}),
            other_macs=frozenset(one.data[CONF_MAC] for one in other_entries(hass, entry) if CONF_MAC in one.data),
            # Whether it goes on announcing itself does not matter that long.
            has_new_sketch=True,
        )

    def data(self, password: str, model: Model) -> dict[str, str | int | None]:
        mac = {CONF_MAC: self.mac} if self.mac else {}
        return {
            CONF_HOST: self.host,
            CONF_TYPED_HOST: self.host,
            CONF_PORT: self.port,
            CONF_PASSWORD: password,
            CONF_NAME: self.announced_name,
            # What was heard long ago may have come from somebody else: a person has vouched for the address since.
            CONF_HEARD_NAME: self.peer.name,
            CONF_LIBRARY: self.library.value,
            CONF_MODEL: model.id,
            **mac,
        }

    def title(self, hass: HomeAssistant) -> str:
        """Return a title that no other board has."""
        titles = {entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
        if self.name not in titles:
            return self.name
        if self.mac:
            return f"{self.name} {self.mac[-5:].replace(':', '').upper()}"
        return f"{self.name} ({self.host})"

    def options(self, hass: HomeAssistant) -> dict[str, str]:
        """Return the options that a new board starts with: a firmware folder of its own."""
        taken = {entry.options.get(CONF_FOLDER) for entry in hass.config_entries.async_entries(DOMAIN)}
        folder = f"{DOMAIN}/{slugify(self.title(hass))}"
        folders = chain([folder], (f"{folder}_{number}" for number in count(2)))
        return {CONF_STORAGE: "internal", CONF_FOLDER: next(one for one in folders if one not in taken)}


def as_markdown(text: str) -> str:
    """Return foreign text for the description of a form, which is Markdown. Titles and labels are plain text."""
    return escape_markdown(fit_to_show(text, limits.NAME))


async def async_look_at_typed(hass: HomeAssistant, typed: str, entry: ConfigEntry | None = None) -> DiscoveredBoard:
    """Look at what is at an address that a person has typed, for the board of an entry.

    Raises FormError if it leads to no address, and BoardUnreachable, BoardSilent or NotABoard.
    """
    try:
        host, port = read_address(typed)
    except ValueError as err:
        raise FormError("bad_address") from err
    host = await _resolve(hass, host)
    sighting = async_get_querier(hass).sightings.get(host)
    return await async_look_at(hass, host, port or (sighting.port if sighting else OTA_PORT), entry)


async def async_look_at(hass: HomeAssistant, host: str, port: int, entry: ConfigEntry | None = None) -> DiscoveredBoard:
    """Ask what is at an address, without a password. Raises BoardUnreachable, BoardSilent or NotABoard.

    The question comes first: a response shows that the ARP table was right at that moment.
    """
    library = await BoardClient(async_get_clientsession(hass), host, port).identify()
    return DiscoveredBoard(await async_peer(hass, host, entry), port, library)


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


def client_for(
    hass: HomeAssistant, board: DiscoveredBoard, known: KnownBoard, entry: ConfigEntry | None = None
) -> BoardClient:
    """Return a client that sends a password to nobody but the board that is known, `entry` being its own."""
    verify = verifier(hass, entry, lambda: known, accepts=STORED)
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

    Raises FormError.
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
        raise FormError("host_unknown") from err
    *_, address = answers[0]
    return str(address[0])
