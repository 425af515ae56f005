"""A board whose hardware address is not known, and another one of its name, which is known, at its address."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network import identity
from tests.conftest import AddBoard, Hear, StartBoard
from tests.support.looking import forget_sightings, look, passwords, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC, REPEATER
from tests.virtual_board import VirtualBoard

HERE = "127.0.0.8"
THERE = "127.0.0.9"


def is_told(home: HomeAssistant, entry: ConfigEntry) -> bool:
    """Whether the user is told that the other board is where the one of an entry should be."""
    return ir.async_get(home).async_get_issue(DOMAIN, f"same_board.{entry.entry_id}") is not None


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The neighbour table: boards on loopback are in none."""
    table: dict[str, str] = {}
    monkeypatch.setattr(identity, "mac_of", table.get)
    return table


@pytest.fixture
async def unknown(start_board: StartBoard) -> VirtualBoard:
    """The board whose hardware address is not known."""
    return await start_board(address=HERE, password="of the unknown")


@pytest.fixture
async def known(start_board: StartBoard, unknown: VirtualBoard) -> VirtualBoard:
    """The board whose hardware address is known."""
    return await start_board(address=THERE, port=unknown.port, password="of the known")


@pytest.fixture
async def entries(
    home: HomeAssistant,
    add_board: AddBoard,
    unknown: VirtualBoard,
    known: VirtualBoard,
    hear: Hear,
    neighbours: dict[str, str],
) -> tuple[ConfigEntry, ConfigEntry]:
    """The entries of the one and the other."""
    neighbours[THERE] = MAC
    entry, other = await add_board(unknown), await add_board(known)
    know(home, other, MAC)
    await hear(known)
    await settled(home)
    assert CONF_MAC not in entry.data
    return entry, other


@pytest.mark.parametrize("old_address", ["is free", "has got another board", "was exchanged"])
async def test_it_is_not_taken_for_the_one_that_is_not_there(
    home: HomeAssistant,
    entries: tuple[ConfigEntry, ConfigEntry],
    start_board: StartBoard,
    unknown: VirtualBoard,
    known: VirtualBoard,
    neighbours: dict[str, str],
    old_address: str,
) -> None:
    """Nothing that is meant for one of them is sent to the other, and the one that is known is followed."""
    entry, other = entries
    await known.renumber("127.0.0.10")
    await unknown.renumber(THERE if old_address == "was exchanged" else "127.0.0.11")
    await known.renumber(HERE)
    neighbours.clear()
    neighbours[HERE] = MAC
    neighbours["127.0.0.11"] = neighbours[THERE] = OTHER_MAC
    if old_address == "has got another board":
        await start_board(address=THERE, port=unknown.port)
    forget_sightings(home)
    for one in (known, unknown):
        one.requests.clear()
    await look(home, times=2)

    assert not entry.runtime_data.coordinator.data
    assert "of the unknown" not in passwords(known)
    assert "of the known" not in passwords(unknown)
    assert other.data[CONF_HOST] == HERE
    assert other.runtime_data.coordinator.data
    await look(home)
    assert is_told(home, entry)


async def test_it_is_told_until_both_are_where_they_were(
    home: HomeAssistant,
    entries: tuple[ConfigEntry, ConfigEntry],
    start_board: StartBoard,
    unknown: VirtualBoard,
    known: VirtualBoard,
    hear: Hear,
    neighbours: dict[str, str],
) -> None:
    entry, other = entries
    await unknown.power_off()
    await known.renumber(HERE)
    neighbours[HERE] = MAC
    neighbours[THERE] = OTHER_MAC
    stranger = await start_board(address=THERE, port=unknown.port)
    forget_sightings(home)
    await look(home, times=3)
    assert is_told(home, entry)

    await stranger.power_off()
    await known.renumber(THERE)
    neighbours[THERE] = MAC
    neighbours[HERE] = OTHER_MAC
    await unknown.power_on()
    await hear(known)
    await look(home, times=3)
    assert other.data[CONF_HOST] == THERE
    assert entry.runtime_data.coordinator.data
    assert not is_told(home, entry)


async def test_whoever_cannot_be_told_from_another_board_is_not_trusted(
    home: HomeAssistant,
    entries: tuple[ConfigEntry, ConfigEntry],
    unknown: VirtualBoard,
    known: VirtualBoard,
    neighbours: dict[str, str],
) -> None:
    """What answers at the address of the known board may be anybody: its hardware address cannot be learned."""
    entry, _ = entries
    neighbours.clear()
    neighbours[HERE] = MAC
    forget_sightings(home)
    unknown.requests.clear()
    await look(home, times=2)
    assert not entry.runtime_data.coordinator.data
    assert not passwords(unknown)


async def test_a_repeater_that_puts_its_own_hardware_address_for_all_is_no_hindrance(
    home: HomeAssistant,
    entries: tuple[ConfigEntry, ConfigEntry],
    unknown: VirtualBoard,
    hear: Hear,
    neighbours: dict[str, str],
) -> None:
    entry, other = entries
    neighbours[HERE] = REPEATER
    await hear(unknown)
    await look(home, times=2)
    for one, host in ((entry, HERE), (other, THERE)):
        assert one.data[CONF_HOST] == host
        assert one.runtime_data.coordinator.data
