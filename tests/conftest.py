"""A Home Assistant with the integration, and boards that it can reach over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
import os
from pathlib import Path
from typing import Any

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from homeassistant.components import file_upload
from homeassistant.config_entries import ConfigEntriesFlowManager, ConfigEntry, ConfigEntryState, OptionsFlowManager
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager
from homeassistant.util import executor
import hypothesis
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.mkr1000_ota.arduino_ota.flash.timeouts import Timeouts
from custom_components.mkr1000_ota.arduino_ota.protocol.exchange import RequestTimeouts
from custom_components.mkr1000_ota.const import (
    CONF_FOLDER,
    CONF_LIBRARY,
    CONF_STORAGE,
    CONF_TYPED_HOST,
    CONF_WAIT,
    DOMAIN,
)
from custom_components.mkr1000_ota.flows import discovered_board as found
from custom_components.mkr1000_ota.install import health_check as health
from custom_components.mkr1000_ota.network import adapters, identity, mac_addresses
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.network.mdns import async_get_querier
from custom_components.mkr1000_ota.presence import asking, moves
from tests.discovery.announcements import announcement, records
from tests.support.event_loop import enable_event_loop_debug, patient_clock
from tests.support.flow_texts import check_texts
from tests.support.looking import settled
from tests.support.private_network import private_network
from tests.virtual_board import BoardOptions, VirtualBoard
from tests.web import Web, running

__all__ = ["enable_event_loop_debug", "patient_clock"]

type StartBoard = Callable[..., Awaitable[VirtualBoard]]
type Offer = Callable[[ConfigEntry, dict[str, bytes]], Awaitable[None]]
type AddBoard = Callable[..., Awaitable[ConfigEntry]]
type Hear = Callable[..., Awaitable[None]]
type Arp = Callable[[str | None, str], None]
type Upload = Callable[[bytes, str], Awaitable[str]]
type Welcome = Callable[..., Awaitable[list[ConfigEntry]]]

# A board that loses no time where a test does not ask for it.
QUICK: dict[str, Any] = {"address": "127.0.0.7", "pause": 0.05, "copy_time": 0.05, "away": 0.2}

# What a board on a PC takes, with the same meaning as for a real one.
BRISK = Timeouts(
    leave_timeout=0.5,
    return_timeout=4.0,
    minimum_absence=0.25,
    probe_interval=0.05,
    retry_interval=0.05,
    rejoin_timeout=2.0,
)
BRISK_REQUESTS = RequestTimeouts(connect=0.5, stall=1.0, answer=1.0)


# The same examples each time, however long a machine takes for one of them.
hypothesis.settings.load_profile("ci")
# Seconds: a thread that is interrupted on its way to its end, as a slow one is, keeps others from theirs.
executor.EXECUTOR_SHUTDOWN_TIMEOUT = 200


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker its own network: a board that comes back finds its port taken by nobody else's test."""
    network = ExitStack()
    config.add_cleanup(network.close)
    network.enter_context(private_network())


@pytest.fixture
def loopback(socket_enabled: None) -> Iterator[None]:
    """Allow all of the loopback network, where every board can have an address of its own."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8"])
    yield
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def haste() -> dict[str, Any]:
    """What makes a board lose no time."""
    return QUICK


@pytest.fixture
async def start_board(loopback: None, haste: dict[str, Any]) -> AsyncIterator[StartBoard]:
    """Start boards; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> VirtualBoard:
            return await stack.enter_async_context(VirtualBoard(BoardOptions(**(haste | options))))

        yield start


@pytest.fixture
async def board(start_board: StartBoard) -> VirtualBoard:
    """A board as the stock example makes it."""
    return await start_board()


@pytest.fixture
async def home(
    loopback: None,  # before Home Assistant, to be there until it has stopped
    hass: HomeAssistant,
    enable_custom_integrations: None,
    mock_async_zeroconf: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> HomeAssistant:
    """A Home Assistant whose files are its own, and which waits no longer than a virtual board needs."""
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", BRISK)
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.protocol.client.DEFAULT_TIMEOUTS", BRISK_REQUESTS)
    # It changes the class for good, and other tests open an instance of their own.
    monkeypatch.setattr("homeassistant.components.zeroconf.install_multiple_zeroconf_catcher", lambda _: None)
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    # No announcement of a board on loopback is believed outside of tests.
    monkeypatch.setattr(adapters, "reach_of", lambda *_: Reach.ON_LINK)
    # Boards that are heard at all are heard at once here.
    monkeypatch.setattr(moves, "SEARCH_DELAY", 0.0)
    monkeypatch.setattr(moves, "START_TIMEOUT", 0.2)
    monkeypatch.setattr(asking, "HEAR_TIMEOUT", 0.05)
    return hass


@pytest.fixture
async def add_board(home: HomeAssistant) -> AddBoard:
    """Set up a virtual board, as if it had been added by hand."""

    async def add(
        board: VirtualBoard, *, title: str | None = None, password: str | None = None, **options: Any
    ) -> ConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=title or board.name,
            unique_id=f"{board.name}@{board.address}",
            data={
                CONF_HOST: board.address,
                CONF_TYPED_HOST: board.address,
                CONF_PORT: board.port,
                CONF_NAME: board.name,
                CONF_PASSWORD: board.password if password is None else password,
                CONF_LIBRARY: board.running.library,
            },
            options={CONF_STORAGE: "internal", CONF_FOLDER: f"{DOMAIN}/{board.address}", CONF_WAIT: 0, **options},
        )
        await home.config_entries.async_add(entry)
        assert entry.state is ConfigEntryState.LOADED
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
        await entry.runtime_data.coordinator.sources.chosen.async_refresh()
        await home.async_block_till_done()

    return offer


@pytest.fixture
def hear(home: HomeAssistant) -> Hear:
    """Let a board be heard at its address, or at one where it is not."""

    async def hear(board: VirtualBoard, *, address: str | None = None, name: str | None = None) -> None:
        packet = announcement(name or board.name, address or board.address, port=board.port)
        async_get_querier(home).sightings.hear(records(packet))

    return hear


@pytest.fixture
def welcome(home: HomeAssistant, add_board: AddBoard, hear: Hear) -> Welcome:
    """Set up boards that are heard then, and wait until all that is due has been looked at."""

    async def welcome(*boards: VirtualBoard) -> list[ConfigEntry]:
        entries = [await add_board(board) for board in boards]
        for board in boards:
            await hear(board)
        await settled(home)
        return entries

    return welcome


@pytest.fixture
def nobody_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever was heard be long ago."""
    monkeypatch.setattr(identity, "HEARD_LATELY", 0.0)


@pytest.fixture
def quick_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan no longer than a test needs."""
    monkeypatch.setattr(found, "SCAN_TIME", 0.02)


@pytest.fixture
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again soon whether a new sketch does what it is for."""
    monkeypatch.setattr(health, "CHECK_INTERVAL", 0.05)


@pytest.fixture
def arp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Arp:
    """Have the ARP table of this machine say which MAC address responds for an IP address: loopback is in none."""
    known: dict[str, str] = {}
    table, routes = tmp_path / "arp", tmp_path / "route"
    monkeypatch.setattr(mac_addresses, "_TABLE", table)
    monkeypatch.setattr(mac_addresses, "_ROUTES", routes)
    monkeypatch.setattr(mac_addresses, "_DEVICES", tmp_path)
    (tmp_path / "eth0").mkdir()
    (tmp_path / "eth0" / "flags").write_text("0x1003")
    routes.write_text("Iface Destination Gateway Flags\neth0 00000000 00000000 0001 0 0 0 00000000\n")

    def respond(mac: str | None, address: str) -> None:
        known.pop(address, None)
        if mac is not None:
            known[address] = mac
        lines = [f"{address} 0x1 0x2 {mac} * eth0" for address, mac in known.items()]
        table.write_text("\n".join(["IP address HW type Flags HW address Mask Device", *lines]))

    respond(None, "")
    return respond


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check with every step of a flow that all it shows has its text."""
    flows: dict[type, str] = {ConfigEntriesFlowManager: "config", OptionsFlowManager: "options"}

    def checked(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(manager: Any, *args: Any, **kwargs: Any) -> Any:
            result = await method(manager, *args, **kwargs)
            if flow := flows.get(type(manager)):
                check_texts(flow, result)
            return result

        return call

    monkeypatch.setattr(ConfigEntriesFlowManager, "async_init", checked(ConfigEntriesFlowManager.async_init))
    monkeypatch.setattr(FlowManager, "async_init", checked(FlowManager.async_init))
    monkeypatch.setattr(FlowManager, "async_configure", checked(FlowManager.async_configure))


@pytest.fixture
async def web_server(loopback: None) -> AsyncIterator[str]:
    """The address of a web server that is no board."""
    async with TestServer(web.Application(), host="127.0.0.30") as server:
        yield f"{server.host}:{server.port}"


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Web]:
    """A web server that offers what a test lets it offer."""
    async with running() as site:
        yield site


@pytest.fixture
async def mute_server(loopback: None) -> AsyncIterator[str]:
    """The address of something that takes a question and ends the connection, as a board does that is being reset."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.31", 0) as server:
        yield f"127.0.0.31:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def settled_in_the_end(home: HomeAssistant) -> AsyncIterator[None]:
    """Let what a test has set off come to its end before the network is taken away."""
    yield
    await home.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def upload(
    home: HomeAssistant,
    hass_client: Callable[..., Awaitable[TestClient[Any, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Upload:
    """Upload a file as the frontend does, and return what the flow is given for it."""
    # The folder for uploads is one for the whole machine, and whoever begins or ends to use it empties it.
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", str(tmp_path / "uploads"))

    async def upload(content: bytes, name: str) -> str:
        client = await hass_client()
        form = FormData()
        form.add_field("file", content, filename=name)
        answer = await client.post("/api/file_upload", data=form)
        assert answer.status == 200
        file_id: str = (await answer.json())["file_id"]
        return file_id

    return upload
