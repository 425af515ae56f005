"""A board that is away, one whose flash nobody saw end, and a source that hangs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.sources.catalogs import SketchCatalog
from custom_components.mkr1000_ota.storage.records import WaitingOrder
from tests.conftest import BRISK, AddBoard, Offer
from tests.support.actions import board_of, restart
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

OLD = "password"
NEW = "sesame"
IMAGE = build_sketch(password=NEW, version="2.0")

type Restart = Callable[[Pending], Awaitable[ConfigEntry]]
type AddAway = Callable[..., Awaitable[ConfigEntry]]


@pytest.fixture
def add_away(add_board: AddBoard, offer: Offer, board: VirtualBoard) -> AddAway:
    """Set up a board for which an update is offered, and take its power away."""

    async def add(minutes: float | None = 5) -> ConfigEntry:
        entry = await add_board(board, **({} if minutes is None else {CONF_WAIT: minutes}))
        await offer(entry, {"garden.bin": IMAGE})
        await board.power_off()
        return entry

    return add


def order_of(home: HomeAssistant) -> WaitingOrder | None:
    """Return what waits, as it is written down."""
    return board_of(home).record.order


def pending(phase: Phase, new: str) -> Pending:
    """Return the flash of a sketch with a password on a board that has the old one."""
    return Pending(
        version="2.0",
        previous_version="1.0",
        sha256="0" * 64,
        size=16384,
        started=time.time(),
        old_password=OLD,
        expected=(new,),
        stated_password=new,
        old_password_in_image=new == OLD,
        name="Garden",
        phase=phase,
    )


@pytest.fixture
def broken_off(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> Restart:
    """Set up a board whose last flash was broken off by the end of Home Assistant."""

    async def set_up(left: Pending) -> ConfigEntry:
        entry = await add_board(board, password=OLD)
        await board_of(home).store.update(pending=left, version="1.0")
        short = replace(BRISK, return_timeout=0.6, probe_interval=0.02)
        monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", short)
        await restart(home, entry, board.requests.clear)
        return entry

    return set_up


def becomes(board: VirtualBoard, password: str) -> None:
    """Have a board run a sketch with another password, from now on or from its next start on."""
    board.options = replace(board.options, password=password)


def hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network folder that holds the sketch hang for ever."""

    async def for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SketchCatalog, "sketch", for_ever)
