"""Telling whether what answers at an address is certainly the board that an entry stands for.

Boards say nothing of themselves that is unique. Their hardware address is, and it is learned from the network: from
the neighbour that has just answered, or from what the dhcp integration has seen.
"""

from dataclasses import dataclass

from homeassistant.components.dhcp import async_discovered_service_info
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

from ..arduino_ota.libraries import Library
from ..arduino_ota.protocol.client import BoardClient
from .arp import neighbour


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of the board at an address. `mac` is in Home Assistant's form, None where it cannot be learned."""

    library: Library
    mac: str | None


async def async_identify(hass: HomeAssistant, client: BoardClient, host: str) -> Identity:
    """Ask what is at the address that a client talks to, without a password.

    The question comes first: an answer shows that the neighbour table was right at that moment, which an entry that
    nobody has used for a while may not be.

    Raises BoardUnreachable, BoardSilent or NotABoard.
    """
    return Identity(await client.identify(), await async_mac_of(hass, host))


async def async_mac_of(hass: HomeAssistant, address: str) -> str | None:
    """Return the hardware address behind an IP address that has just been talked to, None where it cannot be learned.

    The neighbour table knows who answered; the dhcp integration remembers who had the address at some time, which is
    all there is about a board in another network segment.
    """
    return await hass.async_add_executor_job(neighbour, address) or _leased(hass, address)


@callback
def async_address_of(hass: HomeAssistant, mac: str) -> str | None:
    """Return the address at which the dhcp integration has seen a board last."""
    for device in _devices(hass):
        if format_mac(device.macaddress) == mac:
            return device.ip
    return None


def _leased(hass: HomeAssistant, host: str) -> str | None:
    macs = [format_mac(device.macaddress) for device in _devices(hass) if device.ip == host]
    # The integration forgets nobody: of several that had the address, nothing says which one has it now.
    return macs[0] if len(macs) == 1 else None


def _devices(hass: HomeAssistant) -> list[DhcpServiceInfo]:
    return async_discovered_service_info(hass) if "dhcp" in hass.config.components else []
