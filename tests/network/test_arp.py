"""The hardware address of what answers: from the neighbour table, else from what the dhcp integration has seen."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.network.identity import Identity, async_address_of, async_identify, async_mac_of
from tests.conftest import Arp
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard

# Of the network that stands in documentation for any.
ADDRESS = "192.0.2.7"


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the neighbour table of this machine, as the kernel writes it; nobody is in it."""
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n")
    monkeypatch.setattr("custom_components.mkr1000_ota.network.arp._TABLE", table)
    return table


def meet(neighbours: Path, address: str, mac: str, flags: str = "0x2", device: str = "eth0") -> None:
    """Add a line to the neighbour table."""
    with neighbours.open("a") as table:
        table.write(f"{address:<16} 0x1         {flags:<12}{mac}     *        {device}\n")


@pytest.mark.parametrize("flags", ["0x2", "0x6"], ids=["learned", "permanent"])
async def test_the_neighbour_table_knows_who_answered(
    home: HomeAssistant, neighbours: Path, arp: Arp, flags: str
) -> None:
    meet(neighbours, "192.0.2.70", OTHER_MAC)
    meet(neighbours, ADDRESS, MAC, flags)
    arp(OTHER_MAC, ADDRESS)
    assert await async_mac_of(home, ADDRESS) == MAC


@pytest.mark.parametrize(
    ("mac", "flags"),
    [("00:00:00:00:00:00", "0x0"), (MAC, "0x0"), ("00:00:00:00:00:00", "0x2"), ("ff:ff:ff:ff:ff:ff", "0x6")],
    ids=["asked in vain", "not sure any more", "no address", "everybody"],
)
async def test_an_entry_for_nobody_is_none(home: HomeAssistant, neighbours: Path, mac: str, flags: str) -> None:
    meet(neighbours, ADDRESS, mac, flags)
    assert await async_mac_of(home, ADDRESS) is None


async def test_of_two_networks_the_one_counts_where_somebody_answers(home: HomeAssistant, neighbours: Path) -> None:
    meet(neighbours, ADDRESS, "00:00:00:00:00:00", "0x0", "eth0")
    meet(neighbours, ADDRESS, MAC, device="wlan0")
    assert await async_mac_of(home, ADDRESS) == MAC


@pytest.mark.parametrize("host", ["board.example", "::1", ""])
async def test_only_addresses_are_in_the_table(home: HomeAssistant, neighbours: Path, host: str) -> None:
    meet(neighbours, host, MAC)
    assert await async_mac_of(home, host) is None


async def test_a_machine_without_such_a_table_knows_nobody(home: HomeAssistant, neighbours: Path) -> None:
    neighbours.unlink()
    assert await async_mac_of(home, ADDRESS) is None


async def test_what_dhcp_has_seen_counts_where_there_is_no_neighbour(
    home: HomeAssistant, neighbours: Path, arp: Arp
) -> None:
    arp(MAC, ADDRESS)
    arp(OTHER_MAC, "192.0.2.8")
    assert await async_mac_of(home, ADDRESS) == MAC
    assert async_address_of(home, MAC) == ADDRESS
    assert async_address_of(home, "f8:f0:05:00:00:03") is None


async def test_without_dhcp_nothing_is_known(home: HomeAssistant, neighbours: Path) -> None:
    assert await async_mac_of(home, ADDRESS) is None
    assert async_address_of(home, MAC) is None


async def test_a_board_is_asked_before_anything_is_looked_up(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    client = BoardClient(async_get_clientsession(home), board.address, board.port)
    assert await async_identify(home, client, board.address) == Identity(Library.WIFI101OTA, MAC)
