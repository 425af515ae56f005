"""The hardware address of what responds: from the neighbour table of this machine, and from nowhere else."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
import sys

from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest

from custom_components.mkr1000_ota.network import mac_addresses
from custom_components.mkr1000_ota.network.mac_addresses import has_mac, mac_of
from tests.support.steps import MAC, OTHER_MAC

# Of the network that stands in documentation for any.
ADDRESS = "192.0.2.7"


# What stands before /proc/net/route says: which device, which network, through which router, how good.
ROUTES = (
    ("eth0", "0.0.0.0/0", "192.0.2.1", 100),
    ("wlan0", "0.0.0.0/0", "203.0.113.1", 600),
    ("eth0", "192.0.2.0/24", None, 100),
    ("wlan0", "192.0.2.0/24", None, 600),
    ("wlan0", "203.0.113.0/24", None, 600),
    ("eth0", "203.0.113.128/25", "192.0.2.9", 100),
)


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the ARP table of this machine, as the kernel writes it; nobody is in it. It is in two networks."""
    table, routes = tmp_path / "arp", tmp_path / "route"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n")
    lines = ["Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"]
    for device, network, router, metric in ROUTES:
        to = IPv4Network(network)
        flags = "0003" if router else "0001"
        lines.append(
            f"{device}\t{raw(to[0])}\t{raw(IPv4Address(router or 0))}\t{flags}\t0\t0\t{metric}\t{raw(to.netmask)}\t0\t0\t0"
        )
    routes.write_text("\n".join(lines))
    (tmp_path / "devices").mkdir()
    monkeypatch.setattr(mac_addresses, "_DEVICES", tmp_path / "devices")
    monkeypatch.setattr(mac_addresses, "_TABLE", table)
    monkeypatch.setattr(mac_addresses, "_ROUTES", routes)
    return table


def raw(address: IPv4Address) -> str:
    """Return an address as the kernel writes it into its tables."""
    return f"{int.from_bytes(address.packed, sys.byteorder):08X}"


def meet(neighbours: Path, address: str, mac: str, flags: str = "0x2", device: str = "eth0") -> None:
    """Add a line to the neighbour table."""
    with neighbours.open("a") as table:
        table.write(f"{address:<16} 0x1         {flags:<12}{mac}     *        {device}\n")


@pytest.mark.parametrize("flags", ["0x2", "0x6"], ids=["learned", "permanent"])
def test_the_neighbour_table_knows_who_responded(neighbours: Path, flags: str) -> None:
    meet(neighbours, "192.0.2.70", OTHER_MAC)
    meet(neighbours, ADDRESS, MAC.upper(), flags)
    assert mac_of(ADDRESS) == MAC


@pytest.mark.parametrize(
    ("mac", "flags"),
    [("00:00:00:00:00:00", "0x0"), (MAC, "0x0"), ("00:00:00:00:00:00", "0x2"), ("ff:ff:ff:ff:ff:ff", "0x6")],
    ids=["asked in vain", "not sure any more", "no address", "everybody"],
)
def test_an_entry_for_nobody_is_none(neighbours: Path, mac: str, flags: str) -> None:
    meet(neighbours, ADDRESS, mac, flags)
    assert mac_of(ADDRESS) is None


@pytest.mark.parametrize(
    ("address", "device", "is_known"),
    [
        (ADDRESS, "eth0", True),
        (ADDRESS, "wlan0", False),
        ("203.0.113.7", "wlan0", True),
        ("203.0.113.7", "eth0", False),
        ("203.0.113.200", "eth0", False),
        ("203.0.113.200", "wlan0", False),
        ("198.51.100.7", "eth0", False),
    ],
    ids=["here", "not here", "there", "not there", "behind a router", "behind a router, too", "far away"],
)
def test_only_the_network_through_which_the_address_is_reached_knows_it(
    neighbours: Path, address: str, device: str, *, is_known: bool
) -> None:
    """Whoever sends an ARP request gets into the table, whatever address he claims and wherever he is."""
    meet(neighbours, address, MAC, device=device)
    assert mac_of(address) == (MAC if is_known else None)


@pytest.mark.parametrize("device", ["eth0", "wlan0"])
@pytest.mark.parametrize(
    ("address", "is_near"), [(ADDRESS, True), ("203.0.113.200", False), ("198.51.100.7", False), ("::1", False)]
)
def test_whoever_is_in_this_network_has_one_even_if_nobody_knows_it(
    neighbours: Path, address: str, device: str, *, is_near: bool
) -> None:
    devices = mac_addresses._DEVICES  # noqa: SLF001 - no other way
    (devices / device).mkdir()
    (devices / device / "flags").write_text("0x1003\n")
    assert has_mac(address) == (is_near and device == "eth0")
    # A tunnel.
    (devices / device / "flags").write_text("0x10d1\n")
    assert not has_mac(address)


def test_a_stranger_in_another_network_hides_nobody(neighbours: Path) -> None:
    meet(neighbours, ADDRESS, OTHER_MAC, device="wlan0")
    meet(neighbours, ADDRESS, MAC)
    assert mac_of(ADDRESS) == MAC


@pytest.mark.parametrize("host", ["board.example", "::1", ""])
def test_only_addresses_are_in_the_table(neighbours: Path, host: str) -> None:
    meet(neighbours, host, MAC)
    assert mac_of(host) is None


def test_a_machine_without_such_a_table_knows_nobody(neighbours: Path) -> None:
    neighbours.unlink()
    assert mac_of(ADDRESS) is None


async def test_without_the_dhcp_integration_there_are_no_leases(hass: HomeAssistant) -> None:
    assert mac_addresses.async_leased_hosts(hass) == {}


async def test_leases_are_found_by_the_hardware_address_as_home_assistant_writes_it(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.config.components.add("dhcp")
    info = DhcpServiceInfo(ip=ADDRESS, hostname="winc-00-01", macaddress=MAC.replace(":", ""))
    monkeypatch.setattr(mac_addresses, "async_discovered_service_info", lambda _: [info])
    assert mac_addresses.async_leased_hosts(hass) == {MAC: ADDRESS}
