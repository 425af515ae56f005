"""A Home Assistant on a network of real packets: boards and an attacker, each in a network namespace of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
import os
from pathlib import Path
import socket
import struct
import time
from typing import Any

import aiodhcpwatcher
from homeassistant.components.zeroconf.const import DATA_INSTANCE
from homeassistant.components.zeroconf.models import HaAsyncZeroconf, HaZeroconf
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket
from scapy.layers.l2 import Ether
from zeroconf import IPVersion

from custom_components.mkr1000_ota.const import (
    CONF_FOLDER,
    CONF_HEARD_NAME,
    CONF_LIBRARY,
    CONF_STORAGE,
    CONF_TYPED_HOST,
    CONF_WAIT,
    DOMAIN,
)
from custom_components.mkr1000_ota.network import identity, mdns
from custom_components.mkr1000_ota.presence import tracker
from tests.virtual_board.announcement import answer
from tests.virtual_board.network import HOST, NAMESPACES, BoardNetwork

# What boards have, fixed in their libraries.
PORT = 65280
# A minute of the integration's own pace, in seconds of these tests.
MINUTE = 2.0
MDNS_MAC, MDNS_ADDRESS, MDNS_PORT = bytes.fromhex("01005e0000fb"), "224.0.0.251", 5353
BROADCAST_MAC = b"\xff" * 6
ETHERNET, IP_HEADER = 14, 20
ETH_P_ALL, ETH_P_IP, ETH_P_ARP = 3, 0x0800, 0x0806
DHCP_REQUEST, DHCP_COOKIE = 3, bytes.fromhex("63825363")


class Capture:
    """Every packet that Home Assistant sends, below IP, where nothing can hide."""

    def __init__(self, interface: str) -> None:
        """Listen from now on."""
        self.sent: list[tuple[float, bytes]] = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, 0))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @property
    def queries(self) -> list[float]:
        """When each mDNS query of a board's 37 bytes was sent."""
        return [
            at
            for at, frame in self.sent
            if frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_UDP and frame[36:38] == b"\x14\xe9"
            if len(frame) == ETHERNET + IP_HEADER + 8 + 37
        ]

    def asked_for(self) -> set[str]:
        """Return the addresses whose hardware address was asked for, or which a packet was sent to."""
        found = set()
        for _, frame in self.sent:
            if frame[12:14] == b"\x08\x06":
                found.add(socket.inet_ntoa(frame[38:42]))
            elif frame[12:14] == b"\x08\x00":
                found.add(socket.inet_ntoa(frame[30:34]))
        return found

    def _read(self) -> None:
        packet, (*_, kind, _hardware, _sender) = self._socket.recvfrom(2048)
        if kind == socket.PACKET_OUTGOING:
            self.sent.append((time.monotonic(), packet))


class Attacker:
    """Somebody on the network who sends what he likes, in anybody's name."""

    def __init__(self, namespace: str) -> None:
        """Open a socket in a namespace."""
        with Path("/proc/thread-self/ns/net").open("rb") as outside, (NAMESPACES / namespace).open("rb") as inside:
            os.setns(inside.fileno(), os.CLONE_NEWNET)
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._socket.bind(("eth0", 0))
            os.setns(outside.fileno(), os.CLONE_NEWNET)
        self._mac = self._socket.getsockname()[4]

    def close(self) -> None:
        """Send no more."""
        self._socket.close()

    def announce(self, name: str, address: str, *, port: int = PORT) -> None:
        """Announce a board, as if it did so itself."""
        content = answer(name, address, port, "mkr1000")
        self._send(self._mac, MDNS_MAC, address, MDNS_ADDRESS, MDNS_PORT, MDNS_PORT, content)

    def claim(self, address: str, target: str) -> None:
        """Ask for the hardware address of a target in the name of an address, which the target remembers then."""
        arp = struct.pack(">2H2BH", 1, ETH_P_IP, 6, 4, 1) + self._mac + socket.inet_aton(address)
        arp += bytes(6) + socket.inet_aton(target)
        self._socket.send(BROADCAST_MAC + self._mac + struct.pack(">H", ETH_P_ARP) + arp)

    def request_lease(self, mac: str, address: str) -> None:
        """Ask for an address as the board with a hardware address does when it starts."""
        hardware = bytes.fromhex(mac.replace(":", ""))
        bootp = struct.pack(">4BIHH16x6s10x192x", 1, 1, 6, 0, 0x12345678, 0, 0, hardware)
        options = bytes((53, 1, DHCP_REQUEST, 50, 4)) + socket.inet_aton(address)
        options += bytes((12, 10)) + b"WINC-00-01" + b"\xff"
        self._send(hardware, BROADCAST_MAC, "0.0.0.0", "255.255.255.255", 68, 67, bootp + DHCP_COOKIE + options)

    def _send(
        self, source_mac: bytes, mac: bytes, source: str, target: str, source_port: int, port: int, content: bytes
    ) -> None:
        udp = struct.pack(">4H", source_port, port, 8 + len(content), 0) + content
        header = struct.pack(">2B3H2BH", 0x45, 0, IP_HEADER + len(udp), 1, 0, 255, socket.IPPROTO_UDP, 0)
        header += socket.inet_aton(source) + socket.inet_aton(target)
        total = sum(struct.unpack(">10H", header))
        checksum = ~(total + (total >> 16)) & 0xFFFF
        packet = header[:10] + struct.pack(">H", checksum) + header[12:] + udp
        self._socket.send(mac + source_mac + struct.pack(">H", ETH_P_IP) + packet)


async def watch_dhcp(tell: Callable[[aiodhcpwatcher.DHCPRequest], None], _indexes: object) -> Callable[[], None]:
    """Listen for DHCP packets as Home Assistant does, but for the filter: not every machine has what compiles one."""
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    listening.bind(("lan", 0))
    listening.setblocking(False)
    handle = aiodhcpwatcher.make_packet_handler(tell)
    loop = asyncio.get_running_loop()
    loop.add_reader(listening, lambda: handle(Ether(listening.recv(2048))))

    def stop() -> None:
        loop.remove_reader(listening)
        listening.close()

    return stop


class House:
    """A Home Assistant, boards, and what each board was sent."""

    def __init__(self, hass: HomeAssistant, network: BoardNetwork, capture: Capture) -> None:
        """The boards run already."""
        self.hass = hass
        self.network = network
        self.capture = capture

    def password(self, number: int) -> str:
        """Return the password of a board; no other one has it."""
        return f"secret of {number}"

    @property
    def entries(self) -> list[ConfigEntry]:
        """All boards that are set up."""
        return self.hass.config_entries.async_entries(DOMAIN)

    def number(self, entry: ConfigEntry) -> int:
        """Return which board an entry stands for."""
        return self.network.macs.index(entry.data[CONF_MAC])

    def passwords_received(self, number: int) -> list[str]:
        """Return the passwords that a board was sent."""
        fleet = self.network.fleets.get(number)
        events = fleet.events if fleet else []
        return [one["password"] for one in events if one["event"] == "request" and one["password"] is not None]

    def questions_received(self, number: int) -> int:
        """Return how often a board was asked who it is."""
        return sum(
            one["event"] == "request" and one["line"].startswith("GET ") for one in self.network.fleets[number].events
        )

    def is_online(self, entry: ConfigEntry) -> bool:
        """Return whether an entry is at the address of its own board, and that counts as online."""
        is_at_home = entry.data[CONF_HOST] == self.network.addresses[self.number(entry)]
        return is_at_home and entry.runtime_data.coordinator.data is True

    def issues(self) -> set[str]:
        """Return what the user is told."""
        return {one.issue_id for one in ir.async_get(self.hass).issues.values() if one.domain == DOMAIN}

    async def add(self, number: int, **options: Any) -> ConfigEntry:
        """Set up a board as if it had been added by hand, and wait until it is online."""
        fleet = self.network.fleets[number]
        name = (await fleet.event("started"))["name"]
        mac, address = self.network.macs[number], self.network.addresses[number]
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=f"{name} {number}",
            unique_id=mac,
            data={
                CONF_HOST: address,
                CONF_TYPED_HOST: address,
                CONF_PORT: PORT,
                CONF_NAME: name,
                CONF_HEARD_NAME: name,
                CONF_PASSWORD: self.password(number),
                CONF_LIBRARY: "WiFi101OTA",
                CONF_MAC: mac,
            },
            options={CONF_STORAGE: "internal", CONF_FOLDER: f"{DOMAIN}/{number}", CONF_WAIT: 0, **options},
        )
        await self.hass.config_entries.async_add(entry)
        await self.until(lambda: self.is_online(entry))
        return entry

    def namespace(self, number: int) -> str:
        """Return the network namespace of a board, or of what is in its place."""
        return self.network._names[number]  # noqa: SLF001 - who else should need it

    async def take_address(self, number: int, other: int) -> None:
        """Take a board off the network for good, and give its address to what is not there yet."""
        await self.network.fleets.pop(number).stop()
        await self.network.renumber({number: "10.77.0.99", other: self.network.addresses[number]})

    async def offer(self, entry: ConfigEntry, image: bytes) -> None:
        """Put a sketch into the firmware folder of a board, as if it had been there for a while."""
        file = Path(self.hass.config.path(entry.options[CONF_FOLDER])) / "sketch.bin"
        file.write_bytes(image)
        os.utime(file, (0, 0))
        await entry.runtime_data.coordinator.sources.chosen.async_refresh()

    async def install(self, entry: ConfigEntry) -> None:
        """Install what is offered for a board."""
        name = entry.title.lower().replace(" ", "_")
        await self.hass.services.async_call(
            "update", "install", {"entity_id": f"update.{name}_firmware"}, blocking=True
        )

    async def minutes(self, count: int) -> None:
        """Wait until so many queries were sent, as once a minute."""
        sent = len(self.capture.queries)
        await self.until(lambda: len(self.capture.queries) >= sent + count)

    async def until(self, is_so: Callable[[], Any], within: float = 60.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within):
            while not is_so():
                await asyncio.sleep(0.05)


@asynccontextmanager
async def house_of(hass: HomeAssistant, boards: int, *, others: int = 0, name: str = "Arduino") -> AsyncIterator[House]:
    """Put Home Assistant on a network with boards that it does not know yet, and with room for others."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", str(HOST.network), MDNS_ADDRESS])
    adapter = {"address": str(HOST.ip), "network_prefix": HOST.network.prefixlen}
    async with BoardNetwork(boards + others) as network:
        await asyncio.gather(
            *(
                network.start_board(number, name=name, port=PORT, password=f"secret of {number}", pause=0.05)
                for number in range(boards)
            )
        )
        with network.entered_host(), pytest.MonkeyPatch.context() as patch:
            patch.setattr("homeassistant.components.zeroconf.install_multiple_zeroconf_catcher", lambda _: None)
            patch.setattr(
                "homeassistant.components.network.async_get_loaded_adapters",
                lambda _: [{"name": "lan", "enabled": True, "ipv4": [adapter], "ipv6": []}],
            )
            patch.setattr(mdns, "QUIET_INTERVAL", MINUTE)
            patch.setattr(tracker, "CHECK_INTERVAL", timedelta(seconds=MINUTE))
            patch.setattr(identity, "HEARD_LATELY", 1.5 * MINUTE)
            capture = Capture("lan")
            zeroconf = HaAsyncZeroconf(zc=HaZeroconf(interfaces=[str(HOST.ip)], ip_version=IPVersion.V4Only))
            await zeroconf.zeroconf.async_wait_for_start()
            hass.data[DATA_INSTANCE] = zeroconf
            house = House(hass, network, capture)
            try:
                yield house
            finally:
                for entry in house.entries:
                    await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done(wait_background_tasks=True)
                await zeroconf.ha_async_close()
                capture.close()
