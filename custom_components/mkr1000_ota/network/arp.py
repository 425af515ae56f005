"""The ARP table of this machine: which MAC address responds for an IP address in its own network."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from homeassistant.helpers.device_registry import format_mac

# What the kernel knows of the network that Home Assistant is in (proc_pid_net(5)); Home Assistant runs on Linux only.
_TABLE: Final = Path("/proc/net/arp")
# Set once the peer has responded: ATF_COM in linux/if_arp.h.
_COMPLETE: Final = 0x02
_NOBODY: Final = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}


def mac_of(host: str) -> str | None:
    """Return the MAC address behind an IPv4 address, in Home Assistant's form, None where it is not known.

    Reads a file, so it is not for the event loop.
    """
    try:
        address = IPv4Address(host)
    except ValueError:
        return None
    try:
        entries = _TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for entry in entries:
        found, _, flags, mac, *_ = entry.split()
        if found == str(address) and int(flags, 16) & _COMPLETE and mac.lower() not in _NOBODY:
            return format_mac(mac)
    return None
