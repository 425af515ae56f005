"""A board whose hardware address is not known, and another one of its name, which is known, at its address."""

from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota import identity
from tests.conftest import AddBoard, Hear, StartBoard
from tests.looking import forget_sightings, look, passwords, settled
from tests.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard

HERE = "127.0.0.8"
THERE = "127.0.0.9"


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The neighbour table: boards on loopback are in none."""
    table: dict[str, str] = {}
    monkeypatch.setattr(identity, "neighbour", table.get)
    return table


@pytest.fixture
async def unknown(start_board: StartBoard) -> VirtualBoard:
    """The board whose hardware address is not known."""
    return await start_board(address=HERE, port=65280, password="of the unknown")


@pytest.fixture
async def known(start_board: StartBoard) -> VirtualBoard:
    """The board whose hardware address is known."""
    return await start_board(address=THERE, port=65280, password="of the known")


@pytest.mark.parametrize("old_address", ["is free", "has got another board", "was exchanged"])
async def test_it_is_not_taken_for_the_one_that_is_not_there(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    unknown: VirtualBoard,
    known: VirtualBoard,
    hear: Hear,
    neighbours: dict[str, str],
    old_address: str,
) -> None:
    """Nothing that is meant for one of them is sent to the other, and the one that is known is followed."""
    entry = await add_board(unknown)
    neighbours[THERE] = MAC
    other = await add_board(known)
    await hear(known)
    await settled(home)
    assert CONF_MAC not in entry.data
    assert other.data[CONF_MAC] == MAC

    await known.renumber("127.0.0.10")
    await unknown.renumber(THERE if old_address == "was exchanged" else "127.0.0.11")
    await known.renumber(HERE)
    neighbours.clear()
    neighbours[HERE] = MAC
    neighbours["127.0.0.11"] = neighbours[THERE] = OTHER_MAC
    if old_address == "has got another board":
        await start_board(address=THERE, port=65280)
    forget_sightings(home)
    for one in (known, unknown):
        one.requests.clear()
    await look(home, times=2)

    assert not entry.runtime_data.coordinator.data.reachable
    assert "of the unknown" not in passwords(known)
    assert "of the known" not in passwords(unknown)
    if old_address != "is free":
        assert other.data[CONF_HOST] == HERE
        assert other.runtime_data.coordinator.data.reachable


async def test_a_repeater_that_puts_its_own_hardware_address_for_all_is_no_hindrance(
    home: HomeAssistant,
    add_board: AddBoard,
    unknown: VirtualBoard,
    known: VirtualBoard,
    hear: Hear,
    neighbours: dict[str, str],
) -> None:
    entry = await add_board(unknown)
    neighbours[THERE] = MAC
    other = await add_board(known)
    await hear(known)
    await settled(home)
    assert other.data[CONF_MAC] == MAC

    neighbours[HERE] = MAC
    await hear(unknown)
    await look(home, times=2)
    for one, host in ((entry, HERE), (other, THERE)):
        assert one.data[CONF_HOST] == host
        assert one.runtime_data.coordinator.data.reachable
