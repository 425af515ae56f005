"""Which addresses may be contacted because somebody announced them: those of the networks that Home Assistant is in."""

from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Interface

from homeassistant.components import network
from homeassistant.core import HomeAssistant


class Reach(Enum):
    """Where an announced address is."""

    ON_LINK = auto()
    # Behind a router: contacted only when a person opens the card that shows it.
    ROUTED = auto()
    # Ours, of this machine, or of no single host: never contacted.
    FORBIDDEN = auto()


async def async_reach(hass: HomeAssistant, host: str) -> Reach:
    """Return where an IPv4 address is, as seen from the adapters of Home Assistant."""
    address = IPv4Address(host)
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return Reach.FORBIDDEN
    adapters = await network.async_get_adapters(hass)
    interfaces = [
        IPv4Interface(f"{one['address']}/{one['network_prefix']}")
        for adapter in adapters
        if adapter["enabled"]
        for one in adapter["ipv4"]
    ]
    if any(address == one.ip for one in interfaces):
        return Reach.FORBIDDEN
    return Reach.ON_LINK if any(address in one.network for one in interfaces) else Reach.ROUTED
