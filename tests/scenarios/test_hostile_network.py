"""What somebody on the same network can do with packets that he really sends, and what careless devices do by themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
import re
import time
from typing import Any

import aiodhcpwatcher
from homeassistant.components import dhcp
from homeassistant.components.dhcp.models import DATA_DHCP
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_NAME, EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.const import CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import BoardCoordinator, Stage
from custom_components.mkr1000_ota.network.mac_addresses import mac_of
from custom_components.mkr1000_ota.network.mdns import async_get_querier
from custom_components.mkr1000_ota.presence import tracker
from tests.scenarios.real_network import PORT, Attacker, House, house_of, watch_dhcp
from tests.support.flow_texts import ENGLISH
from tests.support.looking import at_stage
from tests.virtual_board.network import HOST
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("enable_custom_integrations", "loopback")]

OFF_LINK = "203.0.113.5"
# 640 addresses, all that are free in our network among them.
MADE_UP = [str(HOST.ip + 20 + number) for number in range(220)] + [
    f"198.51.{network}.{number}" for network in (100, 101) for number in range(1, 211)
]
# The network has two boards, and room for two more: the attacker, and hardware that is put in the place of a board.
MINE, OTHER, ATTACKER, REPLACEMENT = range(4)


@pytest.fixture
async def house(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[House]:
    """Put Home Assistant on a network with two boards."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    # It looks for devices by itself, which is not what is looked at here.
    monkeypatch.setattr(dhcp.NetworkWatcher, "async_start", lambda _: None)
    monkeypatch.setattr(aiodhcpwatcher, "async_start", watch_dhcp)
    async with house_of(hass, 2, others=2) as house:
        yield house


@pytest.fixture
async def mine(house: House) -> ConfigEntry:
    """A board that is set up, and that said two hours ago which password it accepts."""
    entry = await house.add(MINE)
    await entry.runtime_data.coordinator.store.update(password_checked=time.time() - 7200)
    return entry


@pytest.fixture
def attacker(house: House) -> Iterator[Attacker]:
    """Somebody on the network."""
    attacker = Attacker(house.namespace(ATTACKER))
    yield attacker
    attacker.close()


def board_of(entry: ConfigEntry) -> BoardCoordinator:
    """Return what is known of a board besides its entry."""
    board: BoardCoordinator = entry.runtime_data.coordinator
    return board


def is_leased(leases: dict[str, Any], address: str) -> bool:
    """Whether Home Assistant has seen a packet that asks for an address."""
    return any(lease["ip"] == address for lease in leases.values())


async def test_a_forged_lease_moves_nothing_and_has_nobody_asked_off_link(
    house: House, mine: ConfigEntry, attacker: Attacker
) -> None:
    assert await async_setup_component(house.hass, "dhcp", {})
    house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    leases = house.hass.data[DATA_DHCP].address_data
    await house.hass.async_block_till_done()
    for address in (OFF_LINK, house.network.addresses[OTHER], "10.77.0.200"):
        attacker.request_lease(house.network.macs[MINE], address)
        await house.until(partial(is_leased, leases, address))
        attacker.announce("Arduino", address)
    await house.minutes(5)
    assert mine.data[CONF_HOST] == house.network.addresses[MINE]
    assert house.is_online(mine)
    assert OFF_LINK not in house.capture.asked_for()
    assert house.passwords_received(MINE) == house.passwords_received(OTHER) == []
    assert not list(mine.async_get_active_flows(house.hass, {"reauth"}))

    await house.network.fleets[MINE].command(power="off")
    await house.until(lambda: board_of(mine).data is False)
    await house.minutes(3)
    assert mine.data[CONF_HOST] == house.network.addresses[MINE]
    assert OFF_LINK not in house.capture.asked_for()
    assert house.passwords_received(OTHER) == []


async def test_whoever_claims_an_address_behind_a_router_is_not_taken_for_who_is_there(
    house: House, mine: ConfigEntry, attacker: Attacker
) -> None:
    """The system believes it, and has it in its ARP table."""
    await house.network.route(OFF_LINK, REPLACEMENT)
    attacker.claim(OFF_LINK, str(HOST.ip))
    await house.until(lambda: f"{OFF_LINK} " in Path("/proc/net/arp").read_text())
    assert mac_of(OFF_LINK) is None
    assert mac_of(mine.data[CONF_HOST]) == house.network.macs[MINE]


async def test_a_true_lease_is_followed(house: House, mine: ConfigEntry, attacker: Attacker) -> None:
    assert await async_setup_component(house.hass, "dhcp", {})
    house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await house.hass.async_block_till_done()
    moving = asyncio.create_task(house.network.renumber({MINE: "10.77.0.50"}))
    attacker.request_lease(house.network.macs[MINE], "10.77.0.50")
    await moving
    await house.until(lambda: house.is_online(mine))
    assert mine.data[CONF_HOST] == "10.77.0.50"


async def test_two_hundred_made_up_names_cause_no_password_and_are_not_taken(
    house: House, mine: ConfigEntry, attacker: Attacker
) -> None:
    """Half of them come while the board announces its own, and no other packet of it is lost."""
    asked = house.questions_received(MINE)
    address = house.network.addresses[MINE]
    for number in range(200):
        attacker.announce(f"Evil {number}", address)
        await asyncio.sleep(0)
    heard = async_get_querier(house.hass).sightings
    await house.until(lambda: (last := heard.get(address)) is not None and last.name == "Evil 199")
    await house.minutes(3)
    assert house.passwords_received(MINE) == []
    assert mine.data[CONF_NAME] == "Arduino"
    assert house.is_online(mine)
    assert house.questions_received(MINE) - asked < 20
    assert house.issues() == set()


async def test_made_up_addresses_delay_no_board(
    house: House, mine: ConfigEntry, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An install on a board that is off waits at once, and goes on when it is back; others are looked after all the time."""
    other = await house.add(OTHER)
    house.hass.config_entries.async_update_entry(mine, options={**mine.options, CONF_WAIT: 5})
    await house.offer(mine, build_sketch(password=house.password(MINE), version="2.0"))
    await house.network.fleets[MINE].command(power="off")
    await house.until(lambda: board_of(mine).data is False)

    async def announce_for_ever() -> None:
        while True:
            for address in MADE_UP:
                attacker.announce("Arduino", address)
                await asyncio.sleep(0.005)

    flood = asyncio.create_task(announce_for_ever())
    try:
        await house.until(lambda: len(async_get_querier(house.hass).sightings) > 600)
        installing = asyncio.create_task(house.install(mine))
        await at_stage(mine, Stage.WAITING)
        await installing
        await house.network.fleets[OTHER].command(power="off")
        await house.until(lambda: board_of(other).data is False)
        await house.network.fleets[OTHER].command(power="on")
        await house.network.fleets[MINE].command(power="on")
        await house.network.fleets[MINE].event("flashing")
        await house.until(lambda: house.is_online(other), within=15)
    finally:
        flood.cancel()
    await house.until(lambda: house.is_online(mine))
    assert set(house.passwords_received(OTHER)) <= {house.password(OTHER)}


async def test_nothing_is_contacted_because_somebody_announces_it_elsewhere(
    house: House, mine: ConfigEntry, attacker: Attacker
) -> None:
    """Loopback, ports that are no board's, this machine itself, and what is behind a router as long as nobody opens its card."""
    connections: list[object] = []
    places = (("127.0.0.1", 9100), ("127.0.0.1", PORT), (str(HOST.ip), PORT), (house.network.addresses[OTHER], 9100))
    servers = [
        await asyncio.start_server(lambda *connection: connections.append(connection), host, port)
        for host, port in places[:3]
    ]
    for host, port in (*places, ("169.254.7.7", PORT), (OFF_LINK, PORT)):
        attacker.announce("printer", host, port=port)
    heard = async_get_querier(house.hass).sightings
    await house.until(lambda: heard.get(OFF_LINK))
    await house.minutes(3)
    assert connections == []
    assert {one.address for one in heard} == {house.network.addresses[MINE], house.network.addresses[OTHER], OFF_LINK}
    assert "169.254.7.7" not in house.capture.asked_for()
    flows = house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    hosts = {flow["context"].get("title_placeholders", {}).get("host") for flow in flows}
    assert not hosts & {"127.0.0.1", str(HOST.ip), "169.254.7.7"}
    for server in servers:
        server.close()


async def test_a_name_that_is_code_is_text_on_the_card_and_in_the_dialog(
    house: House, mine: ConfigEntry, attacker: Attacker
) -> None:
    """Neither is a picture fetched, nor a link shown, nor the text turned around."""
    attacker.announce("![x](http://a.b) [in](http://a.b)\u202e\u200b", OFF_LINK)
    flows = house.hass.config_entries.flow

    def cards() -> list[Any]:
        found = flows.async_progress_by_handler(DOMAIN)
        return [one for one in found if one["context"].get("title_placeholders", {}).get("host") == OFF_LINK]

    await house.until(lambda: bool(cards()))
    [card] = cards()
    assert card["context"]["title_placeholders"]["name"] == "![x](http://a.b) [in](http://a.b)"
    form = await flows.async_configure(card["flow_id"])
    shown = ENGLISH["config"]["step"][form["step_id"]]["description"].format(**(form["description_placeholders"] or {}))
    assert "!\\[x\\]" in shown
    assert not re.search(r"(?<!\\)\[|[\u202e\u200b]", shown)


async def test_addresses_that_are_exchanged_while_a_board_restarts_are_not_waited_out(
    house: House, mine: ConfigEntry
) -> None:
    other = await house.add(OTHER)
    await house.offer(mine, build_sketch(password="sesame", version="2.0"))
    board = house.network.fleets[MINE]
    await board.command(set={"away": 600})
    installing = asyncio.create_task(house.install(mine))
    await board.event("away")
    mine_at, other_at = house.network.addresses[MINE], house.network.addresses[OTHER]
    await house.network.renumber({MINE: other_at, OTHER: mine_at})
    await asyncio.wait_for(installing, 60)
    assert (mine.data[CONF_HOST], other.data[CONF_HOST]) == (other_at, mine_at)
    assert mine.runtime_data.coordinator.record.version == "2.0"
    assert set(house.passwords_received(OTHER)) <= {house.password(OTHER)}
    assert not [one for one in house.network.fleets[OTHER].events if one["event"] == "flashing"]


async def test_hardware_in_the_place_of_a_board_is_told_of_and_gets_nothing(house: House, mine: ConfigEntry) -> None:
    await house.take_address(MINE, REPLACEMENT)
    await house.network.start_board(REPLACEMENT, name="Arduino", port=PORT, password="of the new one", pause=0.05)
    await house.until(lambda: f"wrong_board.{mine.entry_id}" in house.issues())
    assert house.passwords_received(REPLACEMENT) == []
    assert board_of(mine).data is False


async def test_somebody_at_the_address_of_a_board_that_is_off_gets_nothing(
    house: House, mine: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He announces its name and responds as it does, while an install waits for it."""
    monkeypatch.setattr(tracker, "OFFLINE_PER_ROUND", 8)
    house.hass.config_entries.async_update_entry(mine, options={**mine.options, CONF_WAIT: 5})
    await house.offer(mine, build_sketch(password="sesame", version="2.0"))
    await house.take_address(MINE, ATTACKER)
    await house.until(lambda: board_of(mine).data is False)
    await house.network.start_board(ATTACKER, name="Arduino", port=PORT, password=house.password(MINE), pause=0.05)
    await house.install(mine)
    await house.minutes(5)
    assert house.passwords_received(ATTACKER) == []
    assert not [one for one in house.network.fleets[ATTACKER].events if one["event"] == "flashing"]
