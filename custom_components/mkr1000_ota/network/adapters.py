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
    own: dict[bool, list[IPv4Interface]] = {True: [], False: []}
    for adapter in network.async_get_loaded_adapters(hass):
        for one in adapter["ipv4"]:
            own[adapter["enabled"]].append(IPv4Interface(f"{one['address']}/{one['network_prefix']}"))
    return reach_of(host, port, own[True], {str(one.ip) for one in own[False]})


def reach_of(
    host: str, port: int, interfaces: Collection[IPv4Interface], unused_addresses: Collection[str] = ()
) -> Reach:
    """Return where an announced address is, seen from a host with these interfaces, and addresses that it does not use."""
    if not can_be_board(host, port, {str(one.ip) for one in interfaces}.union(unused_addresses)):
        return Reach.FORBIDDEN
    address = IPv4Address(host)
    networks = [one.network for one in interfaces if address in one.network]
    # Where there is room for two hosts, both of them are hosts (RFC 3021).
    if any(address in (one[0], one[-1]) for one in networks if one.num_addresses > 2):
        return Reach.FORBIDDEN
    return Reach.ON_LINK if networks else Reach.ROUTED
