"""A board that has another address is followed once it is recognized there, and not where it was."""

from dataclasses import replace
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.const import CONF_TYPED_HOST, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.network import adapters
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.presence import moves
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.support.actions import CONNECTIVITY, install, until
from tests.support.discovering import discover_lease
from tests.support.looking import at_stage, forget_sightings, leave_unheard, look, questions, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

HERE, THERE = "127.0.1.5", "127.0.1.6"
IMAGE = build_sketch(password="sesame", version="2.0")


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


async def exchange(first: VirtualBoard, second: VirtualBoard, arp: Arp) -> None:
    """Let two boards have each other's address from now on."""
    one, two = first.address, second.address
    await second.renumber("127.0.1.99")
    await first.renumber(two)
    await second.renumber(one)
    arp(MAC, two)
    arp(OTHER_MAC, one)


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


async def test_all_boards_that_cannot_be_proven_any_more_are_one_repair(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    """Home Assistant has moved to another network, from which no hardware address can be seen."""
    boards = [await start_board(address=f"127.0.1.{number}", name=f"Board {number}") for number in (1, 2, 3)]
    for number, board in enumerate(boards):
        entry = await add_board(board)
        know(home, entry, f"f8:f0:05:00:00:0{number}")
        home.config_entries.async_update_entry(entry, data={**entry.data, CONF_TYPED_HOST: "127.0.1.50"})
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
