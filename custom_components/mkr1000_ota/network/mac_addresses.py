"""MAC addresses in the network of this machine: who responds for an IP address, and what DHCP packets speak of."""

from ipaddress import IPv4Address
from pathlib import Path
import sys
from typing import Final

from homeassistant.components.dhcp import async_discovered_service_info
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import format_mac

# What the kernel knows of the network that Home Assistant is in (proc_pid_net(5)); Home Assistant runs on Linux only.
_TABLE: Final = Path("/proc/net/arp")
# Numbers in it are hexadecimal, their bytes in the order of a packet.
_ROUTES: Final = Path("/proc/net/route")
# Set once the peer has responded: ATF_COM in linux/if_arp.h.
_COMPLETE: Final = 0x02
_NOBODY: Final = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}


def mac_of(host: str) -> str | None:
    """Return the MAC address behind an IPv4 address, in Home Assistant's form, None where it is not known.

    Only the interface counts that leads there: on any other, a packet can claim every address. Reads files, so it is not
    for the event loop.
    """
    try:
        address = IPv4Address(host)
    except ValueError:
        return None
    device = _device_to(address)
    for found, _, flags, mac, _, seen_on in _rows(_TABLE):
        is_there = found == str(address) and device in (seen_on, None)
        if is_there and int(flags, 16) & _COMPLETE and mac.lower() not in _NOBODY:
            return format_mac(mac)
    return None


def _device_to(address: IPv4Address) -> str | None:
    """Return the interface of the most specific route to an address, None where there is none."""
    here = int.from_bytes(address.packed, sys.byteorder)
    routes = [
        (int(mask, 16).bit_count(), -int(metric), device)
        for device, destination, _, _, _, _, metric, mask, *_ in _rows(_ROUTES)
        if here & int(mask, 16) == int(destination, 16)
    ]
    return max(routes)[2] if routes else None


def _rows(table: Path) -> list[list[str]]:
    try:
        return [row.split() for row in table.read_text(encoding="ascii", errors="replace").splitlines()[1:]]
    except OSError:
        return []


@callback
def async_leased_hosts(hass: HomeAssistant) -> dict[str, str]:
    """Return the address at which the dhcp integration has seen each MAC address last, in Home Assistant's form.

    Hints where to look: one forged packet makes them.
    """
    if "dhcp" not in hass.config.components:
        return {}
    return {format_mac(info.macaddress): info.ip for info in async_discovered_service_info(hass)}
