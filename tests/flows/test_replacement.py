"""Reconfigure names an address: what is there is the board, takes its place with a typed password, or gets nothing."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.const import CONF_WAIT, UNKNOWN_VERSION
from custom_components.mkr1000_ota.coordinator import IDLE, Stage
from custom_components.mkr1000_ota.errors import translated_error
from custom_components.mkr1000_ota.issues import Kind
from custom_components.mkr1000_ota.network import announced_name, mac_addresses
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard, Upload
from tests.install.conftest import pending
from tests.support.actions import board_of, install, issues, restart, until_not_back
from tests.support.discovering import discover
from tests.support.looking import forget_sightings, look
from tests.support.mending import know, reconfigure, settle, stored_password, submit
from tests.support.steps import MAC, OTHER_MAC, REPEATER, passwords_sent_to, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]


async def test_stored_passwords_go_to_no_other_hardware(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    entry = await add_board(await start_board())
    know(home, entry, MAC)
    other = await start_board(address="127.0.0.8")
    arp(OTHER_MAC, other.address)
    result = await reconfigure(home, entry, typed(other))
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(other) == []


async def test_with_its_password_other_hardware_takes_the_place_of_a_board(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    """The entry stays, with its history and the ids of its entities."""
    board = await start_board()
    entry = await add_board(board)
    know(home, entry, MAC)
    await settle(home)
    entry.runtime_data.coordinator.set_mac(MAC)
    entities = {one.entity_id for one in er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)}
    replacement = await start_board(address="127.0.0.8", password="other")
    arp(OTHER_MAC, replacement.address)
    card = await discover(home, replacement)
    result = await reconfigure(home, entry, typed(replacement), "other")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert (entry.data[CONF_HOST], entry.data[CONF_MAC], entry.unique_id) == (replacement.address, OTHER_MAC, OTHER_MAC)
    assert await stored_password(home, entry) == "other"
    assert entry.runtime_data.coordinator.installed_version == UNKNOWN_VERSION
    [device] = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, OTHER_MAC)}
    assert {one.entity_id for one in er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)} == entities
    # It is not offered as a new board anymore.
    assert card["flow_id"] not in {flow["flow_id"] for flow in home.config_entries.flow.async_progress()}


async def test_what_replaces_a_board_may_have_an_empty_password(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp, upload: Upload
) -> None:
    """An empty field stands for the saved password, which is not sent there: its image tells."""
    entry = await add_board(await start_board())
    know(home, entry, MAC)
    image = build_sketch(password="")
    other = await start_board(address="127.0.0.8", password="")
    arp(OTHER_MAC, other.address)
    result = await reconfigure(home, entry, typed(other))
    for _ in range(2):
        assert result["errors"] == {CONF_PASSWORD: "password_needed"}
        result = await submit(home, result, typed(other))
    assert passwords_sent_to(other) == []
    result = await submit(home, result, typed(other), sketch=await upload(image, "garden.bin"))
    assert result["reason"] == "reconfigure_successful"
    assert passwords_sent_to(other) == [""]
    assert await stored_password(home, entry) == ""
    await settle(home)


async def test_what_the_earlier_hardware_has_announced_is_no_name_of_the_other(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is still there, and was heard for a while."""
    monkeypatch.setattr(announced_name, "RENAMED_AFTER", 0.0)
    board = await start_board()
    entry = await add_board(board)
    know(home, entry, MAC)
    arp(MAC, board.address)
    for _ in range(2):
        await hear(board)
        await look(home)
    other = await start_board(address="127.0.0.8", name="Barn", password="other")
    arp(OTHER_MAC, other.address)
    await hear(other)
    assert (await reconfigure(home, entry, typed(other), "other"))["reason"] == "reconfigure_successful"
    await settle(home)
    assert entry.data[CONF_NAME] == "Barn"


async def test_what_replaces_a_board_behind_a_repeater_has_no_hardware_address(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp
) -> None:
    entry = await add_board(await start_board())
    know(home, entry, MAC)
    other = await start_board(address="127.0.0.8")
    arp(REPEATER, other.address)
    await reconfigure(home, entry, typed(other), "password")
    assert CONF_MAC not in entry.data
    assert entry.unique_id == "Arduino@127.0.0.8"
    await settle(home)


async def test_no_stored_password_goes_where_only_a_lease_leads(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    start_board: StartBoard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One forged packet has the form propose an address, and behind a router nothing else says who is there."""
    entry = await add_board(board)
    know(home, entry, MAC)
    await settle(home)
    other = await start_board(address="127.0.0.8")
    lease = DhcpServiceInfo(ip=other.address, hostname="winc-00-01", macaddress=MAC.replace(":", ""))
    home.config.components.add("dhcp")
    monkeypatch.setattr(mac_addresses, "async_discovered_service_info", lambda _: [lease])
    entry.runtime_data.coordinator.set_online(False)
    result = await reconfigure(home, entry)
    monkeypatch.setattr(mac_addresses, "async_discovered_service_info", lambda _: [])
    result = await submit(home, result, typed(other))
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(other) == []
    result = await submit(home, result, typed(other), "password")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)


@pytest.mark.parametrize("password", ["", "password"])
async def test_nothing_goes_to_an_address_that_a_name_leads_to_before_a_person_has_seen_it(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, start_board: StartBoard, hear: Hear, password: str
) -> None:
    """Anybody can announce a name."""
    entry = await add_board(board)
    await settle(home)
    other = await start_board(address="127.0.0.8")
    await hear(other)
    result = await reconfigure(home, entry, "arduino.local", password)
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(other) == []
    [host, *_] = result["data_schema"].schema
    assert host.description == {"suggested_value": typed(other)}
    result = await submit(home, result, typed(other), "password")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)


async def test_a_name_leads_to_a_board_whose_hardware_address_is_known(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, arp: Arp
) -> None:
    entry = await add_board(board)
    know(home, entry, MAC)
    await settle(home)
    await board.renumber("127.0.0.8")
    arp(MAC, board.address)
    await hear(board)
    result = await reconfigure(home, entry, "arduino.local")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert entry.data[CONF_HOST] == board.address


@pytest.mark.parametrize("known", [None, MAC])
async def test_a_board_of_another_entry_is_refused(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, arp: Arp, known: str | None
) -> None:
    """With its hardware address it is known even where it was not seen before."""
    entry = await add_board(await start_board())
    other = await start_board(address="127.0.0.8")
    second = await add_board(other)
    if known:
        know(home, second, known)
        await other.renumber("127.0.0.9")
        arp(known, other.address)
    await settle(home, other)
    result = await reconfigure(home, entry, typed(other), "password")
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(other) == []


async def test_a_board_that_calls_itself_otherwise_needs_its_password_typed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    """It was flashed by cable, and got another address with that."""
    entry = await add_board(await start_board())
    other = await start_board(address="127.0.0.8", name="Pump")
    await hear(other)
    result = await reconfigure(home, entry, typed(other))
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(other) == []

    result = await submit(home, result, typed(other), "password")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_NAME] == "Pump"
    await settle(home)


async def test_a_board_that_was_heard_before_and_is_silent_now_needs_its_password_typed(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear
) -> None:
    """Somebody else may be at its address by now."""
    entry = await add_board(board)
    await hear(board)
    await settle(home)
    forget_sightings(home)
    board.requests.clear()
    result = await reconfigure(home, entry, typed(board))
    assert result["errors"] == {CONF_PASSWORD: "password_needed"}
    assert passwords_sent_to(board) == []
    result = await submit(home, result, typed(board), "password")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)


@pytest.fixture
async def waiting(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, offer: Offer) -> ConfigEntry:
    """An entry with an update that waits for its board."""
    board = await start_board()
    entry = await add_board(board, **{CONF_WAIT: 5})
    know(home, entry, MAC)
    await offer(entry, {"garden.bin": build_sketch(version="2.0")})
    await board.power_off()
    await install(home)
    return entry


@pytest.fixture
async def replacement(start_board: StartBoard, arp: Arp) -> VirtualBoard:
    """Other hardware, that of another MAC address."""
    board = await start_board(address="127.0.0.8", password="other")
    arp(OTHER_MAC, board.address)
    return board


async def test_what_was_ordered_for_and_told_of_the_hardware_before_is_over(
    home: HomeAssistant, waiting: ConfigEntry, replacement: VirtualBoard
) -> None:
    coordinator = waiting.runtime_data.coordinator
    assert coordinator.state.stage is Stage.WAITING
    doubt = translated_error("verdict_uncertain", version="1.0")
    await coordinator.store.note(lambda record: record.with_notice(Kind.UNCERTAIN, doubt, "1.0"))
    result = await reconfigure(home, waiting, typed(replacement), "other")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert replacement.flashed == []
    assert (coordinator.state, coordinator.record.order) == (IDLE, None)
    assert not coordinator.record.notices


async def test_what_the_hardware_before_has_not_come_back_from_is_not_begun_anew(
    home: HomeAssistant, waiting: ConfigEntry, replacement: VirtualBoard
) -> None:
    """Its order stays on the disk until somebody knows how it has ended, and nobody will."""
    flash = pending(Phase.ANSWERED, "sesame")
    await board_of(home).store.note(lambda record: replace(record, pending=flash))
    await restart(home, waiting)
    await until_not_back(home)
    result = await reconfigure(home, waiting, typed(replacement), "other")
    assert result["reason"] == "reconfigure_successful"
    await restart(home, waiting)
    await settle(home)
    assert replacement.flashed == []
    assert not board_of(home).record.is_unfinished
    assert not issues(home)
