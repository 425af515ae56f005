"""A board whose hardware address can be seen, its entry, and another board of the same name."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest

from tests.conftest import AddBoard, Arp, StartBoard
from tests.support.looking import look
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard

HERE = "127.0.1.5"
THERE = "127.0.1.6"


@pytest.fixture
async def board(start_board: StartBoard, arp: Arp) -> VirtualBoard:
    """A board whose hardware address can be seen."""
    arp(MAC, HERE)
    return await start_board(address=HERE)


@pytest.fixture
async def entry(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> ConfigEntry:
    """Its entry, which knows the hardware address."""
    entry = await add_board(board)
    know(home, entry, MAC)
    await look(home)
    assert is_online(entry)
    board.requests.clear()
    return entry


@pytest.fixture
async def other(start_board: StartBoard, board: VirtualBoard, arp: Arp) -> VirtualBoard:
    """Another board of the same name."""
    arp(OTHER_MAC, THERE)
    return await start_board(address=THERE, port=board.port, password="of the other")


def is_online(entry: ConfigEntry) -> bool:
    """Return whether a board counts as online."""
    return entry.runtime_data.coordinator.data is True
