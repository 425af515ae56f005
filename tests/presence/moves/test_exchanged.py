"""Boards that have each other's addresses exchange them in their entries, and get only what is meant for them."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.presence.moves.conftest import HERE, THERE, is_online
from tests.support.actions import install
from tests.support.discovering import discover_lease
from tests.support.looking import at_stage, look, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

IMAGE = build_sketch(password="sesame", version="2.0")


async def exchange(first: VirtualBoard, second: VirtualBoard, arp: Arp) -> None:
    """Let two boards have each other's address from now on."""
    one, two = first.address, second.address
    await second.renumber("127.0.1.99")
    await first.renumber(two)
    await second.renumber(one)
    arp(MAC, two)
    arp(OTHER_MAC, one)


async def test_boards_that_exchange_their_addresses_exchange_them_in_their_entries(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    other: VirtualBoard,
    add_board: AddBoard,
    hear: Hear,
    arp: Arp,
) -> None:
    """Both respond all the time, under one name: the look at one of them shows it for both."""
    second = await add_board(other)
    know(home, second, OTHER_MAC)
    await exchange(board, other, arp)
    await look(home)
    assert (entry.data[CONF_HOST], second.data[CONF_HOST]) == (THERE, HERE)
    assert (entry.data[CONF_MAC], second.data[CONF_MAC]) == (MAC, OTHER_MAC)
    assert is_online(entry)
    assert is_online(second)
    assert set(passwords_sent_to(board)) <= {"password"}
    assert set(passwords_sent_to(other)) <= {"of the other"}


async def test_all_addresses_are_permuted(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    addresses = [f"127.0.1.{number}" for number in range(20, 26)]
    macs = [f"f8:f0:05:00:01:{number:02x}" for number in range(6)]
    first = await start_board(address=addresses[0])
    boards = [first, *[await start_board(address=address, port=first.port) for address in addresses[1:]]]
    entries = [await add_board(board) for board in boards]
    for entry, mac in zip(entries, macs, strict=True):
        know(home, entry, mac)
    for board in boards:
        await board.stop()
    moved = addresses[1:] + addresses[:1]
    for board, address, mac in zip(boards, moved, macs, strict=True):
        await board.renumber(address)
        arp(mac, address)
    await look(home)
    assert [entry.data[CONF_HOST] for entry in entries] == moved
    assert all(is_online(entry) for entry in entries)


async def test_an_update_goes_to_the_board_that_it_is_meant_for(
    home: HomeAssistant,
    board: VirtualBoard,
    other: VirtualBoard,
    add_board: AddBoard,
    offer: Offer,
    arp: Arp,
) -> None:
    """Addresses were exchanged a moment ago, and nobody has noticed yet: the install waits until the board is found."""
    entry, second = await add_board(board, **{CONF_WAIT: 5}), await add_board(other)
    know(home, entry, MAC)
    know(home, second, OTHER_MAC)
    await offer(entry, {"garden.bin": IMAGE})
    await exchange(board, other, arp)
    await install(home)
    await settled(home)
    assert board.flashed == [IMAGE]
    assert not other.flashed
    assert "password" not in passwords_sent_to(other)


async def test_addresses_that_are_exchanged_while_a_board_restarts(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    other: VirtualBoard,
    add_board: AddBoard,
    offer: Offer,
    hear: Hear,
    arp: Arp,
) -> None:
    """The flash is found out about where the board is by then, long before the time is over in which it may come back."""
    second = await add_board(other)
    know(home, second, OTHER_MAC)
    board.options = replace(board.options, away=3600)
    await offer(entry, {"garden.bin": IMAGE})
    installing = home.async_create_task(install(home))
    await board.next_event("away")
    await other.renumber(HERE)
    arp(OTHER_MAC, HERE)
    await at_stage(entry, Stage.RESTARTING)
    await board.renumber(THERE)
    arp(MAC, THERE)
    await hear(board)
    await installing
    assert (entry.data[CONF_HOST], second.data[CONF_HOST]) == (THERE, HERE)
    assert entry.runtime_data.coordinator.record.version == "2.0"
    assert not {"password", "sesame"} & set(passwords_sent_to(other))


@pytest.mark.slow
async def test_an_upload_that_was_cut_begins_anew_where_the_board_is_by_then(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, offer: Offer, hear: Hear, arp: Arp
) -> None:
    """A board that was reset in the middle of an upload may get another address."""
    board.options = replace(board.options, seconds_per_byte=30e-6)
    await offer(entry, {"garden.bin": IMAGE})
    installing = home.async_create_task(install(home))
    await at_stage(entry, Stage.UPLOADING)
    await board.renumber(THERE)
    arp(None, HERE)
    arp(MAC, THERE)
    await at_stage(entry, Stage.CHECKING)
    await hear(board)
    await installing
    assert entry.data[CONF_HOST] == THERE
    assert board.flashed == [IMAGE]


async def test_a_board_that_an_install_begins_to_check_is_not_looked_for(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear
) -> None:
    """It serves one connection at a time, and the install has it."""
    await hear(board)
    coordinator = entry.runtime_data.coordinator
    coordinator.set_state(InstallState(Stage.CHECKING, "2.0"))
    board.requests.clear()
    async with coordinator.lock:
        await async_get_tracker(home).moves.async_search()
    assert not board.requests
    coordinator.set_state(IDLE)


@pytest.mark.slow
async def test_a_board_that_is_flashed_is_where_it_is_flashed(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, other: VirtualBoard, offer: Offer, arp: Arp
) -> None:
    """Whoever shows its hardware address meanwhile is not believed, and it is not asked anything."""
    board.options = replace(board.options, seconds_per_byte=30e-6)
    await offer(entry, {"garden.bin": IMAGE})
    installing = home.async_create_task(install(home))
    await at_stage(entry, Stage.UPLOADING)
    arp(MAC, THERE)
    await discover_lease(home, MAC, THERE)
    await installing
    assert entry.data[CONF_HOST] == HERE
    assert board.flashed == [IMAGE]
