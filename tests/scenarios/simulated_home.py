"""A Home Assistant on a simulated network: the integration's own rules run there (identity, tracker, moves, installer)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota import coordinator as coordinators, issues
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
from custom_components.mkr1000_ota.presence import moves, tracker
from custom_components.mkr1000_ota.presence.tracker import PresenceTracker
from custom_components.mkr1000_ota.storage.records import BoardRecord
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.scenarios.simulated_network import Client, Clock, Device, Network, Querier

PACKAGE: Final = "custom_components.mkr1000_ota"


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
        images: Any = NoImages()
        store = RecordStore(self.hass, entry.entry_id)
        await store.load()
        board = BoardCoordinator(self.hass, entry, store, images)
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
        patch.setattr(coordinators, "BoardSources", _nothing_offered)
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
            hass.data[f"{DOMAIN}_mdns"] = querier
            mdns.async_get_querier.cache_clear()  # type: ignore[attr-defined]  # a singleton remembers the last one
            patch.setattr(identity, "mac_of", network.mac_at)
            patch.setattr(identity, "has_mac", lambda host: network.reach(host) is adapters.Reach.ON_LINK)
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


def _nothing_offered(*_: object) -> SimpleNamespace:
    return SimpleNamespace(
        find_offers=lambda *_: coordinators.NOTHING,
        memory=lambda _, record: record.source_memory,
        chosen=SimpleNamespace(confirmed=False),
    )


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
