"""Automations of the blueprints, and boards that take their sketches from one folder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import os
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation import automations_with_blueprint
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.conftest import AddBoard, StartBoard
from tests.support.actions import until
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / "mkr1000_ota"
FOLDER = "mkr1000_ota/all"
OLD = build_sketch(name="Garden", password="sesame", version="1.0")
NEW = build_sketch(name="Garden", password="sesame", version="2.0")
NEWER = build_sketch(name="Garden", password="sesame", version="2.1")

type Automate = Callable[..., Awaitable[None]]


@pytest.fixture
async def automate(home: HomeAssistant) -> AsyncIterator[Automate]:
    """Make an automation of a blueprint."""

    async def automate(blueprint: str, **inputs: Any) -> None:
        folder = Path(home.config.path("blueprints/automation/mkr1000_ota"))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(BLUEPRINTS / blueprint, folder)
        path = f"mkr1000_ota/{blueprint}"
        automation = {"alias": "Under test", "use_blueprint": {"path": path, "input": inputs}}
        assert await async_setup_component(home, "automation", {"automation": automation})
        assert automations_with_blueprint(home, path) == ["automation.under_test"]

    yield automate
    await home.services.async_call("automation", "turn_off", {"entity_id": "automation.under_test"}, blocking=True)


class Fleet:
    """Boards that take their sketches from one folder."""

    def __init__(self, home: HomeAssistant) -> None:
        """Begin with none."""
        self._home = home
        self.boards: list[VirtualBoard] = []
        self.entries: list[ConfigEntry] = []

    def entity(self, number: int) -> str:
        """Return the update entity of a board."""
        entities = er.async_get(self._home)
        found = entities.async_get_entity_id("update", "mkr1000_ota", f"{self.entries[number].entry_id}_firmware")
        assert found is not None
        return found

    @property
    def flashed(self) -> list[int]:
        """The numbers of the boards that were flashed."""
        return [number for number, board in enumerate(self.boards) if board.flashed]

    async def offer(self, image: bytes, version: str = "2.0") -> None:
        """Offer a sketch to all of them, and do not wait for what follows from that."""
        path = Path(self._home.config.path(FOLDER, f"garden-{version}.bin"))
        path.write_bytes(image)
        os.utime(path, (0, 0))
        await self.entries[0].runtime_data.coordinator.sources.chosen.async_refresh()

    async def look(self) -> None:
        """Find out which boards respond."""
        for entry in self.entries:
            await entry.runtime_data.coordinator.async_refresh()
        await self._home.async_block_till_done()


@pytest.fixture
async def fleet(home: HomeAssistant, start_board: StartBoard, add_board: AddBoard) -> Fleet:
    """Ten boards that run one sketch, which was installed from here."""
    fleet = Fleet(home)
    for number in range(10):
        fleet.boards.append(await start_board(address=f"127.0.9.{number + 1}", name="Garden"))
        fleet.entries.append(await add_board(fleet.boards[-1], folder=FOLDER))
    await fleet.look()
    await fleet.offer(OLD, "1.0")
    entities = [fleet.entity(number) for number in range(10)]
    await home.services.async_call("update", "install", {"entity_id": entities}, blocking=True)
    for board in fleet.boards:
        assert board.flashed.pop() == OLD
    return fleet


async def ended(home: HomeAssistant) -> None:
    """Wait until the automation has run to its end."""
    async with asyncio.timeout(60):
        while True:
            await home.async_block_till_done()
            state = home.states.get("automation.under_test")
            assert state is not None
            if state.attributes["last_triggered"] and not state.attributes["current"]:
                return
            await asyncio.sleep(0.05)


async def tried(home: HomeAssistant, entity: str) -> None:
    """Wait until a board has the new version."""
    await until(home, entity, lambda state: state.state == "off" and not state.attributes["in_progress"])


@pytest.fixture
def told(home: HomeAssistant) -> list[ServiceCall]:
    """Return what automations have told somebody."""
    calls: list[ServiceCall] = async_mock_service(home, "test", "tell")
    return calls


def tell(**variables: str) -> list[dict[str, Any]]:
    """Return the actions that tell somebody the value of variables."""
    return [{"action": "test.tell", "data": {name: f"{{{{ {value} }}}}" for name, value in variables.items()}}]
