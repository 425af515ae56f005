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
_ROUTES: Final = Path("/proc/net/route")
# Set once the peer has responded: ATF_COM in linux/if_arp.h.
_COMPLETE: Final = 0x02
# What each device is, and that the network behind it resolves no addresses: IFF_NOARP in linux/if.h.
_DEVICES: Final = Path("/sys/class/net")
_RESOLVES_NOTHING: Final = 0x80
# A route through a router, and one to nowhere: RTF_GATEWAY and RTF_REJECT in linux/route.h.
_LEADS_AWAY: Final = 0x0002 | 0x0200
_NOBODY: Final = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}


def mac_of(host: str) -> str | None:
    """Return the MAC address behind an IPv4 address, in Home Assistant's form, None where it is not known.

    Reads files, so it is not for the event loop.
    """
    try:
        address = IPv4Address(host)
    except ValueError:
        return None
    device = _device_to(address)
    for entry in _lines(_TABLE):
        found, _, flags, mac, _, seen_on, *_ = entry.split()
        is_complete = int(flags, 16) & _COMPLETE and mac.lower() not in _NOBODY
        if found == str(address) and seen_on == device and is_complete:
            return format_mac(mac)
    return None


def has_mac(host: str) -> bool:
    """Return whether there is a MAC address behind an IPv4 address, known or not: behind a router there is none.

    Reads files, so it is not for the event loop.
    """
    try:
        device = _device_to(IPv4Address(host))
        return device is not None and not int((_DEVICES / device / "flags").read_text(), 16) & _RESOLVES_NOTHING
    except OSError, ValueError:
        return False


def _device_to(address: IPv4Address) -> str | None:
    """Return the device whose network an address is in; None behind a router.

    Whoever sends an ARP request gets into the ARP table, from whatever address and through whatever device, and so
    could stand in for a board behind a router.
    """
    wanted = int.from_bytes(address.packed, sys.byteorder)
    routes: list[tuple[int, int, str | None]] = []
    for route in _lines(_ROUTES):
        device, network, _, flags, _, _, metric, mask, *_ = route.split()
        if wanted & int(mask, 16) == int(network, 16):
            leads_away = int(flags, 16) & _LEADS_AWAY
            routes.append((-int(mask, 16).bit_count(), int(metric), None if leads_away else device))
    # As the kernel does: the longest prefix, then the lowest metric, then the first one.
    return min(routes, key=lambda one: one[:2])[2] if routes else None


def _lines(table: Path) -> list[str]:
    try:
        return table.read_text(encoding="ascii", errors="replace").splitlines()[1:]
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
