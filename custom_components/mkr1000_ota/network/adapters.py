"""Where announced addresses are, and so which of them may be contacted: anybody can announce anything."""

from collections.abc import Collection
from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Interface

from homeassistant.components import network
from homeassistant.core import HomeAssistant, callback

from ..arduino_ota.discovery.announcements import can_be_board


class Reach(Enum):
    """Where an announced address is."""

    ON_LINK = auto()
    # Behind a router: contacted only when a person opens the card that shows it.
    ROUTED = auto()
    # No board's: ours, of this machine, of no single host, or with another port than boards have. Never contacted.
    FORBIDDEN = auto()


@callback
def async_reach(hass: HomeAssistant, host: str, port: int) -> Reach:
    """Return where an announced address is, as seen from the adapters that Home Assistant uses."""
    used: list[IPv4Interface] = []
    unused: list[IPv4Interface] = []
    for adapter in network.async_get_loaded_adapters(hass):
        addresses = (IPv4Interface(f"{one['address']}/{one['network_prefix']}") for one in adapter["ipv4"])
        (used if adapter["enabled"] else unused).extend(addresses)
    return reach_of(host, port, used, unused)


def reach_of(
    host: str, port: int, interfaces: Collection[IPv4Interface], unused: Collection[IPv4Interface] = ()
) -> Reach:
    """Return where an announced address is, seen from a host with these interfaces; it uses some, and is at all of them."""
    if not can_be_board(host, port, {str(one.ip) for one in (*interfaces, *unused)}):
        return Reach.FORBIDDEN
    here = [one.network for one in interfaces if IPv4Address(host) in one.network]
    # The first and the last address of a network are no host's, unless it has no more than two (RFC 3021).
    if any(host in (str(one[0]), str(one[-1])) for one in here if one.num_addresses > 2):
        return Reach.FORBIDDEN
    return Reach.ON_LINK if here else Reach.ROUTED
