"""A board is itself, whatever its address and its name; what is not certainly it is left alone."""

from dataclasses import replace

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.install.reconnect import CHECK_INTERVAL
from custom_components.mkr1000_ota.network import identity
from custom_components.mkr1000_ota.network.identity import async_mac_of
from custom_components.mkr1000_ota.network.recognition import async_meet, async_recognise
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard, Welcome
from tests.support.actions import CONNECTIVITY, install
from tests.support.looking import forget_sightings, look, settled
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The neighbour table: boards on loopback are in none."""
    table: dict[str, str] = {}
    monkeypatch.setattr(identity, "mac_of", table.get)
    return table


async def test_a_hardware_address_that_becomes_known_later_changes_no_entity(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """The unique id of the entry follows; entities, their ids, and so their history stay."""
    [entry] = await welcome(board)
    assert entry.unique_id == f"Arduino@{board.address}"
    before = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    states = {state.entity_id: state.last_changed for state in home.states.async_all()}

    arp(MAC, board.address)
    entry.runtime_data.coordinator.password_checked -= CHECK_INTERVAL
    await hear(board)
    await settled(home)
    assert entry.unique_id == entry.data[CONF_MAC] == MAC
    [device] = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    assert (dr.CONNECTION_NETWORK_MAC, MAC) in device.connections
    assert await home.config_entries.async_reload(entry.entry_id)
    await settled(home)

    after = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    identity_of = {(one.entity_id, one.unique_id, one.id, one.device_id) for one in before}
    assert {(one.entity_id, one.unique_id, one.id, one.device_id) for one in after} == identity_of
    assert {state.entity_id for state in home.states.async_all()} == set(states)


async def test_a_device_of_the_router_with_the_same_hardware_address_is_no_hindrance(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    router = MockConfigEntry(domain="router")
    router.add_to_hass(home)
    connections = {(dr.CONNECTION_NETWORK_MAC, MAC)}
    dr.async_get(home).async_get_or_create(config_entry_id=router.entry_id, connections=connections)
    entry = await add_board(board)
    arp(MAC, board.address)
    await hear(board)
    await settled(home)
    assert entry.unique_id == MAC


@pytest.mark.parametrize("removed", [0, 1], ids=["the first", "the second"])
async def test_two_entries_that_turn_out_to_be_one_board(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    removed: int,
) -> None:
    """The one that is known to be that board is followed, the other one is not changed, and the user is told."""
    board = await start_board(address="127.0.1.5", port=65280)
    first = await add_board(board)
    arp(MAC, board.address)
    await hear(board)
    await settled(home)
    assert first.unique_id == MAC

    await board.renumber("127.0.1.6")
    second = await add_board(board)
    arp(MAC, board.address)
    forget_sightings(home)
    await look(home, times=2)
    assert first.data[CONF_HOST] == board.address
    assert CONF_MAC not in second.data
    assert second.unique_id == f"Arduino@{board.address}"
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"same_board_{second.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {"board": second.title, "other": first.title, "mac": MAC}

    await home.config_entries.async_remove((first, second)[removed].entry_id)
    assert ir.async_get(home).async_get_issue(DOMAIN, f"same_board_{second.entry_id}") is None


async def test_a_board_that_is_ignored_is_not_followed(home: HomeAssistant) -> None:
    """There is nothing to follow it with: such an entry holds no address."""
    ignored = MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC)
    ignored.add_to_hass(home)
    async_meet(home, MAC, "10.0.0.5")
    assert not ignored.data


async def test_whoever_answers_is_known_better_than_whoever_had_the_address_once(
    home: HomeAssistant, arp: Arp, neighbours: dict[str, str]
) -> None:
    """The dhcp integration forgets nobody; the neighbour table is right about who has just been talked to."""
    arp(MAC, "10.0.0.5")
    assert await async_mac_of(home, "10.0.0.5") == MAC
    neighbours["10.0.0.5"] = OTHER_MAC
    assert await async_mac_of(home, "10.0.0.5") == OTHER_MAC


async def test_of_two_that_had_an_address_neither_is_taken_for_the_one_there(home: HomeAssistant, arp: Arp) -> None:
    arp(MAC, "10.0.0.5")
    arp(OTHER_MAC, "10.0.0.5")
    assert await async_mac_of(home, "10.0.0.5") is None


async def test_an_address_that_is_leased_to_a_board_and_used_by_another_is_not_followed(
    home: HomeAssistant,
    welcome: Welcome,
    board: VirtualBoard,
    start_board: StartBoard,
    arp: Arp,
    neighbours: dict[str, str],
) -> None:
    neighbours[board.address] = MAC
    [entry] = await welcome(board)
    assert entry.unique_id == MAC

    await board.power_off()
    stranger = await start_board(address="127.0.1.6", port=board.port)
    arp(MAC, stranger.address)
    neighbours[stranger.address] = OTHER_MAC
    forget_sightings(home)
    await look(home)
    assert entry.data[CONF_HOST] == board.address
    assert home.states.is_state(CONNECTIVITY, "off")
    assert not any(request.password for request in stranger.requests)


async def test_boards_that_exchange_their_addresses_exchange_them_in_their_entries(
    home: HomeAssistant,
    welcome: Welcome,
    board: VirtualBoard,
    start_board: StartBoard,
    neighbours: dict[str, str],
) -> None:
    """Both answer all the time, under one name: the look at one of them shows it for both."""
    other = await start_board(address="127.0.1.8", port=board.port)
    neighbours |= {board.address: MAC, other.address: OTHER_MAC}
    entries = await welcome(board, other)
    neighbours |= {board.address: OTHER_MAC, other.address: MAC}
    await look(home)
    assert [entry.data[CONF_HOST] for entry in entries] == [other.address, board.address]
    assert [entry.data[CONF_MAC] for entry in entries] == [MAC, OTHER_MAC]
    assert all(entry.runtime_data.coordinator.data for entry in entries)


async def test_a_flash_goes_to_the_board_that_it_is_meant_for(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    start_board: StartBoard,
    hear: Hear,
    neighbours: dict[str, str],
) -> None:
    """Addresses were exchanged a moment ago, and nobody has noticed yet."""
    other = await start_board(address="127.0.1.8", port=board.port, password="of the other")
    neighbours |= {board.address: OTHER_MAC, other.address: MAC}
    entry = await add_board(other)
    await add_board(board)
    for one in (board, other):
        await hear(one)
    await settled(home)
    # To Home Assistant, it looks the other way round now: the entry of the one is at the address of the other.
    neighbours |= {board.address: MAC, other.address: OTHER_MAC}
    board.options, other.options = (
        replace(board.options, password=other.password),
        replace(other.options, password=board.password),
    )
    for one in (board, other):
        one.requests.clear()
    image = build_sketch(password="sesame", version="2.0")
    await offer(entry, {"garden.bin": image})
    await install(home)

    assert board.flashed == [image]
    assert not other.flashed
    assert not any(request.password == "of the other" for request in other.requests)
    assert entry.data[CONF_HOST] == board.address


async def test_a_hardware_address_that_cannot_be_learned_any_more(
    home: HomeAssistant,
    add_board: AddBoard,
    welcome: Welcome,
    board: VirtualBoard,
    start_board: StartBoard,
    neighbours: dict[str, str],
) -> None:
    """A name proves something as long as no other board bears it, and nothing after that."""
    neighbours[board.address] = MAC
    [entry] = await welcome(board)
    coordinator = entry.runtime_data.coordinator
    neighbours.clear()
    assert (await async_recognise(coordinator)).mac is None

    await add_board(await start_board(address="127.0.1.9"))
    with pytest.raises(AnotherBoard):
        await async_recognise(coordinator)
    with pytest.raises(AnotherBoard):
        await coordinator.client.check_password("password")
