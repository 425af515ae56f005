"""An install whose caller, entry, disk, source or code gives way in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import errno
import os
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import prepare
from custom_components.mkr1000_ota.sources.catalogs import SketchCatalog
from custom_components.mkr1000_ota.storage.images import Images
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    STATUS,
    board_of,
    eventually,
    give_turns_back,
    hold_turns,
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
LAMP = "light.garden"


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


@pytest.mark.slow
async def test_the_entry_is_reloaded_in_the_middle_of_an_upload(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It is broken off, the board listens again, and it is found out that nothing was applied; one click repeats it."""
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    caller = asyncio.create_task(install(home))
    await until(home, FIRMWARE, lambda state: (state.attributes.get("update_percentage") or 0) > 30)
    assert await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_broken_off"
    await until_stage(home, Stage.IDLE)
    record = board_of(home).record
    assert record.pending is None
    assert record.order is None
    assert not board.flashed
    assert entry.data[CONF_PASSWORD] == board.password == "password"
    assert shown(home, FLASH).attributes["event_type"] == "not_applied"
    assert issues(home).keys() == {"not_installed"}
    assert board_of(home).images.sha256s == set(record.needed_images)

    await offer(entry, {})
    await install(home)
    assert board.flashed == [NEW]
    assert entry.data[CONF_PASSWORD] == board.password == "sesame"
    assert not issues(home)


@pytest.mark.slow
@pytest.mark.usefixtures("asked_often")
@pytest.mark.parametrize("how", ["reloaded", "removed"])
@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.QUEUED, Stage.RESTARTING, Stage.CHECKING_HEALTH])
async def test_the_entry_is_gone_at_any_stage(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, stage: Stage, how: str
) -> None:
    """Reloaded, it goes on; removed, nothing is left. Nothing is flashed twice."""
    check = {CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 30}
    entry = await add_board(board, **{CONF_WAIT: 5}, **check)
    await offer(entry, {"garden-2.0.bin": NEW})
    if stage is Stage.WAITING:
        await board.power_off()
    if stage is Stage.QUEUED:
        await hold_turns(home)
    caller = asyncio.create_task(install(home))
    await until_stage(home, stage)
    if how == "removed":
        assert await home.config_entries.async_remove(entry.entry_id)
    else:
        assert await home.config_entries.async_reload(entry.entry_id)
    if stage is Stage.WAITING:
        await caller
    else:
        with pytest.raises(HomeAssistantError) as error:
            await caller
        assert error.value.translation_key == "install_interrupted"
    if stage is Stage.QUEUED:
        give_turns_back(home)
    if how == "removed":
        storage = Path(home.config.path(".storage"))
        assert not [path for path in storage.rglob("*") if entry.entry_id in str(path)]
        assert not issues(home)
        return
    if stage is Stage.WAITING:
        await board.power_on()
    await until_stage(home, Stage.CHECKING_HEALTH)

    def is_healthy() -> bool:
        home.states.async_set(LAMP, "on")
        return board_of(home).state.stage is Stage.IDLE

    await eventually(is_healthy)
    assert board.flashed == [NEW]
    assert entry.data[CONF_PASSWORD] == "sesame"
    assert shown(home, FLASH).attributes["event_type"] == "flashed"
    assert not board_of(home).record.is_unfinished
    assert not issues(home)


async def test_the_entry_is_reloaded_before_the_sketch_is_there(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is on the disk yet: the error says to start again."""
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    hang(monkeypatch)
    caller = asyncio.create_task(install(home))
    await until_stage(home, Stage.DOWNLOADING)
    assert await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_stopped"
    assert not board_of(home).record.is_unfinished


def hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network folder that holds the sketch hang for ever."""

    async def for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SketchCatalog, "sketch", for_ever)


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


@pytest.mark.slow
async def test_two_set_ups_do_not_flash_twice(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """An entry that is reloaded again and again while an install is under way."""
    entry: ConfigEntry = await add_board(board, **{CONF_WAIT: 5})
    await offer(entry, {"garden-2.0.bin": NEW})
    await board.power_off()
    await install(home)
    for _ in range(3):
        assert await home.config_entries.async_reload(entry.entry_id)
    await board.power_on()
    assert await home.config_entries.async_reload(entry.entry_id)
    await eventually(lambda: board.flashed)
    await until_stage(home, Stage.IDLE)
    await home.async_block_till_done(wait_background_tasks=True)
    assert board.flashed == [NEW]
    assert home.config_entries.async_loaded_entries(DOMAIN) == [entry]


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


async def test_the_entry_is_reloaded_before_an_update_that_may_not_wait_begins(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It does not go on, and nobody says that it does, or that the board was away."""
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    await hold_turns(home)
    caller = asyncio.create_task(install(home))
    await until_stage(home, Stage.QUEUED)
    assert await home.config_entries.async_reload(entry.entry_id)
    give_turns_back(home)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_stopped"
    await until_stage(home, Stage.IDLE)
    assert "before the update began" in reason_of(issues(home)["not_installed"])
    assert not board.flashed
