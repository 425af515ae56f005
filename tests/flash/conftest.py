"""A flasher without Home Assistant, for a virtual board over a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher, Order
from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Outcome
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.sketch import Refusal, Sketch
from tests.conftest import BRISK, BRISK_REQUESTS
from tests.virtual_board import VirtualBoard

# A flash of a sketch that wants another password, as its image states; how far it came is for a test to say.
PENDING = Pending(
    version="2.0",
    previous_version="1.0",
    sha256="00",
    size=4,
    started=0.0,
    old_password="password",
    stated_password="sesame",
    expected=("sesame",),
    library=Library.WIFI101OTA,
    running_library=Library.WIFI101OTA,
)


@dataclass
class Notebook:
    """A journal that remembers every page; `full_at` is the phase from which on nothing can be written."""

    keyring: Keyring = field(default_factory=lambda: Keyring(("password",)))
    pending: Pending | None = None
    pages: list[Pending] = field(default_factory=list)
    outcome: Outcome | None = None
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

    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        self.keyring = keyring
        self.pending = None
        self.outcome = outcome


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
def client(session: aiohttp.ClientSession, board: VirtualBoard) -> BoardClient:
    """What asks the board."""
    return BoardClient(session, board.address, board.port, timeouts=BRISK_REQUESTS)


@pytest.fixture
def flasher(client: BoardClient, journal: Notebook) -> Flasher:
    """What flashes the board."""
    return Flasher(client, journal, BRISK)


@pytest.fixture
def impatient(client: BoardClient, journal: Notebook) -> Flasher:
    """What flashes the board, and does not wait long for one that does not come back."""
    return Flasher(client, journal, replace(BRISK, return_timeout=0.8))


def order(
    image: bytes,
    password: str | None = None,
    *,
    running: bytes | None = None,
    storage: str = "internal",
    stated: str | None = None,
    allow: Collection[Refusal] = (),
) -> Order:
    """Return the order to flash an image; `stated` is the password that an inspector finds in its call of begin()."""
    return Order(
        sketch=replace(Sketch.inspect(image, model=None, storage=None, allow=allow), stated_password=stated),
        version="2.0",
        previous_version="1.0",
        password=password,
        running=Sketch.inspect(running, storage=None) if running is not None else None,
        storage=storage,
    )


def ignore(taken: int) -> None:
    """Look at no progress."""
