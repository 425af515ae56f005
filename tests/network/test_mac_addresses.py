"""The hardware address of what responds: from the neighbour table of this machine, and from nowhere else."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest

from custom_components.mkr1000_ota.network import mac_addresses
from custom_components.mkr1000_ota.network.mac_addresses import mac_of
from tests.support.steps import MAC, OTHER_MAC

# Of the network that stands in documentation for any.
ADDRESS = "192.0.2.7"


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the neighbour table of this machine, as the kernel writes it; nobody is in it."""
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n")
    monkeypatch.setattr("custom_components.mkr1000_ota.network.mac_addresses._TABLE", table)
    monkeypatch.setattr("custom_components.mkr1000_ota.network.mac_addresses._ROUTES", tmp_path / "route")
    return table


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


ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
wlan0	000200C0	00000000	0001	0	0	{metric}	{mask}	0	0	0
"""


@pytest.mark.parametrize(
    ("metric", "mask", "mac"),
    [(600, "00FFFFFF", MAC), (50, "00FFFFFF", OTHER_MAC), (600, "F0FFFFFF", OTHER_MAC), (50, "0000FFFF", MAC)],
)
def test_of_two_networks_the_one_counts_that_leads_there(neighbours: Path, metric: int, mask: str, mac: str) -> None:
    """On another one, a single packet makes an entry for any address."""
    neighbours.with_name("route").write_text(ROUTES.format(metric=metric, mask=mask))
    meet(neighbours, ADDRESS, OTHER_MAC, device="wlan0")
    meet(neighbours, ADDRESS, MAC, device="eth0")
    assert mac_of(ADDRESS) == mac


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
