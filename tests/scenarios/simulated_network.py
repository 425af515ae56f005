"""A network of boards, strangers and attackers without a socket, and a clock of its own: hours pass in milliseconds.

The integration's own rules run on it (identity, tracker, moves, installer). In the place of the sockets are a client
that asks the network, an ARP table, and announcements.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from random import Random
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota import coordinator as coordinators, issues
from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting
from custom_components.mkr1000_ota.arduino_ota.discovery.sightings import Sightings
from custom_components.mkr1000_ota.arduino_ota.errors import BoardUnreachable, WrongPassword
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.const import (
    CONF_HEARD_NAME,
    CONF_LIBRARY,
    CONF_TYPED_HOST,
    CONF_WAIT,
    DOMAIN,
    LOGGER,
)
from custom_components.mkr1000_ota.coordinator import BoardCoordinator
from custom_components.mkr1000_ota.data import BoardData
from custom_components.mkr1000_ota.install.installer import BoardInstaller
from custom_components.mkr1000_ota.network import adapters, identity, mdns
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.presence import moves, tracker
from custom_components.mkr1000_ota.presence.tracker import PresenceTracker
from custom_components.mkr1000_ota.storage.records import BoardRecord
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.discovery.announcements import announcement, records
from tests.virtual_board.firmware import Firmware, start

REPEATER: Final = "a4:2b:b0:00:00:01"
PACKAGE: Final = "custom_components.mkr1000_ota"
# What a new sketch takes to start, in questions that get no response meanwhile.
RESTART: Final = 3


@dataclass(eq=False)
class Device:
    """Something that responds like a board."""

    mac: str
    host: str
    name: str
    password: str | None
    is_on: bool = True
    announces: bool = True
    is_repeated: bool = False
    is_routed: bool = False
    restarts: int = 0
    new_sketch: Firmware | None = None


@dataclass(frozen=True)
class Secret:
    """A password or a sketch, and who got it for which entry."""

    entry: ConfigEntry
    host: str
    device: Device
    shown_mac: str | None


class Clock(ModuleType):
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        """Begin somewhere."""
        super().__init__("time")
        self.passed = 1e6

    def monotonic(self) -> float:
        """Return seconds."""
        return self.passed

    def time(self) -> float:
        """Return seconds since the epoch."""
        return 1.8e9 + self.passed


class Network:
    """Who is where, what was announced, and every secret that anybody got."""

    def __init__(self, clock: Clock) -> None:
        """Nobody is there yet."""
        self.clock = clock
        self.devices: list[Device] = []
        self.secrets: list[Secret] = []
        self.leases: dict[str, str] = {}
        self.passes_multicast = True
        self.questions = 0
        self.on_restart: Callable[[Device], None] = lambda _: None

    def at(self, host: str) -> Device | None:
        """Return who responds at an address."""
        return next((one for one in self.devices if one.host == host and one.is_on and not one.restarts), None)

    def mac_at(self, host: str) -> str | None:
        """Return what the ARP table shows for an address."""
        device = self.at(host)
        if device is None or device.is_routed:
            return None
        return REPEATER if device.is_repeated else device.mac

    def reach(self, host: str, *_: object) -> Reach:
        """Return where an address is: 10.0.0.0/24 is our network unless what is there was put behind a router."""
        device = self.at(host)
        on_link = host.startswith("10.0.0.") and not (device and device.is_routed)
        return Reach.ON_LINK if on_link else Reach.ROUTED

    def pass_question(self) -> None:
        """Let the boards that restart come a step closer to their new sketch."""
        self.questions += 1
        for device in self.devices:
            if device.restarts:
                device.restarts -= 1
                if not device.restarts and device.new_sketch is not None:
                    device.name, device.password = device.new_sketch.name, device.new_sketch.password
                    self.on_restart(device)


class Client:
    """Stands in for BoardClient."""

    network: Network

    def __init__(self, _session: object, host: str, port: int, verify: Any = None, *_: object) -> None:
        """Ask whoever is at an address."""
        self.host = host
        self.port = port
        self.connected_at = 0.0
        self.entry: ConfigEntry | None = None
        self._verify = verify

    async def identify(self, **_: object) -> Library:
        """Ask who is there."""
        self._device()
        await asyncio.sleep(0)
        if self._verify is not None:
            await self._verify(self.host)
        return Library.WIFI101OTA

    async def check_password(self, password: str, **_: object) -> Library:
        """Send a password."""
        device = await self._send_secret()
        if device.password is not None and password != device.password:
            raise WrongPassword
        return Library.WIFI101OTA

    async def upload(self, image: bytes, password: str, **callbacks: Any) -> None:
        """Send a sketch."""
        device = await self._send_secret()
        if device.password is not None and password != device.password:
            raise WrongPassword
        for name, call in callbacks.items():
            if name.startswith("before_last"):
                await call()
            elif name == "on_progress":
                call(len(image))
        device.new_sketch = start(image, {})
        device.restarts = RESTART

    async def _send_secret(self) -> Device:
        device = self._device()
        if self._verify is not None:
            await self._verify(self.host)
        assert self.entry is not None
        self.network.secrets.append(Secret(self.entry, self.host, device, self.network.mac_at(self.host)))
        await asyncio.sleep(0)
        return device

    def _device(self) -> Device:
        self.network.pass_question()
        self.connected_at = self.network.clock.monotonic()
        if (device := self.network.at(self.host)) is None:
            raise BoardUnreachable
        return device


class Querier:
    """Stands in for MdnsQuerier: whoever announces itself is heard at once when somebody queries."""

    def __init__(self, network: Network) -> None:
        """Hear nothing yet."""
        self.sightings = Sightings(self._pass_on)
        self._network = network
        self._listeners: list[Callable[[Sighting], None]] = []

    def async_listen(self, listener: Callable[[Sighting], None]) -> Callable[[], None]:
        """Pass on what is heard."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def frequent(self) -> Iterator[None]:
        """Query while somebody waits."""
        self.query()
        yield

    async def async_wait_for(self, address: str, *, timeout: float) -> Sighting | None:
        """Query once."""
        before = self.sightings.get(address)
        self.query()
        self._network.clock.passed += timeout
        await asyncio.sleep(0)
        sighting = self.sightings.get(address)
        return sighting if sighting is not before else None

    def query(self) -> None:
        """Hear whoever is there."""
        for device in self._network.devices if self._network.passes_multicast else ():
            if device.announces and self._network.at(device.host) is device:
                self.hear(device.name, device.host)

    def hear(self, name: str, host: str) -> None:
        """Hear an announcement, true or not."""
        self.sightings.hear(records(announcement(name, host)))

    def _pass_on(self, sighting: Sighting) -> None:
        for listener in tuple(self._listeners):
            listener(sighting)


class NoImages:
    """Stands in for the folder of images: it holds what a test has put there."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.sha256s: frozenset[str] = frozenset()

    async def store(self, *_: object) -> None:
        """Keep an image."""

    @asynccontextmanager
    async def storing(self, *_: object) -> AsyncIterator[None]:
        """Keep an image until it is written down what needs it."""
        yield

    async def keep(self, *_: object) -> None:
        """Remove images."""


class House:
    """A Home Assistant on the network."""

    def __init__(self, hass: HomeAssistant, network: Network, querier: Querier) -> None:
        """Follow no board yet."""
        self.hass = hass
        self.network = network
        self.querier = querier
        self.tracker = PresenceTracker(hass)
        self.boards: dict[BoardCoordinator, Device] = {}
        self.reauths: set[str] = set()
        self.uncaught: list[dict[str, Any]] = []
        self._stop: list[Callable[[], None]] = []

    async def add(self, device: Device) -> BoardCoordinator:
        """Set up a board whose password was typed for the address that it has."""
        mac = None if device.is_routed or device.is_repeated else device.mac
        name = device.name if device.announces and self.network.passes_multicast else None
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=f"{device.name} {len(self.boards)}",
            unique_id=mac or f"{device.name}@{device.host}",
            data={
                CONF_HOST: device.host,
                CONF_TYPED_HOST: device.host,
                CONF_PORT: 65280,
                CONF_NAME: name,
                CONF_HEARD_NAME: name,
                CONF_PASSWORD: device.password,
                CONF_LIBRARY: Library.WIFI101OTA.value,
                **({CONF_MAC: mac} if mac else {}),
            },
            options={CONF_WAIT: 0},
        )
        entry.add_to_hass(self.hass)
        entry.mock_state(self.hass, ConfigEntryState.LOADED)
        sources: Any = SimpleNamespace(
            find_offers=lambda *_: coordinators.NOTHING,
            memory=lambda _, record: record.source_memory,
            chosen=SimpleNamespace(confirmed=False),
        )
        images: Any = NoImages()
        store = RecordStore(self.hass, entry.entry_id)
        await store.load()
        board = BoardCoordinator(self.hass, entry, store, images, sources)
        await board.async_accept_password(str(device.password))
        installer = BoardInstaller(board)
        entry.runtime_data = BoardData(board, installer)
        self._stop.append(self.tracker.async_follow(board, installer.on_response))
        self.boards[board] = device
        return board

    async def settle(self) -> None:
        """Wait until nothing is under way. Raises what nobody has caught."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        for context in self.uncaught:
            raise context.get("exception") or AssertionError(context["message"])

    async def minute(self) -> None:
        """Let a minute pass."""
        self.network.clock.passed += 60
        self.querier.query()
        await self.settle()
        await self.tracker.async_check(None)  # type: ignore[arg-type]  # nobody looks at it
        await self.settle()

    def issues(self) -> dict[str, dict[str, str]]:
        """Return what the user is told."""
        found = ir.async_get(self.hass).issues.values()
        return {one.issue_id: dict(one.translation_placeholders or {}) for one in found if one.domain == DOMAIN}

    async def close(self) -> None:
        """Forget everything."""
        for stop in self._stop:
            stop()
        await self.settle()
        for board in self.boards:
            del self.hass.config_entries._entries[board.config_entry.entry_id]  # noqa: SLF001 - nothing is on a disk
        ir.async_get(self.hass).issues.clear()


@asynccontextmanager
async def simulated(hass: HomeAssistant) -> AsyncIterator[Callable[[Random], House]]:
    """Let the integration run on simulated networks; what is returned begins a new one."""
    clock = Clock()
    reauths: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in [*sys.modules.items()]:
            if name.startswith(f"{PACKAGE}.") and getattr(module, "time", None) is time:
                patch.setattr(module, "time", clock)
            if name.startswith((f"{PACKAGE}.install.", f"{PACKAGE}.arduino_ota.flash.")) and hasattr(module, "asyncio"):
                patch.setattr(module, "asyncio", _without_waiting(clock))
        patch.setattr(coordinators, "BoardClient", Client)
        patch.setattr(coordinators, "async_get_clientsession", lambda _: None)
        patch.setattr(BoardCoordinator, "client_for", _owned(BoardCoordinator.client_for))
        patch.setattr(RecordStore, "_read", lambda _: BoardRecord())
        patch.setattr(RecordStore, "_replace", lambda *_: None)
        patch.setattr(adapters, "network", SimpleNamespace(async_get_loaded_adapters=lambda _: []))
        patch.setattr(issues, "async_get_cached_translations", lambda *_: defaultdict(str))
        patch.setattr(LOGGER, "disabled", True)
        patch.setattr(moves, "SEARCH_DELAY", 0.0)
        patch.setattr(tracker, "async_track_time_interval", lambda *_, **__: lambda: None)
        patch.setattr(MockConfigEntry, "async_start_reauth", lambda self, *_, **__: reauths.add(self.entry_id))
        patch.setattr(hass, "async_add_executor_job", _at_once)

        def begin(random: Random) -> House:
            clock.passed = 1e6
            patch.setattr(moves, "random", random)
            network = Network(clock)
            Client.network = network
            querier = Querier(network)
            hass.data[mdns._QUERIER] = querier  # type: ignore[misc]  # noqa: SLF001 - no other way
            mdns.async_get_querier.cache_clear()  # type: ignore[attr-defined]  # a singleton remembers the last one
            patch.setattr(identity, "mac_of", network.mac_at)
            patch.setattr(adapters, "reach_of", network.reach)
            patch.setattr(moves, "async_leased_hosts", lambda _: network.leases)
            house = House(hass, network, querier)
            reauths.clear()
            house.reauths = reauths
            hass.loop.set_exception_handler(lambda _, context: house.uncaught.append(context))
            patch.setattr(LOGGER, "exception", lambda *_: house.uncaught.append({"exception": sys.exception()}))
            return house

        yield begin


async def _at_once(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


def _owned(client_for: Callable[..., Any]) -> Callable[..., Any]:
    """Have clients know for which entry they send."""

    def client_of(board: BoardCoordinator, accepts: Any) -> Any:
        client = client_for(board, accepts)
        client.entry = board.config_entry
        return client

    return client_of


def _without_waiting(clock: Clock) -> ModuleType:
    """Return asyncio with a sleep that lets the clock go on instead."""
    stand_in = ModuleType("asyncio")
    stand_in.__dict__.update(asyncio.__dict__)

    async def sleep(seconds: float) -> None:
        clock.passed += seconds
        await asyncio.sleep(0)

    stand_in.__dict__["sleep"] = sleep
    return stand_in
