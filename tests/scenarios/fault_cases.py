"""Flashes, and what happens to them, drawn at random: the same seed gives the same."""

from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from random import Random
from typing import Literal

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Order
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board import BoardOptions, Fault, Firmware
from tests.virtual_board.behavior import Behavior
from tests.virtual_board.firmware import LibraryName
from tests.virtual_board.sketches import Quirks, build_sketch

OLD, OTHER, CABLE = "old password", "another password", "of the cable"
# A board is away for at least twice the time that counts as an absence, in seconds.
AWAY = 0.5

type Kind = Literal[
    "none", "reset", "power_loss", "wifi_drop", "stall", "answer_lost", "power_lost_behind_200", "killed", "swapped"
]
KINDS: tuple[Kind, ...] = Kind.__value__.__args__


@dataclass(frozen=True, slots=True)
class Build:
    """A sketch: its image, what it is once it runs, and what an inspector makes of it."""

    image: bytes = field(repr=False)
    firmware: Firmware
    sketch: Sketch = field(repr=False)


@cache
def build(version: str, password: str, library: LibraryName, *, computed: bool, loader: bool) -> Build:
    """Build a sketch; one that computes its password says nothing of it."""
    quirks = Quirks(computed=computed, sdu=loader)
    image = build_sketch("Garden", password, version, library, 48 * 1024 if loader else 16 * 1024, quirks=quirks)
    sketch = Sketch.inspect(image, model=None, storage=None)
    stated = None if computed else password
    firmware = Firmware("Garden", password, version, library=library)
    return Build(image, firmware, replace(sketch, stated_password=stated))


@dataclass(frozen=True, slots=True)
class Case:
    """A flash and its faults."""

    number: int
    old: Build
    new: Build
    storage: Literal["internal", "sd"]
    loader: bool
    knows_running: bool
    kind: Kind
    also_lost: bool
    at: int
    seconds: float | None
    way: Literal["reset", "closed", "silent"]
    kill_at: str | None
    kill_after: float
    late: bool
    cable: bool

    @classmethod
    def draw(cls, seed: int, number: int) -> Case:
        """Draw a case; numbers are independent of each other."""
        chance = Random(seed * 1_000_003 + number)
        libraries: tuple[LibraryName, LibraryName] = ("WiFi101OTA", "ArduinoOTA")
        on_card = chance.random() < 0.2
        loader = on_card and chance.random() < 0.6
        computed = chance.random() < 0.25
        old = build("1.0", OLD, chance.choice(libraries), computed=computed and chance.random() < 0.5, loader=loader)
        new = build("2.0", chance.choice((OLD, OTHER)), chance.choice(libraries), computed=computed, loader=loader)
        size = len(new.image)
        # The end is where it matters.
        at = chance.choice((chance.randrange(size), size - chance.randrange(1, 4096), size - 1, size))
        return cls(
            number=number,
            old=old,
            new=new,
            storage="sd" if on_card else "internal",
            loader=loader,
            knows_running=chance.random() < 0.7,
            kind=chance.choice(KINDS),
            also_lost=chance.random() < 0.15,
            at=at,
            seconds=chance.choice((None, 0.2, 0.6, 1.3)),
            way=chance.choice(("reset", "closed", "silent")),
            # What the board does when that happens, or so many seconds after the beginning.
            kill_at=chance.choice((None, None, "flashing", "stored", "away", "listening")),
            kill_after=chance.choice((chance.uniform(0.0, 0.3), chance.uniform(0.0, 1.6))),
            late=(late := chance.random() < 0.25),
            cable=late and chance.random() < 0.5,
        )

    @property
    def options(self) -> BoardOptions:
        """The board, and what it will suffer by itself."""
        fault = None
        if self.kind in ("reset", "power_loss", "wifi_drop", "stall"):
            fault = Fault(self.at, self.kind, self.seconds if self.kind == "stall" else None)
        return BoardOptions(
            port=65280,
            image=self.old.image,
            images={sha256(one.image).hexdigest(): one.firmware for one in (self.old, self.new)},
            behavior=Behavior(storage=self.storage, loader=self.loader),
            storage_size=253_952 if self.storage == "sd" else 126_976,
            pause=0.1,
            copy_time=0.05,
            away=AWAY,
            fault=fault,
            lose_answer=self.way if self.kind == "answer_lost" or self.also_lost else None,
            power_loss_behind_answer=self.kind == "power_lost_behind_200",
        )

    @property
    def order(self) -> Order:
        """What is ordered."""
        return Order(
            sketch=self.new.sketch,
            version="2.0",
            previous_version="1.0",
            running=self.old.sketch if self.knows_running else None,
            storage=self.storage,
        )
