"""A Home Assistant with the integration, and boards that it can reach over real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
import os
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_LIBRARY, CONF_STORAGE, DOMAIN
from custom_components.mkr1000_ota.flash.timing import Timing
from tests.virtual_board import BoardOptions, VirtualBoard

type StartBoard = Callable[..., Awaitable[VirtualBoard]]
type Offer = Callable[[ConfigEntry, dict[str, bytes]], Awaitable[None]]
type AddBoard = Callable[..., Awaitable[ConfigEntry]]

# A board that loses no time where a test does not ask for it.
QUICK: dict[str, Any] = {"address": "127.0.0.7", "pause": 0.05, "copy_time": 0.05, "away": 0.2}

# What a board on a PC takes, with the same meaning as for a real one.
BRISK = Timing(
    stall_after=1.0,
    answer_within=1.0,
    leaves_within=1.5,
    returns_within=4.0,
    probe_every=0.05,
    probe_within=0.5,
    silence_means_away=0.8,
    retry_after=0.05,
)


@pytest.fixture
def loopback(socket_enabled: None) -> Iterator[None]:
    """Allow all of the loopback network, where every board can have an address of its own."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8"])
    yield
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
async def start_board(loopback: None) -> AsyncIterator[StartBoard]:
    """Start boards; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> VirtualBoard:
            return await stack.enter_async_context(VirtualBoard(BoardOptions(**(QUICK | options))))

        yield start


@pytest.fixture
async def board(start_board: StartBoard) -> VirtualBoard:
    """A board as the stock example makes it."""
    return await start_board()


@pytest.fixture
async def home(
    hass: HomeAssistant,
    loopback: None,
    enable_custom_integrations: None,
    mock_async_zeroconf: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> HomeAssistant:
    """A Home Assistant whose files are its own, and which waits no longer than a virtual board needs."""
    monkeypatch.setattr("custom_components.mkr1000_ota.flash.timing.DEFAULT", BRISK)
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    return hass


@pytest.fixture
async def add_board(home: HomeAssistant) -> AddBoard:
    """Set up a virtual board, as if it had been added by hand."""

    async def add(board: VirtualBoard, *, password: str | None = None, **options: Any) -> ConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=board.name,
            unique_id=f"{board.name}@{board.address}",
            data={
                CONF_HOST: board.address,
                CONF_PORT: board.port,
                CONF_NAME: board.name,
                CONF_PASSWORD: board.password if password is None else password,
                CONF_LIBRARY: board.running.library,
            },
            options={CONF_STORAGE: "internal", CONF_FOLDER: f"{DOMAIN}/{board.address}", **options},
        )
        entry.add_to_hass(home)
        assert await home.config_entries.async_setup(entry.entry_id)
        return entry

    return add


@pytest.fixture
def offer(home: HomeAssistant) -> Offer:
    """Put files into the firmware folder of a board, as if they had been there for a while, and look at it."""

    async def offer(entry: ConfigEntry, files: dict[str, bytes]) -> None:
        folder = Path(home.config.path(entry.options[CONF_FOLDER]))
        for name, content in files.items():
            (folder / name).write_bytes(content)
            os.utime(folder / name, (0, 0))
        await entry.runtime_data.coordinator.catalog.async_refresh()
        await home.async_block_till_done()

    return offer
