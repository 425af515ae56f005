"""An install whose caller, disk, source or code gives way in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import errno
import os
from typing import Any

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import prepare
from custom_components.mkr1000_ota.storage.images import Images
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Offer, StartBoard
from tests.install.conftest import hang
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    STATUS,
    install,
    issues,
    press_cancel,
    reason_of,
    reauths,
    shown,
    until,
    until_stage,
    watching,
)
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0", size=24_000)
SLOWLY = 20e-6  # seconds a byte


async def leave(caller: asyncio.Task[None]) -> None:
    """Close the browser."""
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_whoever_goes_away_does_not_stop_it(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """A browser that is closed in the middle of an upload."""
    board = await start_board(seconds_per_byte=SLOWLY)
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    browser = asyncio.create_task(install(home))
    await until_stage(home, Stage.UPLOADING)
    await leave(browser)
    await until(home, FIRMWARE, lambda state: state.attributes["installed_version"] == "2.0")
    await until_stage(home, Stage.IDLE)
    assert board.flashed == [NEW]
    assert entry.data[CONF_PASSWORD] == board.password == "sesame"
    assert not issues(home)


async def test_what_nobody_waits_for_is_told_and_logged(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    start_board: StartBoard,
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    board.options = replace(board.options, storage_opens=False)
    browser = asyncio.create_task(install(home))
    await until_stage(home, Stage.UPLOADING)
    await leave(browser)
    await until_stage(home, Stage.IDLE)
    assert "The install on Arduino failed: Arduino couldn't open its storage" in caplog.text
    assert reason_of(issues(home)["not_installed"]).startswith("Arduino couldn't open its storage")


@pytest.fixture
async def board(start_board: StartBoard) -> VirtualBoard:
    """A board that takes its time."""
    return await start_board(seconds_per_byte=SLOWLY)


async def test_a_source_that_hangs_is_given_up(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits is told, and nothing is flashed when the share is back hours later."""
    monkeypatch.setattr(prepare, "PREPARE_TIMEOUT", 0.2)
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    hang(monkeypatch)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "prepare_timeout"
    assert "garden-2.0.bin" in str(error.value)
    assert shown(home, STATUS).state == "idle"
    assert not any(request.body_bytes for request in board.requests)


async def test_an_install_from_a_source_that_hangs_can_be_cancelled(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    with monkeypatch.context() as share:
        hang(share)
        caller = asyncio.create_task(install(home))
        await until_stage(home, Stage.DOWNLOADING)
        await press_cancel(home)
        with pytest.raises(HomeAssistantError) as error:
            await caller
    assert error.value.translation_key == "install_canceled"
    await install(home)
    assert board.flashed == [NEW]


@pytest.mark.slow
@pytest.mark.parametrize("is_there", [True, False], ids=["told", "logged"])
async def test_what_was_not_foreseen_does_not_block_the_board(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    is_there: bool,
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    go_on = asyncio.Event()

    @asynccontextmanager
    async def stumble(*_: object) -> AsyncIterator[None]:
        await go_on.wait()
        if go_on.is_set():
            raise RuntimeError("a mistake of ours")
        yield

    with monkeypatch.context() as broken, watching(home, FLASH) as events:
        broken.setattr(Images, "storing", stumble)
        browser = asyncio.create_task(install(home))
        await until_stage(home, Stage.DOWNLOADING)
        if not is_there:
            await leave(browser)
        go_on.set()
        await until_stage(home, Stage.IDLE)
        if is_there:
            with pytest.raises(HomeAssistantError) as error:
                await browser
            assert error.value.translation_key == "unexpected"
    assert "RuntimeError: a mistake of ours" in caplog.text
    assert "in stumble" in caplog.text
    assert shown(home, FIRMWARE).attributes["in_progress"] is False
    assert [(event.attributes["event_type"], event.attributes["reason"]) for event in events] == [
        ("failed", "unexpected")
    ]
    assert issues(home).keys() == (set() if is_there else {"not_installed"})
    await install(home)
    assert board.flashed == [NEW]
    assert not issues(home)


async def test_a_full_disk(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a way back and a journal nothing is flashed."""
    await offer(await add_board(board), {"garden-2.0.bin": NEW})

    def full(*_: object) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Images, "_write", full)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "journal_unwritable"
    assert not any(request.body_bytes for request in board.requests)


async def test_who_rejects_the_password_after_the_whole_sketch_is_not_said_to_have_got_nothing(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board reads all of it before it says so; somebody has flashed it since it was asked."""
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    write = RecordStore.write

    async def lose(store: RecordStore, pending: Pending) -> None:
        await write(store, pending)
        board.running = replace(board.running, password="of somebody else")

    monkeypatch.setattr(RecordStore, "write", lose)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "verdict_password_unknown"
    assert "nothing was sent" not in reason_of(issues(home)["not_installed"])
    assert len(reauths(home, entry)) == 1
