"""The hardware address of what answers: from the neighbour table, else from what the dhcp integration has seen."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.mkr1000_ota import identity
from custom_components.mkr1000_ota.board.client import BoardClient
from custom_components.mkr1000_ota.board.library import Library
from custom_components.mkr1000_ota.identity import Identity, async_address_of, async_identify, async_mac_of
from tests.conftest import Lease
from tests.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard

# Of the network that stands in documentation for any.
ADDRESS = "192.0.2.7"


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the neighbour table of this machine, to be filled."""
    table: dict[str, str] = {}
    monkeypatch.setattr(identity, "get_mac_address", lambda *, ip, network_request: table.get(ip))
    return table


@pytest.mark.parametrize("spelling", [MAC, MAC.upper(), MAC.replace(":", "-")])
async def test_the_neighbour_table_knows_who_answered(
    home: HomeAssistant, neighbours: dict[str, str], lease: Lease, spelling: str
) -> None:
    neighbours[ADDRESS] = spelling
    lease(OTHER_MAC, ADDRESS)
    assert await async_mac_of(home, ADDRESS) == MAC


@pytest.mark.parametrize("nobody", ["00:00:00:00:00:00", "FF:FF:FF:FF:FF:FF", ""])
async def test_an_entry_for_nobody_is_none(home: HomeAssistant, neighbours: dict[str, str], nobody: str) -> None:
    neighbours[ADDRESS] = nobody
    assert await async_mac_of(home, ADDRESS) is None


@pytest.mark.parametrize("host", ["127.0.0.7", "board.example", "::1"])
async def test_only_neighbours_are_in_the_table(home: HomeAssistant, neighbours: dict[str, str], host: str) -> None:
    neighbours[host] = MAC
    assert await async_mac_of(home, host) is None


async def test_what_dhcp_has_seen_counts_where_there_is_no_neighbour(
    home: HomeAssistant, neighbours: dict[str, str], lease: Lease
) -> None:
    lease(MAC, ADDRESS)
    lease(OTHER_MAC, "192.0.2.8")
    assert await async_mac_of(home, ADDRESS) == MAC
    assert async_address_of(home, MAC) == ADDRESS
    assert async_address_of(home, "f8:f0:05:00:00:03") is None


async def test_without_dhcp_nothing_is_known(home: HomeAssistant, neighbours: dict[str, str]) -> None:
    assert await async_mac_of(home, ADDRESS) is None
    assert async_address_of(home, MAC) is None


async def test_a_board_is_asked_before_anything_is_looked_up(
    home: HomeAssistant, board: VirtualBoard, lease: Lease
) -> None:
    lease(MAC, board.address)
    client = BoardClient(async_get_clientsession(home), board.address, board.port)
    assert await async_identify(home, client, board.address) == Identity(Library.WIFI101OTA, MAC)
