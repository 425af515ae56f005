"""A Home Assistant of its own for these tests, boards that it knows, and a window to look at it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser.frontend import Frontend, frontend_of
from tests.real_home import DOMAIN, HomeClient, HomeNetwork, KnownBoard, RealHome
from tests.real_home.conftest import network, sockets
from tests.virtual_board import BoardOptions, VirtualBoard

__all__ = ["network", "sockets"]

type StartBoard = Callable[..., Awaitable[VirtualBoard]]
type AddBoard = Callable[..., Awaitable[tuple[VirtualBoard, KnownBoard]]]

# Slow enough to see the bar move.
_SECONDS_PER_BYTE = 75e-6
# Instead of the three minutes that a real board is given.
_RETURNS_WITHIN = 6.0

_numbers = count(11)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pictures go to: the one in the variable SCREENSHOTS, or a temporary one."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def started(tmp_path_factory: pytest.TempPathFactory, network: HomeNetwork) -> Iterator[RealHome]:
    """The Home Assistant of all these tests, which the first of them starts."""
    assert network.private, "Boards are discovered in a network of their own, which only root may make"
    home = RealHome(tmp_path_factory.mktemp("home"), network)
    yield home
    home.kill()


@pytest.fixture
async def home(started: RealHome, sockets: None) -> RealHome:
    """A Home Assistant that knows no board."""
    if not started.runs:
        await started.start()
        _hurry(started)
    return started


def _hurry(home: RealHome) -> None:
    """Have the integration, which nobody has used yet, wait less for a board that does not come back."""
    timing = home.folder / "custom_components" / DOMAIN / "arduino_ota" / "flash" / "timeouts.py"
    patient = "return_timeout: float = 180.0"
    source = timing.read_text()
    assert patient in source
    timing.write_text(source.replace(patient, f"return_timeout: float = {_RETURNS_WITHIN}"))


@pytest.fixture
async def client(home: RealHome) -> AsyncIterator[HomeClient]:
    """A connection to it. What a test has left there is removed afterwards."""
    async with home.connect() as client:
        yield client
        for entry in await client.entries(DOMAIN):
            await client.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")
        for flow in await client.flows(DOMAIN):
            await client.delete(f"/api/config/config_entries/flow/{flow['flow_id']}")


@pytest.fixture
async def frontend(
    home: RealHome, client: HomeClient, pictures: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Frontend]:
    """A window with Home Assistant in it. What is to be seen at the end of the test becomes a picture, too."""
    async with frontend_of(home, pictures) as frontend:
        yield frontend
        await frontend.page.screenshot(path=pictures / f"{request.node.name}.png")


@pytest.fixture
async def start_board(network: HomeNetwork, client: HomeClient) -> AsyncIterator[StartBoard]:
    """Start boards that Home Assistant does not know yet; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(name: str, **options: Any) -> VirtualBoard:
            chosen = BoardOptions(
                address=network.address(next(_numbers)),
                port=65280,
                name=name,
                seconds_per_byte=_SECONDS_PER_BYTE,
                mdns=True,
                interface="lo",
                **options,
            )
            return await stack.enter_async_context(VirtualBoard(chosen))

        yield start


@pytest.fixture
async def add_board(home: RealHome, client: HomeClient, start_board: StartBoard) -> AddBoard:
    """Start boards and add them."""

    async def add(name: str, **options: Any) -> tuple[VirtualBoard, KnownBoard]:
        board = await start_board(name, **options)
        return board, await KnownBoard.add(home, client, board)

    return add
