"""A password that a person has typed goes to the board that was looked at for it, whoever has its address by then."""

import asyncio
from collections.abc import Awaitable, Callable

from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.arduino_ota.protocol import client
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.flows import discovered_board as found
from custom_components.mkr1000_ota.network import identity
from tests.conftest import AddBoard, Hear
from tests.support.mending import know, reconfigure, settle, submit
from tests.support.steps import MAC, OTHER_MAC, begin, enter_password, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]

PENDING = Pending(
    version="2.0", previous_version=None, sha256="00", size=4, started=0.0, old_password="password", name="Pump"
)


class Neighbours(dict[str, str]):
    """The neighbour table. It is looked into once when a board is looked at, and once for every password."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Know nobody yet."""
        self._loop = loop
        self._looks = 0
        self._happens: Callable[[], Awaitable[None]] | None = None

    def meanwhile(self, happens: Callable[[], Awaitable[None]]) -> None:
        """Let something happen when the board was looked at, and the password is about to be sent."""
        self._looks = 0
        self._happens = happens

    def look(self, address: str) -> str | None:
        """Return who is at an address; a thread of Home Assistant does that."""
        self._looks += 1
        if self._looks == 2 and self._happens is not None:
            asyncio.run_coroutine_threadsafe(self._happen(self._happens), self._loop).result(5)
        return self.get(address)

    async def _happen(self, happens: Callable[[], Awaitable[None]]) -> None:
        await happens()

    async def learn(self, address: str, mac: str) -> None:
        """Note who is at an address."""
        self[address] = mac


@pytest.fixture
def neighbours(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    """The neighbour table: boards on loopback are in none."""
    table = Neighbours(home.loop)
    monkeypatch.setattr(identity, "mac_of", table.look)
    monkeypatch.setattr(found, "SCAN_TIME", 0.02)
    # A connection over which nothing is sent costs a sketch two seconds.
    monkeypatch.setattr(client, "DEFAULT_TIMEOUTS", RequestTimeouts())
    return table


def elsewhere(home: HomeAssistant, *, name: str = "Arduino", mac: str | None = None) -> None:
    """Let there be another board that is set up."""
    MockConfigEntry(
        domain=DOMAIN,
        title="Another",
        data={CONF_HOST: "192.0.2.99", CONF_NAME: name} | ({CONF_MAC: mac} if mac else {}),
    ).add_to_hass(home)


async def test_reconfiguring_sends_nothing_to_whoever_calls_itself_otherwise_by_now(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, neighbours: Neighbours
) -> None:
    entry = await add_board(board)
    await settle(home, board)
    for password in ("", "typed"):
        result = await reconfigure(home, entry)
        await hear(board)
        await settle(home, board)
        neighbours.meanwhile(lambda: hear(board, name="Pump"))
        result = await submit(home, result, typed(board), password)
        assert result["errors"] == {CONF_HOST: "another_board"}
        assert passwords_sent_to(board) == []

    result = await submit(home, result, typed(board), "password")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_NAME] == "Pump"


async def test_reconfiguring_sends_no_stored_password_to_other_hardware(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, neighbours: Neighbours
) -> None:
    """When the board was looked at, nobody knew whose hardware address is there."""
    entry = await add_board(board)
    know(home, entry, MAC)
    await settle(home, board)
    neighbours.meanwhile(lambda: neighbours.learn(board.address, OTHER_MAC))
    result = await reconfigure(home, entry, typed(board))
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(board) == []


async def test_reconfiguring_sends_nothing_to_a_board_of_another_entry(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, neighbours: Neighbours
) -> None:
    entry = await add_board(board)
    elsewhere(home, mac=OTHER_MAC)
    await settle(home, board)
    neighbours.meanwhile(lambda: neighbours.learn(board.address, OTHER_MAC))
    result = await reconfigure(home, entry, typed(board), "typed")
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(board) == []


async def test_the_name_of_the_sketch_that_is_being_flashed_is_the_boards_own(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, neighbours: Neighbours
) -> None:
    entry = await add_board(board)
    await settle(home, board)
    await entry.runtime_data.coordinator.store.update(pending=PENDING)  # as if a flash had been cut off
    neighbours.meanwhile(lambda: hear(board, name="Pump"))
    result = await reconfigure(home, entry, typed(board))
    assert result["reason"] == "reconfigure_successful"


async def test_a_hardware_address_that_shows_only_with_the_password_is_no_hindrance(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, neighbours: Neighbours
) -> None:
    entry = await add_board(board)
    await settle(home, board)
    neighbours.meanwhile(lambda: neighbours.learn(board.address, MAC))
    result = await reconfigure(home, entry, typed(board), "password")
    assert result["reason"] == "reconfigure_successful"


async def test_adding_sends_nothing_to_whoever_calls_itself_otherwise_by_now(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, neighbours: Neighbours
) -> None:
    await hear(board)
    result = await pick(home, await begin(home), board.address)
    neighbours.meanwhile(lambda: hear(board, name="Pump"))
    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "another_board"}
    assert passwords_sent_to(board) == []

    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "board_changed"}
    assert result["description_placeholders"]["name"] == "Pump"
    assert passwords_sent_to(board) == []
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_adding_sends_nothing_to_a_board_that_is_set_up(
    home: HomeAssistant, board: VirtualBoard, neighbours: Neighbours
) -> None:
    elsewhere(home, name="Pump", mac=OTHER_MAC)
    result = await pick(home, await begin(home), typed(board))
    neighbours.meanwhile(lambda: neighbours.learn(board.address, OTHER_MAC))
    result = await enter_password(home, result, "secret of the first")
    assert result["errors"] == {"base": "another_board"}
    assert passwords_sent_to(board) == []
