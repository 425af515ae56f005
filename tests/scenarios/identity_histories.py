"""Random histories of boards on a network, and what must be true of each: at every moment, and in the end."""

from collections.abc import Callable, Coroutine
from functools import cache
from random import Random
from typing import Any, Final

from homeassistant.const import CONF_NAME

from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import Sketch
from custom_components.mkr1000_ota.const import CONF_TYPED_HOST
from custom_components.mkr1000_ota.coordinator import BoardCoordinator
from custom_components.mkr1000_ota.data import InstallRequest
from tests.scenarios.simulated_home import House
from tests.scenarios.simulated_network import Device, Secret
from tests.virtual_board.sketches import build_sketch

STEPS: Final = 12
# Long enough for everything that the integration does at its own pace.
LAST_MINUTES: Final = 12
ADDRESSES: Final = [f"10.0.0.{number}" for number in range(10, 20)]
OFF_LINK: Final = ("203.0.113.5", "127.0.0.1", "10.9.9.9")
NAMES: Final = ("Garden", "Pump", "Arduino", "Arduino")
EVIL: Final = "evil"


class BrokenRule(AssertionError):
    """Something happened that must not, with the history that led to it."""


@cache
def sketch(name: str, password: str) -> Sketch:
    """Return a sketch that is called like that."""
    return Sketch.inspect(build_sketch(name=name, password=password, version="2.0"))


class History:
    """One history. A hostile one has somebody on the network who makes things up."""

    def __init__(self, house: House, random: Random, *, hostile: bool) -> None:
        """Nothing has happened yet."""
        self.house = house
        self.network = house.network
        self.random = random
        self.hostile = hostile
        self.told: list[str] = []
        self.dead: set[Device] = set()
        self._macs = 0

    async def run(self) -> None:
        """Let it happen. Raises BrokenRule."""
        for number in range(self.random.randint(2, 4)):
            device = self._new_device(NAMES[number])
            device.is_repeated = self._maybe(0.25)
            device.is_routed = self._maybe(0.1)
            device.announces = self._maybe(0.9)
            await self.house.add(device)
        for number in range(self.random.randint(0, 2)):
            self._new_device(f"Stranger {number}")
        await self._step(self.minutes)
        events = [self.minutes, self.power, self.renumber, self.repeat, self.reflash, self.replace, self.refresh]
        events += [self.install, self.move_house, self.block_multicast]
        if self.hostile:
            events += [self.forge_lease, self.make_up_names, self.make_up_boards, self.take_address] * 2
        for _ in range(STEPS):
            await self._step(self.random.choice(events))
        if not self.hostile:
            await self._end()

    async def minutes(self) -> None:
        """Let time pass."""
        for _ in range(self.random.randint(1, 3)):
            await self.house.minute()

    async def power(self) -> None:
        """Switch something off or on."""
        device = self.random.choice(self.network.devices)
        device.is_on = not device.is_on and device not in self.dead

    async def renumber(self) -> None:
        """Give some devices each other's addresses, or free ones, as a router does; it may tell of that."""
        there = [device for device in self.network.devices if device not in self.dead]
        moving = self.random.sample(there, self.random.randint(1, len(there)))
        hosts = [device.host for device in moving]
        free = [host for host in ADDRESSES if host not in {device.host for device in self.network.devices}]
        hosts += self.random.sample(free, min(len(free), self.random.randint(0, 2)))
        self.random.shuffle(hosts)
        for device, host in zip(moving, hosts, strict=False):
            device.host = host
        if self._maybe(0.5):
            for device in moving:
                self._lease(device.mac, device.host)

    async def repeat(self) -> None:
        """Put a repeater between a board and Home Assistant, or take it away."""
        device = self.random.choice(self.network.devices)
        device.is_repeated = not device.is_repeated

    async def reflash(self) -> None:
        """Flash a board with another tool."""
        device = self.random.choice(self.network.devices)
        if device.name.startswith(EVIL):
            return
        if self._maybe(0.5):
            device.name = f"Renamed {self._next()}"
        if self._maybe(0.5):
            device.password = f"reflashed {self._next()}"
        device.announces = self._maybe(0.9)

    async def replace(self) -> None:
        """Put other hardware with the same sketch in the place of a board."""
        old = self.random.choice([*self.house.boards.values()])
        if old in self.dead:
            return
        new = self._new_device(old.name, old.host)
        new.password, new.is_repeated, new.is_routed = old.password, old.is_repeated, old.is_routed
        old.is_on = False
        self.dead.add(old)

    async def refresh(self) -> None:
        """Ask for an update of an entity."""
        await self.random.choice([*self.house.boards]).async_refresh()

    async def install(self) -> None:
        """Install something on a board, which may come back at another address."""
        board = self.random.choice([*self.house.boards])

        def swap(device: Device) -> None:
            other = self.random.choice(self.network.devices)
            if self._maybe(0.3):
                device.host, other.host = other.host, device.host

        self.network.on_restart = swap
        new = sketch(self.house.boards[board].name[:20], f"new {self.random.randint(0, 2)}")

        async def load() -> tuple[Sketch, str | None]:
            return new, None

        await board.config_entry.runtime_data.installer.install(
            InstallRequest(version="2.0", file="sketch.bin", load=load)
        )
        self.network.on_restart = lambda _: None

    async def move_house(self) -> None:
        """Move Home Assistant to another network, or back."""
        routed = not self.network.devices[0].is_routed
        for device in self.network.devices:
            device.is_routed = routed

    async def block_multicast(self) -> None:
        """Let no announcement get through, or each of them again."""
        self.network.passes_multicast = not self.network.passes_multicast

    async def forge_lease(self) -> None:
        """Send a DHCP packet in the name of a board."""
        device = self.random.choice(self.network.devices)
        self._lease(device.mac, self.random.choice([*ADDRESSES, *OFF_LINK]))

    async def make_up_names(self) -> None:
        """Announce names in the name of a board, one that another board bears among them."""
        host = self.random.choice(self.network.devices).host
        for _ in range(self.random.randint(1, 5)):
            self.house.querier.hear(self.random.choice((f"{EVIL} {self._next()}", EVIL, *NAMES)), host)
            if self._maybe(0.5):
                await self.house.settle()

    async def make_up_boards(self) -> None:
        """Announce boards where there is none."""
        for _ in range(self.random.randint(1, 20)):
            self.house.querier.hear(self.random.choice((*NAMES, EVIL)), f"10.0.0.{self.random.randint(30, 250)}")

    async def take_address(self) -> None:
        """Respond like a board, and take every password, at a free address or at that of a board that is off."""
        taken = {device.host for device in self.network.devices if device.is_on}
        free = [host for host in ADDRESSES if host not in taken]
        if free:
            attacker = self._new_device(self.random.choice((EVIL, *NAMES)), self.random.choice(free))
            attacker.password = None
            attacker.announces = self._maybe(0.5)
            attacker.is_repeated = self._maybe(0.3)

    async def _step(self, event: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let something happen, and see that nothing has gone where it must not."""
        self.told.append(event.__name__)
        before = {board: (board.host, board.board_name) for board in self.house.boards}
        await event()
        await self.house.settle()
        for secret in self.network.secrets:
            if not self._may_have(secret):
                self._fail(f"{secret.device} got a secret of {secret.entry.data} at {secret.host}")
        self.network.secrets.clear()
        for board, device in self.house.boards.items():
            host, name = before[board]
            if board.host not in (host, device.host):
                self._fail(f"{board.config_entry.data} has followed something else than {device}")
            # One that was silent until now may have got such a name before.
            is_named = board.board_name != name and str(board.board_name).startswith(EVIL)
            if board.mac is not None and self._is_heard(device) and is_named:
                self._fail(f"{board.config_entry.data} has taken a name that was made up for {device}")

    def _may_have(self, secret: Secret) -> bool:
        """Whether who got a secret is the board, or at the address that a person has typed and proves no other one."""
        boards = {board.config_entry: (board, device) for board, device in self.house.boards.items()}
        board, device = boards[secret.entry]
        others = {one.mac for one in self.house.boards if one is not board}
        proves_another = secret.shown_mac is not None and (
            secret.shown_mac != board.mac if board.mac is not None else secret.shown_mac in others
        )
        is_typed = secret.host == secret.entry.data[CONF_TYPED_HOST]
        return secret.device is device or (is_typed and not proves_another)

    async def _end(self) -> None:
        """Let all boards be on for a while: each is online at its own entry then, or a person is told what to do."""
        for device in self.house.boards.values():
            device.is_on = device not in self.dead
        for _ in range(LAST_MINUTES):
            await self._step(self.house.minute)
        issues = self.house.issues()
        listed = issues.get("unproven.mkr1000_ota", {}).get("boards", "")
        for board, device in self.house.boards.items():
            entry_id = board.config_entry.entry_id
            is_at_home = board.data is True and self.network.at(board.host) is device
            is_told = entry_id in self.house.reauths or any(one.endswith(f".{entry_id}") for one in issues)
            if not (is_at_home or is_told or f"{board.name} (" in listed or self._cannot_be_known(board, device)):
                self._fail(f"{board.config_entry.data} ({board.data}) is not online at {device}, of {issues}")

    def _cannot_be_known(self, board: BoardCoordinator, device: Device) -> bool:
        """Whether nothing that Home Assistant can see says where a board is, or that another one is in its place."""
        there = self.network.at(board.host)
        shown = self.network.mac_at(board.host)
        if there is not None and there is not device:
            others = {one.mac for one in self.house.boards if one is not board}
            is_alike = there.name == board.config_entry.data[CONF_NAME] or not self._is_heard(there)
            return (shown is None or (board.mac is None and shown not in others)) and is_alike
        if device in self.dead:
            return True
        shows_itself = board.mac is not None and self.network.mac_at(device.host) == board.mac
        has_its_name = device.name == board.config_entry.data.get(CONF_NAME)
        is_leased = self.network.leases.get(device.mac) == device.host and shows_itself
        return not (there is device or is_leased or (self._is_heard(device) and (shows_itself or has_its_name)))

    def _is_heard(self, device: Device) -> bool:
        return device.announces and self.network.passes_multicast

    def _lease(self, mac: str, host: str) -> None:
        self.network.leases[mac] = host
        self.house.tracker.moves.async_hint(mac, host)

    def _new_device(self, name: str, host: str | None = None) -> Device:
        number = self._next()
        taken = {device.host for device in self.network.devices}
        free = next((one for one in ADDRESSES if one not in taken), f"10.0.0.{200 + number}")
        device = Device(f"f8:f0:05:00:00:{number:02x}", host or free, name, f"secret of {number}")
        self.network.devices.append(device)
        return device

    def _next(self) -> int:
        self._macs += 1
        return self._macs

    def _maybe(self, probability: float) -> bool:
        return self.random.random() < probability

    def _fail(self, what: str) -> None:
        devices = "\n".join(map(str, self.network.devices))
        raise BrokenRule(f"{what}\nafter {', '.join(self.told)}\nwith\n{devices}")
