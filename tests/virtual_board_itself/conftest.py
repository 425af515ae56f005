"""Boards that are asked by nothing of the integration."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def network(loopback: None) -> None:
    """Let every test here reach the loopback network."""


@pytest.fixture
def haste() -> dict[str, Any]:
    """What makes a board lose even less time than the integration needs to see it leave."""
    return {"address": "127.0.0.7", "pause": 0.0, "copy_time": 0.0, "away": 0.1}
