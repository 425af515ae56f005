"""A flasher without Home Assistant, for a virtual board over a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher, Order
from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable, Pending, Phase, Verdict
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import Sketch
from tests.conftest import BRISK
from tests.virtual_board import VirtualBoard

# A flash of a sketch with another password; how far it came is for a test to say.
PENDING = Pending(
    version="2.0",
    previous_version="1.0",
    sha256="00",
    size=4,
    started=0.0,
    old="password",
    expected=("sesame",),
)


@dataclass
class Notebook:
    """A journal that remembers every page; `full_at` is the phase from which on nothing can be written."""

    keyring: Keyring = field(default_factory=lambda: Keyring(("password",)))
    pending: Pending | None = None
    pages: list[Pending] = field(default_factory=list)
    installed: Pending | None = None
    locked: bool = False
    full_at: Phase | None = None
    on_write: Callable[[], Awaitable[None]] | None = None

    @property
    def closed(self) -> bool:
        """Whether no flash is pending."""
        return self.pending is None

    async def write(self, pending: Pending) -> None:
        if self.full_at is pending.phase:
            raise JournalUnwritable
        self.pending = pending
        self.pages.append(pending)
        if self.on_write:
            await self.on_write()

    async def close(self, keyring: Keyring, verdict: Verdict) -> None:
        self.keyring = keyring
        flashed = verdict in (Verdict.FLASHED, Verdict.LOCKED, Verdict.WITHOUT_OTA)
        self.installed = self.pending if flashed else None
        self.locked = verdict is not Verdict.FLASHED
        self.pending = None


@pytest.fixture
def journal() -> Notebook:
    """The journal of a board whose password is the stock example's."""
    return Notebook()


@pytest.fixture
async def session(loopback: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session as Home Assistant has one."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def flasher(session: aiohttp.ClientSession, board: VirtualBoard, journal: Notebook) -> Flasher:
    """What flashes the board."""
    return Flasher(BoardClient(session, board.address, board.port), journal, BRISK)


@pytest.fixture
def impatient(session: aiohttp.ClientSession, board: VirtualBoard, journal: Notebook) -> Flasher:
    """What flashes the board, and does not wait long for one that does not come back."""
    return Flasher(BoardClient(session, board.address, board.port), journal, replace(BRISK, returns_within=0.8))


def order(image: bytes, declared: str | None = None, version: str = "2.0", **inspection: bool) -> Order:
    """Return the order to flash an image."""
    return Order(sketch=Sketch.inspect(image, **inspection), version=version, previous_version="1.0", declared=declared)


def ignore(taken: int) -> None:
    """Look at no progress."""
