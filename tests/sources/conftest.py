"""Boards whose sketches come from a server, and their catalogs."""

from collections.abc import Awaitable, Callable
import hashlib
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.sources.catalogs import SketchCatalog
from tests.conftest import AddBoard
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web

IMAGE = build_sketch(password="sesame", version="2.0")
SHA256 = hashlib.sha256(IMAGE).hexdigest()

type Follow = Callable[..., Awaitable[ConfigEntry]]


def catalog_of(entry: ConfigEntry) -> SketchCatalog:
    """Return the catalog that a board uses."""
    catalog: SketchCatalog = entry.runtime_data.coordinator.sources.chosen
    return catalog


def manifest(version: str = "2.0", **facts: Any) -> dict[str, Any]:
    """Return a manifest with one sketch."""
    return {"name": "Garden", "version": version, "path": "garden.bin", "sha256": SHA256} | facts


@pytest.fixture
def follow(home: HomeAssistant, add_board: AddBoard, site: Web) -> Follow:
    """Set up a board whose sketches come from a manifest on the web server."""

    async def follow(board: VirtualBoard, **options: Any) -> ConfigEntry:
        url = str(site.at("/manifest.json"))
        entry = await add_board(board, **{"source": "manifest", "manifest_url": url} | options)
        await settled(home)
        return entry

    return follow
