"""A folder is looked at by itself: what hangs there holds up nothing else."""

import asyncio
from datetime import timedelta
from pathlib import Path
import threading
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mkr1000_ota.arduino_ota.firmware.fenced_folder import Directory, Stamp
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources.catalogs import (
    FOLDER_INTERVAL,
)
from tests.conftest import AddBoard, Offer
from tests.sources.conftest import IMAGE, catalog_of
from tests.support.actions import FIRMWARE, shown
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard


async def test_a_folder_that_hangs_takes_one_thread(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive that has gone, looked at every three seconds."""
    await add_board(board)
    threads = set()
    goes_on = threading.Event()

    def hang(_: Directory) -> dict[str, Stamp]:
        threads.add(threading.get_ident())
        goes_on.wait(10)
        return {}

    monkeypatch.setattr(Directory, "scan", hang)
    for times in range(1, 5):
        async_fire_time_changed(home, dt_util.utcnow() + times * (FOLDER_INTERVAL + timedelta(seconds=1)))
        await asyncio.sleep(0)
    goes_on.set()
    await home.async_block_till_done(wait_background_tasks=True)
    assert len(threads) == 1


async def test_a_folder_that_hangs_does_not_hold_up_the_set_up(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    make = Path.mkdir

    def hang(path: Path, *args: Any, **options: Any) -> None:
        if path.parent.name == DOMAIN:
            goes_on.wait(10)
        make(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", hang)
    entry = await add_board(board)
    assert not catalog_of(entry).first_refresh.done()
    goes_on.set()
    await settled(home)
    assert catalog_of(entry).confirmed


@pytest.mark.parametrize("is_disabled", [False, True])
async def test_a_file_is_offered_seconds_after_it_was_dropped_if_the_board_is_polled_for(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    is_disabled: bool,
) -> None:
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, pref_disable_polling=is_disabled)
    await home.config_entries.async_reload(entry.entry_id)
    await settled(home)
    look = catalog_of(entry).async_refresh

    async def do_not_look() -> None:
        """Leave it to the timer."""

    monkeypatch.setattr(catalog_of(entry), "async_refresh", do_not_look)
    await offer(entry, {"garden-2.0.bin": IMAGE})
    monkeypatch.setattr(catalog_of(entry), "async_refresh", look)
    async_fire_time_changed(home, dt_util.utcnow() + FOLDER_INTERVAL + timedelta(seconds=1))
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, FIRMWARE).attributes["latest_version"] == ("unknown" if is_disabled else "2.0")
