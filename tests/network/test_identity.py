"""A hardware address that becomes known, and what it tells about other entries."""

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network.identity import Match, Peer, known_board, match
from tests.conftest import AddBoard, Arp, Hear, StartBoard, Welcome
from tests.support.looking import forget_sightings, look, passwords, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard


async def check_password(home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear) -> None:
    """Let it be a day since the board last said which password it accepts, and look at it."""
    await entry.runtime_data.coordinator.store.update(password_checked=0.0)
    await hear(board)
    await look(home)


async def test_a_hardware_address_that_becomes_known_later_changes_no_entity(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """The unique id of the entry follows; entities, their ids, and so their history stay."""
    [entry] = await welcome(board)
    assert entry.unique_id == f"Arduino@{board.address}"
    before = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    states = {state.entity_id: state.last_changed for state in home.states.async_all()}

    arp(MAC, board.address)
    await check_password(home, entry, board, hear)
    assert entry.unique_id == entry.data[CONF_MAC] == MAC
    [device] = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    assert (dr.CONNECTION_NETWORK_MAC, MAC) in device.connections
    assert await home.config_entries.async_reload(entry.entry_id)
    await settled(home)

    after = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    identity_of = {(one.entity_id, one.unique_id, one.id, one.device_id) for one in before}
    assert {(one.entity_id, one.unique_id, one.id, one.device_id) for one in after} == identity_of
    assert {state.entity_id for state in home.states.async_all()} == set(states)


async def test_whoever_keeps_its_hardware_address_back_gets_nothing(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """The kernel forgets it when its table is full, and learns it again only if who is there says so."""
    arp(MAC, board.address)
    [entry] = await welcome(board)
    know(home, entry, MAC)
    arp(None, board.address)
    await check_password(home, entry, board, hear)
    assert passwords(board) == []
    arp(MAC, board.address)
    await check_password(home, entry, board, hear)
    assert passwords(board) == ["password"]


async def test_a_device_of_the_router_with_the_same_hardware_address_is_no_hindrance(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    router = MockConfigEntry(domain="router")
    router.add_to_hass(home)
    connections = {(dr.CONNECTION_NETWORK_MAC, MAC)}
    dr.async_get(home).async_get_or_create(config_entry_id=router.entry_id, connections=connections)
    entry = await add_board(board)
    arp(MAC, board.address)
    await check_password(home, entry, board, hear)
    assert entry.unique_id == MAC


@pytest.mark.parametrize("removed", [0, 1], ids=["the first", "the second"])
async def test_two_entries_that_turn_out_to_be_one_board(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    hear: Hear,
    arp: Arp,
    removed: int,
) -> None:
    """The one that is known to be that board is followed, the other one is not changed, and the user is told."""
    first = await add_board(board)
    know(home, first, MAC)
    await board.renumber("127.0.1.6")
    second = await add_board(board)
    arp(MAC, board.address)
    forget_sightings(home)
    await look(home, times=2)
    assert first.data[CONF_HOST] == board.address
    assert CONF_MAC not in second.data
    assert second.unique_id == f"Arduino@{board.address}"
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"same_board.{second.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {
        "board": second.title,
        "host": board.address,
        "other": first.title,
        "mac": MAC,
    }

    await home.config_entries.async_remove((first, second)[removed].entry_id)
    await look(home)
    assert ir.async_get(home).async_get_issue(DOMAIN, f"same_board.{second.entry_id}") is None


async def test_a_board_that_is_ignored_is_no_other_board(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """Its hardware address stands in the way of nobody: the same board may be set up without it."""
    entry = await add_board(board)
    known = known_board(home, entry)
    peer = Peer(host=board.address, mac=MAC)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    assert match(known, peer) is Match.BOARD
    MockConfigEntry(domain=DOMAIN, unique_id="f8:f0:05:00:00:07", data={CONF_MAC: "f8:f0:05:00:00:07"}).add_to_hass(
        home
    )
    assert match(known, Peer(host=board.address, mac="f8:f0:05:00:00:07")) is Match.WRONG_BOARD


async def test_a_board_that_was_ignored_and_is_set_up_all_the_same_has_one_entry(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """Its hardware address was not known when it was added, and so nobody knew that it was the ignored one."""
    entry = await add_board(board)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    arp(MAC, board.address)
    await check_password(home, entry, board, hear)
    assert entry.data.get(CONF_MAC) == MAC
    assert home.config_entries.async_entries(DOMAIN) == [entry]
    assert not [issue for issue in ir.async_get(home).issues.values() if issue.translation_key == "same_board"]


async def test_an_ignored_board_at_the_address_of_another_one_is_a_different_board(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, arp: Arp
) -> None:
    """It is set up nowhere, so that there is no second entry to delete."""
    entry = await add_board(board)
    know(home, entry, OTHER_MAC)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=MAC).add_to_hass(home)
    arp(MAC, board.address)
    await look(home, times=2)
    told = {issue.translation_key for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN}
    assert told == {"wrong_board"}


async def test_a_thousand_entries_are_not_gone_through_for_each_question(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is the list of them made, nor are they looked at one by one."""
    entry = await add_board(await start_board())
    for number in range(3):
        MockConfigEntry(domain=DOMAIN, unique_id=f"Board {number}").add_to_hass(home)
    board = entry.runtime_data.coordinator
    with monkeypatch.context() as patch:
        patch.delattr(type(home.config_entries), "async_entries")
        assert match(board.known, Peer(host=board.host, mac=MAC)) is Match.BOARD
