"""A board that has another address is followed once it is recognized there, and not where it was."""

import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.const import CONF_TYPED_HOST, DOMAIN
from custom_components.mkr1000_ota.network import adapters, identity
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.presence import moves
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.presence.moves.conftest import HERE, THERE, is_online
from tests.support.actions import CONNECTIVITY, FIRMWARE, shown, until
from tests.support.discovering import discover_lease
from tests.support.looking import forget_sightings, leave_unheard, look, questions, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC, REPEATER, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


def unproven(home: HomeAssistant) -> str | None:
    """Return which boards the user is told that nothing proves."""
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"unproven.{DOMAIN}")
    return issue.translation_placeholders["boards"] if issue and issue.translation_placeholders else None


async def test_it_is_followed_to_where_it_is_heard(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    await board.renumber(THERE)
    arp(MAC, THERE)
    await look(home)
    assert not is_online(entry)
    await hear(board)
    await settled(home)
    assert entry.data[CONF_HOST] == THERE
    assert is_online(entry)


async def test_it_is_found_where_it_was_heard_before_it_was_missed(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    await board.renumber(THERE)
    arp(MAC, THERE)
    await hear(board)
    await look(home)
    assert entry.data[CONF_HOST] == THERE
    assert is_online(entry)


async def test_its_name_is_not_taken_for_that_of_another_board_where_it_was(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name of its own counts more than that of a file."""
    board = await start_board(address=HERE, name="Garden")
    know(home, entry := await add_board(board), MAC)
    await hear(board)
    await board.renumber(THERE)
    arp(MAC, THERE)
    await hear(board)
    await look(home)
    assert entry.data[CONF_HOST] == THERE
    monkeypatch.setattr(identity, "HEARD_LATELY", 0.0)
    await offer(entry, {"garden-1.0.bin": build_sketch(name="Garden", version="1.0")})
    await offer(entry, {"irrigation-2.0.bin": build_sketch(name="Garden", version="2.0")})
    assert shown(home, FIRMWARE.replace("arduino", "garden")).attributes["latest_version"] == "2.0"


async def test_a_lease_is_looked_at_and_looked_at_again_when_the_board_has_started(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, arp: Arp
) -> None:
    """The packet comes when the board asks for the address, before it listens to anybody."""
    await board.power_off()
    result = await discover_lease(home, MAC, THERE)
    assert result["reason"] == "already_configured"
    await board.renumber(THERE)
    arp(MAC, THERE)
    await settled(home)
    assert entry.data[CONF_HOST] == THERE
    assert is_online(entry)


@pytest.mark.parametrize("lease", [THERE, "127.0.1.77"], ids=["another board's", "nobody's"])
async def test_a_forged_lease_changes_nothing_while_the_board_is_online(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, other: VirtualBoard, lease: str
) -> None:
    for _ in range(5):
        await discover_lease(home, MAC, lease)
    await settled(home)
    await look(home, 2)
    assert entry.data[CONF_HOST] == HERE
    assert is_online(entry)
    assert len(questions(other)) <= 2
    assert not passwords_sent_to(board)
    assert not passwords_sent_to(other)


async def test_nobody_is_asked_off_link_because_of_a_lease(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    other: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await leave_unheard(home, board)
    monkeypatch.setattr(adapters, "reach_of", lambda host, *_: Reach.ROUTED if host == THERE else Reach.ON_LINK)
    await discover_lease(home, MAC, THERE)
    await settled(home)
    await look(home)
    assert entry.data[CONF_HOST] == HERE
    assert not other.requests


async def test_nothing_moves_to_an_address_that_shows_no_hardware_address(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """The user is told where something responds that may be the board."""
    await board.renumber(THERE)
    await look(home)
    await hear(board)
    await settled(home)
    assert entry.data[CONF_HOST] == HERE
    assert not is_online(entry)
    assert not passwords_sent_to(board)
    assert unproven(home) == f"Arduino ({THERE})"
    arp(MAC, THERE)
    await board.renumber(HERE)
    await look(home)
    assert is_online(entry)
    assert unproven(home) is None


async def test_a_board_whose_hardware_address_nobody_knows_is_not_followed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    board = await start_board(address=HERE, name="Garden")
    entry = await add_board(board)
    await hear(board)
    await settled(home)
    await board.renumber(THERE)
    forget_sightings(home, HERE)
    await look(home)
    await hear(board)
    await settled(home)
    assert entry.data[CONF_HOST] == HERE
    assert unproven(home) == f"Garden ({THERE})"
    assert not passwords_sent_to(board)


async def test_a_board_that_responds_at_both_addresses_stays_where_it_is(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, other: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """Somebody responds with its hardware address elsewhere; it itself is asked again, just now."""
    arp(MAC, THERE)
    await discover_lease(home, MAC, THERE)
    await settled(home)
    assert questions(other)
    assert questions(board)
    assert entry.data[CONF_HOST] == HERE


async def test_strangers_that_say_who_they_are_are_asked_once(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, other: VirtualBoard, hear: Hear
) -> None:
    """A board is switched off for the winter; another one, which nobody has set up, is on."""
    await leave_unheard(home, board)
    await hear(other)
    await look(home)
    assert questions(other)
    other.requests.clear()
    for _ in range(3):
        await hear(other)
        await look(home)
    assert not other.requests


async def test_made_up_addresses_delay_nobody(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    hear: Hear,
    arp: Arp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few of them are asked at a time, and a board that is back waits for none of them."""
    await leave_unheard(home, board)
    asked: set[str] = set()
    most = 0
    release = home.loop.create_future()

    async def never(_self: object, host: str, _board: object) -> None:
        nonlocal most
        asked.add(host)
        most = max(most, len(asked))
        await release

    monkeypatch.setattr(moves.Moves, "_peer_at", never)
    for number in range(640):
        await hear(board, address=f"127.2.{number // 250}.{number % 250 + 1}")
    search = async_get_tracker(home).moves.async_search()
    await board.power_on()
    await hear(board)
    await until(home, CONNECTIVITY, lambda state: state.state == "on")
    assert not search.done()
    assert most == moves.STRANGER_SLOTS
    release.set_result(None)
    await search


async def test_a_board_behind_a_router_is_told_of_where_it_is_leased(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapters, "reach_of", lambda *_: Reach.ROUTED)
    monkeypatch.setattr(moves, "async_leased_hosts", lambda _: {MAC: THERE})
    await leave_unheard(home, board)
    await look(home)
    assert entry.data[CONF_HOST] == HERE
    assert unproven(home) == f"Arduino ({THERE})"


async def test_a_lease_hides_no_other_board_that_is_called_there(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A router gives the address of a board that is off to the next one that asks."""
    pump = await start_board(address="127.0.1.7", port=board.port, name="Pump")
    know(home, await add_board(pump), OTHER_MAC)
    monkeypatch.setattr(adapters, "reach_of", lambda host, *_: Reach.ROUTED if host == THERE else Reach.ON_LINK)
    monkeypatch.setattr(moves, "async_leased_hosts", lambda _: {OTHER_MAC: THERE})
    await pump.power_off()
    await board.renumber(THERE)
    await look(home)
    await async_get_tracker(home).moves.async_search()
    await hear(board)
    await settled(home)
    await look(home)
    assert unproven(home) == f"Arduino ({THERE})"


@pytest.mark.parametrize(
    ("shown", "told"),
    [(None, f"Arduino ({THERE})"), (REPEATER, f"Arduino ({THERE})"), (OTHER_MAC, None)],
    ids=["nothing", "a repeater", "the other board"],
)
async def test_a_board_may_be_taken_for_another_one_of_its_name(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    add_board: AddBoard,
    other: VirtualBoard,
    hear: Hear,
    arp: Arp,
    shown: str | None,
    told: str | None,
) -> None:
    """Its own MAC address cannot be seen at the address of the other one: behind a router, or behind a repeater."""
    arp(shown, THERE)
    taken = await add_board(other)
    await leave_unheard(home, board)
    await hear(other)
    await look(home, 2)
    assert is_online(taken)
    assert not is_online(entry)
    assert unproven(home) == told


async def test_all_boards_that_cannot_be_proven_any_more_are_one_repair(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    """Home Assistant has moved to another network, from which no hardware address can be seen."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in (1, 2, 3)]
    for number, board in enumerate(boards):
        entry = await add_board(board)
        know(home, entry, f"f8:f0:05:00:00:0{number}")
        home.config_entries.async_update_entry(entry, data={**entry.data, CONF_TYPED_HOST: "127.0.1.50"})
    # The second board of a name is called so.
    entry.runtime_data.coordinator.name = "Board 3 (127.0.1.3)"
    await look(home)
    assert unproven(home) == "Board 1 (127.0.1.1), Board 2 (127.0.1.2), Board 3 (127.0.1.3)"
    assert not any(passwords_sent_to(board) for board in boards)
    arp("f8:f0:05:00:00:01", "127.0.1.2")
    await look(home)
    assert unproven(home) == "Board 1 (127.0.1.1), Board 3 (127.0.1.3)"


async def test_a_move_is_logged_once(
    home: HomeAssistant,
    entry: ConfigEntry,
    board: VirtualBoard,
    hear: Hear,
    arp: Arp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    await board.renumber(THERE)
    arp(MAC, THERE)
    await look(home)
    await hear(board)
    await settled(home)
    await look(home, 2)
    assert caplog.text.count(f"has moved from {HERE} to {THERE}") == 1
