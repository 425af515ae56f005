"""Ten boards of one name on a network of their own: each is found, once, and followed wherever it goes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
import os
from pathlib import Path
import socket
import subprocess
from typing import Any

from homeassistant.components.zeroconf.const import DATA_INSTANCE
from homeassistant.components.zeroconf.models import HaAsyncZeroconf, HaZeroconf
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
import pytest_socket
from zeroconf import IPVersion

from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.install import reconnect as homecoming
from custom_components.mkr1000_ota.network import mdns as asker
from custom_components.mkr1000_ota.presence import tracker as presence
from tests.virtual_board.network import HOST, BoardNetwork, all_permuted
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

BOARDS = 10
# What boards have, fixed in their libraries.
PORT = 65280
# A minute of the integration's own pace, in seconds of these tests.
MINUTE = 2.0
QUESTION = 37
IP_COMMAND = "ip"
ETHERNET, IP, UDP = 14, 20, 8
ETH_P_ALL = 3


class Capture:
    """Counts every exact question on the wire."""

    def __init__(self, interface: str) -> None:
        """Listen below IP, where nothing can hide."""
        self.questions = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, 0))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        packet, (*_, kind, _hardware, _sender) = self._socket.recvfrom(2048)
        frame = packet[ETHERNET:]
        is_mdns = frame[0] == 0x45 and frame[9] == socket.IPPROTO_UDP and frame[22:24] == b"\x14\xe9"
        if is_mdns and len(frame) == IP + UDP + QUESTION and kind == socket.PACKET_OUTGOING:
            self.questions += 1


class House:
    """A Home Assistant, ten boards, and what each board was sent."""

    def __init__(self, hass: HomeAssistant, network: BoardNetwork, capture: Capture) -> None:
        """The boards run already."""
        self.hass = hass
        self.network = network
        self.capture = capture

    def password(self, number: int) -> str:
        """The password of a board; no other one has it."""
        return f"secret of {number}"

    @property
    def entries(self) -> list[ConfigEntry]:
        """All boards that are set up."""
        return self.hass.config_entries.async_entries(DOMAIN)

    def number(self, entry: ConfigEntry) -> int:
        """Which board an entry stands for."""
        return self.network.macs.index(entry.data[CONF_MAC])

    @property
    def passwords_sent(self) -> list[set[str]]:
        """The passwords that each board was ever sent."""
        return [
            {
                event["password"]
                for event in self.network.fleets[number].events
                if event["event"] == "request" and event["password"] is not None
            }
            for number in range(BOARDS)
        ]

    @property
    def passwords_received(self) -> list[int]:
        """How often each board was sent a password."""
        return [
            sum(event["event"] == "request" and event["password"] is not None for event in fleet.events)
            for _, fleet in sorted(self.network.fleets.items())
        ]

    @property
    def is_right(self) -> bool:
        """Whether every entry is at the address of its own board, and that board answers there."""
        return len(self.entries) == BOARDS and all(
            entry.data[CONF_HOST] == self.network.addresses[self.number(entry)] and entry.runtime_data.coordinator.data
            for entry in self.entries
        )

    async def add_all(self) -> None:
        """Add the first board by hand, and the others through the cards that appear."""
        flow = self.hass.config_entries.flow
        result = await flow.async_init(DOMAIN, context={"source": "user"})
        await self.until(lambda: flow.async_get(result["flow_id"])["step_id"] == "pick")
        result = await flow.async_configure(result["flow_id"], {CONF_HOST: self.network.addresses[0]})
        await self.enter_password(result["flow_id"], self.network.addresses[0])
        while len(self.entries) < BOARDS:
            await asyncio.sleep(0.05)
            for card in flow.async_progress_by_handler(DOMAIN):
                if card["step_id"] == "password":
                    await self.enter_password(card["flow_id"], card["context"]["title_placeholders"]["host"])

    async def enter_password(self, flow_id: str, address: str) -> None:
        """Enter the password of the board at an address."""
        number = self.network.addresses.index(address)
        result = await self.hass.config_entries.flow.async_configure(flow_id, {CONF_PASSWORD: self.password(number)})
        assert result["type"] is FlowResultType.CREATE_ENTRY

    async def remember(self, neighbours: dict[str, str]) -> None:
        """Have the kernel go on believing what it knew of its neighbours before they moved."""
        batch = "\n".join(
            f"neighbour replace {address} lladdr {mac} dev lan nud stale" for address, mac in neighbours.items()
        )
        command = [IP_COMMAND, "-n", self.network.host, "-batch", "-"]
        await asyncio.to_thread(subprocess.run, command, input=batch, text=True, check=True)

    def unique_id(self, entity_id: str) -> str:
        """The unique id of an entity."""
        entity = er.async_get(self.hass).async_get(entity_id)
        assert entity
        return str(entity.unique_id)

    async def offer(self, entry: ConfigEntry, image: bytes) -> None:
        """Put a sketch into the firmware folder of a board, as if it had been there for a while."""
        file = Path(self.hass.config.path(entry.options[CONF_FOLDER])) / "sketch.bin"
        file.write_bytes(image)
        os.utime(file, (0, 0))
        await entry.runtime_data.coordinator.sources.chosen.async_refresh()

    async def until(self, is_so: Callable[[], Any], within: float = 60.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within):
            while not is_so():
                await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have shorter minutes."""
    monkeypatch.setattr(asker, "QUIET", MINUTE)
    monkeypatch.setattr(presence, "CHECK_INTERVAL", timedelta(seconds=MINUTE))
    monkeypatch.setattr(presence, "HEARD_LATELY", 1.5 * MINUTE)


@pytest.fixture
async def house(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    loopback: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> AsyncIterator[House]:
    """Put Home Assistant on a network with ten boards that are all called Arduino; it does not know them yet."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", str(HOST.network), "224.0.0.251"])
    monkeypatch.setattr("homeassistant.components.zeroconf.install_multiple_zeroconf_catcher", lambda _: None)
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    async with BoardNetwork(BOARDS) as network:
        await asyncio.gather(
            *(
                network.start_board(number, name="Arduino", port=PORT, password=f"secret of {number}", pause=0.05)
                for number in range(BOARDS)
            )
        )
        with network.entered_host():
            capture = Capture("lan")
            zeroconf = HaAsyncZeroconf(zc=HaZeroconf(interfaces=[str(HOST.ip)], ip_version=IPVersion.V4Only))
            await zeroconf.zeroconf.async_wait_for_start()
            hass.data[DATA_INSTANCE] = zeroconf
            house = House(hass, network, capture)
            yield house
            for entry in house.entries:
                await hass.config_entries.async_unload(entry.entry_id)
            await zeroconf.ha_async_close()
            capture.close()


async def test_from_nothing_to_wherever_they_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.add_all()
    assert house.capture.questions
    assert {entry.unique_id for entry in house.entries} == set(house.network.macs)
    assert len({entry.title for entry in house.entries}) == BOARDS
    await house.until(lambda: house.is_right)

    # From now on passwords are sent as often as anything gives an occasion, which makes a mistake likely.
    monkeypatch.setattr(homecoming, "CHECK_INTERVAL", 0.0)
    entities = [entity.entity_id for entity in house.hass.states.async_all()]
    await house.network.renumber(all_permuted(house.network.addresses))
    await house.until(lambda: house.is_right)
    who_was_there = dict(zip(house.network.addresses, house.network.macs, strict=True))
    await house.network.renumber(all_permuted(house.network.addresses))
    await house.remember(who_was_there)
    await house.until(lambda: house.is_right)
    before = house.passwords_received
    await house.until(lambda: all(now > then for now, then in zip(house.passwords_received, before, strict=True)))

    assert house.passwords_sent == [{house.password(number)} for number in range(BOARDS)]
    assert [entity.entity_id for entity in house.hass.states.async_all()] == entities
    assert not house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)

    entry = house.entries[0]
    number = house.number(entry)
    board = house.network.fleets[number]
    await house.offer(entry, build_sketch(password=house.password(number), version="2.0"))
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await board.command(power="off")
    [update] = [one for one in entities if one.startswith("update.") and entry.entry_id in house.unique_id(one)]
    await house.hass.services.async_call("update", "install", {"entity_id": update}, blocking=True)
    assert not [event for event in board.events if event["event"] == "flashing"]
    await board.command(power="on")
    await board.event("flashing")
    await house.until(lambda: house.hass.states.is_state(update, "off"))
    assert [
        fleet for fleet in house.network.fleets.values() if any(event["event"] == "flashing" for event in fleet.events)
    ] == [board]
