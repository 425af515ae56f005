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
    return reach_of(
        host,
        port,
        [
            IPv4Interface(f"{one['address']}/{one['network_prefix']}")
            for adapter in network.async_get_loaded_adapters(hass)
            if adapter["enabled"]
            for one in adapter["ipv4"]
        ],
    )


def reach_of(host: str, port: int, interfaces: Collection[IPv4Interface]) -> Reach:
    """Return where an announced address is, seen from a host with these interfaces."""
    if not can_be_board(host, port, {str(one.ip) for one in interfaces}):
        return Reach.FORBIDDEN
    address = IPv4Address(host)
    if any(address == one.network.broadcast_address for one in interfaces):
        return Reach.FORBIDDEN
    return Reach.ON_LINK if any(address in one.network for one in interfaces) else Reach.ROUTED
