"""Which board is this? Every secret that is sent, every entry that moves and every flow that looks for an entry asks here.

Boards say nothing of themselves that is unique. What counts is the MAC address of the peer of this very connection, the
name that was announced from its address, and an address that a person has typed. A DHCP lease is only a hint where to
look: one forged packet makes it.
"""

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass
from enum import Enum, auto
import time
from typing import Any, Final

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import AnotherBoard as WrongBoard
from ..arduino_ota.firmware.belonging import STOCK_NAME
from ..arduino_ota.protocol.transfer import VerifyPeer
from ..const import CONF_HEARD_NAME, CONF_TYPED_HOST, DOMAIN
from .mac_addresses import has_mac, mac_of
from .mdns import async_get_querier

# A board answers a query a minute; one of them may get lost while its sketch is busy. In seconds.
HEARD_LATELY: Final = 90.0
# A board that is asleep, or off, is still one of this home. In seconds.
HEARD_TODAY: Final = 24 * 3600.0

# Sent with an entry and a MAC address when certainly another board responds where that of the entry was asked.
SIGNAL_WRONG_BOARD: Final[SignalType[ConfigEntry, str | None]] = SignalType(f"{DOMAIN}_wrong_board")


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
    when the password was typed; `other_macs` are those of the other entries, and `other_names` what one that has no name
    yet may not announce, because another one does. `has_new_sketch` says that it may run one
    that nobody has heard yet, and that perhaps announces nothing.
    """

    host: str
    typed_host: str | None
    mac: str | None
    names: frozenset[str] | None
    other_macs: Container[str] = frozenset()
    other_names: Container[str] = frozenset()
    has_new_sketch: bool = False

    def may_announce(self, name: str) -> bool:
        return name in self.names if self.names is not None else name not in self.other_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What shows itself at an address.

    `mac` is None where the network does not tell it, and `hides_mac` says that it should: it is no other one, and whoever
    keeps it back while the connection is made would be taken for a board behind a router. `name` was announced from
    there lately, `last_name` at any time.
    """

    host: str
    mac: str | None
    hides_mac: bool = False
    name: str | None = None
    last_name: str | None = None


def match(board: KnownBoard, peer: Peer) -> Match:
    """Return whether a peer is a board: the rule, whoever asks."""
    name = peer.name
    if name is None and not board.has_new_sketch:
        name = peer.last_name
    contradicts = name is not None and not board.may_announce(name)
    match board.mac, peer.mac:
        case None, mac if mac in board.other_macs:
            return Match.WRONG_BOARD
        case None, _ if peer.host != board.host or contradicts:
            return Match.UNPROVEN
        case None, _:
            # Who was heard there once is heard again, or it is somebody else.
            is_proven = peer.name is not None or (name is None and peer.host == board.typed_host)
            return Match.BOARD if is_proven else Match.UNPROVEN
        case _, None:
            is_proven = not peer.hides_mac and peer.host == board.typed_host and not contradicts
            return Match.BOARD if is_proven else Match.UNPROVEN
        case own, mac:
            return Match.BOARD if mac == own else Match.WRONG_BOARD


@callback
def entry_with_mac(hass: HomeAssistant, mac: str) -> ConfigEntry | None:
    """Return the entry of the board with a MAC address; an ignored one stands for none."""
    owner = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, mac)
    return None if owner is None or owner.source == SOURCE_IGNORE else owner


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What is looked up when somebody asks: a list for each of a thousand boards is too much."""

    contains: Callable[[Any], bool]

    def __contains__(self, one: object) -> bool:
        return self.contains(one)


@callback
def known_board(hass: HomeAssistant, entry: ConfigEntry, new_names: Collection[str | None] = ()) -> KnownBoard:
    """Return what is known of the board of an entry.

    `new_names` are what a sketch announces that it may run by now, None for one that does not say how it is called.
    """
    expected = (entry.data.get(CONF_NAME), *new_names)
    return KnownBoard(
        host=entry.data[CONF_HOST],
        typed_host=entry.data.get(CONF_TYPED_HOST),
        mac=entry.data.get(CONF_MAC),
        names=None if None in expected else frozenset(name for name in expected if name is not None),
        other_macs=_LookedUp(lambda mac: mac is not None and entry_with_mac(hass, mac) not in (None, entry)),
        other_names=_LookedUp(
            lambda name: not new_names and any(one.data.get(CONF_NAME) == name for one in other_entries(hass, entry))
        ),
        has_new_sketch=bool(new_names),
    )


def was_heard_lately(sighting: Sighting | None) -> bool:
    """Return whether a board has announced itself so lately that it counts as there."""
    return sighting is not None and time.monotonic() - sighting.seen < HEARD_LATELY


@callback
def other_entries(hass: HomeAssistant, entry: ConfigEntry | None) -> list[ConfigEntry]:
    """Return the entries of all boards but one; ignored ones stand for none."""
    return [one for one in hass.config_entries.async_entries(DOMAIN, include_ignore=False) if one is not entry]


@callback
def names_of_others(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the names of all other boards, set up or heard today, and what a person calls them."""
    today, own = time.monotonic() - HEARD_TODAY, entry.data.get(CONF_NAME)
    heard = {
        one.name: one.name
        for one in async_get_querier(hass).sightings
        # Where its own name was heard a while ago, it may have been itself.
        if one.address != entry.data[CONF_HOST] and (was_heard_lately(one) or (one.seen > today and one.name != own))
    }
    return heard | set_up_names(hass, entry)


@callback
def set_up_names(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the names of all other boards that are set up, and what a person calls them."""
    # A board that was never heard gets the title that the stock example announces: that is no name of its own.
    return {
        name: one.title
        for one in other_entries(hass, entry)
        if (name := name_of(one)) != STOCK_NAME or one.data.get(CONF_NAME)
    }


@callback
def is_name_of_other(hass: HomeAssistant, entry: ConfigEntry, name: str) -> bool:
    """Return whether another board that is set up has a name, in any case."""
    return name.casefold() in map(str.casefold, set_up_names(hass, entry))


@callback
def name_of(entry: ConfigEntry) -> str:
    """Return the name of a board; as long as nobody has heard it, what a person calls the board."""
    return entry.data.get(CONF_NAME) or entry.title


async def async_peer(hass: HomeAssistant, host: str, entry: ConfigEntry | None = None) -> Peer:
    """Return what shows itself at an address that is being talked to; an entry knows who was heard there last."""
    mac = await hass.async_add_executor_job(mac_of, host)
    hides_mac = mac is None and await hass.async_add_executor_job(has_mac, host)
    sighting = async_get_querier(hass).sightings.get(host)
    remembered = entry.data.get(CONF_HEARD_NAME) if entry and entry.data[CONF_HOST] == host else None
    return Peer(
        host=host,
        mac=mac,
        hides_mac=hides_mac,
        name=sighting.name if sighting and was_heard_lately(sighting) else None,
        last_name=sighting.name if sighting else remembered,
    )


def verifier(
    hass: HomeAssistant, entry: ConfigEntry | None, known: Callable[[], KnownBoard], *, accepts: frozenset[Match]
) -> VerifyPeer:
    """Return what looks at the peer of a connection before a secret goes over it, and raises WrongBoard.

    Between a question and a password an address may pass to another board. The peer of a connection stays the same, and
    while it is being connected to, the ARP table is right about it.
    """

    async def verify(host: str) -> None:
        peer = await async_peer(hass, host, entry)
        found = match(known(), peer)
        if found is Match.WRONG_BOARD and entry is not None:
            async_dispatcher_send(hass, SIGNAL_WRONG_BOARD, entry, peer.mac)
        if found not in accepts:
            raise WrongBoard(f"At {host}: {found.name}")

    return verify


# What a stored secret may be sent to, and one that a person types for the address that the form shows.
STORED: Final = frozenset({Match.BOARD})
TYPED: Final = frozenset({Match.BOARD, Match.UNPROVEN})
