"""How one virtual board differs from another, and what shall go wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.virtual_board.behavior import Behavior
from tests.virtual_board.firmware import Firmware, LibraryName
from tests.virtual_board.wifi_module import MODULES, ModelName, WifiModule

INTERNAL_STORAGE = 126_976
"""Largest sketch that InternalStorage takes, in bytes: half of the flash behind the bootloader."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens once `at` bytes of a body were taken; it happens once, then the board is sound again.

    reset: the connection is reset, the sketch runs on.
    power_loss: the board vanishes without a word, and starts its old sketch after `BoardOptions.away`.
    wifi_drop: it vanishes the same way, and its server does not return before somebody resets it.
    stall: the board takes nothing more until the peer has gone, or for `seconds` if that is given.
    """

    at: int
    kind: Literal["reset", "power_loss", "wifi_drop", "stall"]
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """Everything that can be chosen about a virtual board; times in seconds, sizes in bytes.

    Name, password, version and library describe the sketch that runs at first, unless `image` is given: then they are
    read out of that image, as they are after every flash.
    """

    address: str = "127.0.0.1"
    port: int = 0
    """0 lets the system choose one, which the board then keeps; hardware has 65280."""
    model: ModelName = "mkr1000"
    mac: str = "f8:f0:05:00:00:01"
    """A label here; the hardware address where the board has a network namespace of its own."""

    name: str = "Arduino"
    password: str = "password"
    version: str | None = None
    library: LibraryName = "WiFi101OTA"
    image: bytes | None = field(default=None, repr=False)
    images: Mapping[str, Firmware] = field(default_factory=dict)
    """What compiled images are, by their SHA-256: nothing here runs their code, so it has to be said."""

    behavior: Behavior = field(default_factory=Behavior)
    """Of the sketch that runs at first."""
    behaviors: Mapping[str, Behavior] = field(default_factory=dict)
    """Of those that are flashed, by their SHA-256, where it cannot be read out of them."""

    storage_size: int = INTERNAL_STORAGE
    storage_opens: bool = True
    opening_checks_size: bool = False
    """ArduinoOTA 1.1 refuses to open its internal storage for too large a sketch: 500 where 1.0.6 answers 413."""

    seconds_per_byte: float = 0.0
    """50e-6 is about what a real board needs."""

    pause: float = 0.5
    """Every delay(500) of the libraries: behind a 200 or 414, and in ArduinoOTA before it closes any connection."""
    copy_time: float = 0.2
    away: float = 1.0
    """From the reset until the board is back on the network."""
    away_as: Literal["refused", "silent"] = "refused"
    forgets_connections: bool = False
    """When it is back, it says that it does not know an old connection only if something comes over it, as hardware does.
    Otherwise, or without the right to administer networks, it says so at once."""
    accept_while_copying: bool = False
    """The Wi-Fi module goes on accepting connections while the processor copies; nothing answers them."""

    fault: Fault | None = None
    lose_answer: Literal["reset", "closed", "silent"] | None = None
    """The next 200 never reaches the peer, though the board flashes."""
    power_loss_behind_answer: bool = False
    """The next 200 arrives, and the board loses power before it copies: it starts its old sketch after `away`."""
    power_loss_while_copying: Literal["dead", "blank"] | None = None
    """dead: nothing starts any more. blank: power returns, and half a sketch starts that does nothing at all."""
    comes_back: bool = True
    """False: what was flashed runs, but never joins the network (another Wi-Fi password, say)."""

    mdns: bool = False
    interface: str | None = None
    """Where multicast is sent and heard; None takes the interface that has the address."""
    mdns_delay: float = 0.0
    """How long the sketch is at something else before it answers a question."""

    def __post_init__(self) -> None:
        if self.library == "WiFi101OTA" and self.model != "mkr1000":
            raise ValueError(f"WiFi101OTA does not run on {self.model}")

    @property
    def wifi_module(self) -> WifiModule:
        """The Wi-Fi module of the model."""
        return MODULES[self.model]
