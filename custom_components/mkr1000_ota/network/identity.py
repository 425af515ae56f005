"""Which board is this? Every secret that is sent, every entry that moves and every flow that looks for an entry asks here.

Boards say nothing of themselves that is unique. What counts is the MAC address of the peer of this very connection, the
name that was announced from its address, and an address that a person has typed. A DHCP lease is only a hint where to
look: one forged packet makes it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant, callback

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import AnotherBoard as WrongBoard
from ..arduino_ota.protocol.transfer import VerifyPeer
from ..const import CONF_HEARD_NAME, CONF_TYPED_HOST, DOMAIN
from .arp import mac_of
from .mdns import async_get_querier

# A board answers a query a minute; one of them may get lost while its sketch is busy. In seconds.
HEARD_LATELY: Final = 90.0


class Match(Enum):
    """Whether a peer is the board of an entry."""

    BOARD = auto()
    # Nothing proves it, and nothing proves the contrary.
    UNPROVEN = auto()
    WRONG_BOARD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBoard:
    """What is known of the board of an entry.

    `names` are those that it may announce, None for any; `typed_host` is the address that a person has typed, or picked
    when the password was typed; `other_macs` are those of the other entries.
    """

    host: str
    typed_host: str | None
    mac: str | None
    names: frozenset[str] | None
    other_macs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What shows itself at an address.

    `mac` is None where the network does not tell it; `name` was announced from there lately, `last_name` at any time.
    """

    host: str
    mac: str | None
    name: str | None = None
    last_name: str | None = None


def match(board: KnownBoard, peer: Peer) -> Match:
    """Return whether a peer is a board: the rule, whoever asks."""
    name = peer.name if peer.name is not None else peer.last_name
    contradicts = name is not None and board.names is not None and name not in board.names
    if peer.mac is not None and board.mac is not None:
        return Match.BOARD if peer.mac == board.mac else Match.WRONG_BOARD
    if board.mac is not None:
        return Match.BOARD if peer.host == board.typed_host and not contradicts else Match.UNPROVEN
    if peer.mac in board.other_macs:
        return Match.WRONG_BOARD
    if peer.host != board.host or contradicts:
        return Match.UNPROVEN
    if peer.name is not None:
        return Match.BOARD
    # Who was heard there once is heard again, or it is somebody else.
    return Match.BOARD if peer.last_name is None and peer.host == board.typed_host else Match.UNPROVEN


@callback
def known_board(
    hass: HomeAssistant, entry: ConfigEntry, *, host: str | None = None, names: Iterable[str | None] = ()
) -> KnownBoard:
    """Return what is known of the board of an entry.

    `host` is an address that a person has just typed for it; `names` are further ones that it may announce, None among
    them for a sketch that does not say how it is called.
    """
    expected: tuple[str | None, ...] = (entry.data.get(CONF_NAME), *names)
    return KnownBoard(
        host=host or entry.data[CONF_HOST],
        typed_host=host or entry.data.get(CONF_TYPED_HOST),
        mac=entry.data.get(CONF_MAC),
        names=None if None in expected else frozenset(name for name in expected if name is not None),
        other_macs=frozenset(
            mac for other in other_entries(hass, entry) if (mac := other.data.get(CONF_MAC)) is not None
        ),
    )


def was_heard_lately(sighting: Sighting | None) -> bool:
    """Return whether a board has announced itself so lately that it counts as there."""
    return sighting is not None and time.monotonic() - sighting.seen < HEARD_LATELY


@callback
def other_entries(hass: HomeAssistant, entry: ConfigEntry | None) -> list[ConfigEntry]:
    """Return the entries of all boards but one; ignored ones stand for none."""
    return [one for one in hass.config_entries.async_entries(DOMAIN, include_ignore=False) if one is not entry]


async def async_peer(hass: HomeAssistant, host: str, entry: ConfigEntry | None = None) -> Peer:
    """Return what shows itself at an address that is being talked to; an entry knows who was heard there last."""
    mac = await hass.async_add_executor_job(mac_of, host)
    sighting = async_get_querier(hass).sightings.get(host)
    remembered = entry.data.get(CONF_HEARD_NAME) if entry and entry.data[CONF_HOST] == host else None
    return Peer(
        host=host,
        mac=mac,
        name=sighting.name if sighting and was_heard_lately(sighting) else None,
        last_name=sighting.name if sighting else remembered,
    )


def verifier(
    hass: HomeAssistant, entry: ConfigEntry, known: Callable[[], KnownBoard], *, accepts: frozenset[Match]
) -> VerifyPeer:
    """Return what looks at the peer of a connection before a secret goes over it, and raises WrongBoard.

    Between a question and a password an address may pass to another board. The peer of a connection stays the same, and
    while it is being connected to, the ARP table is right about it.
    """

    async def verify(peer: str) -> None:
        found = match(known(), await async_peer(hass, peer, entry))
        if found not in accepts:
            raise WrongBoard(f"At {peer}: {found.name}")

    return verify


# What a stored secret may be sent to, and one that a person types for the address that the form shows.
STORED: Final = frozenset({Match.BOARD})
TYPED: Final = frozenset({Match.BOARD, Match.UNPROVEN})
