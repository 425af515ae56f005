"""A network of boards, strangers and attackers without a socket, and a clock of its own: hours pass in milliseconds.

In the place of the sockets are a client that asks the network, an ARP table, and announcements.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting
from custom_components.mkr1000_ota.arduino_ota.discovery.sightings import Sightings
from custom_components.mkr1000_ota.arduino_ota.errors import BoardUnreachable, WrongPassword
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.network.adapters import Reach
from tests.discovery.announcements import announcement, records
from tests.support.steps import REPEATER
from tests.virtual_board.firmware import Firmware, start

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
