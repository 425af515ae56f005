"""An install whose caller, entry, disk or code gives way in the middle."""

import asyncio
from dataclasses import replace

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.storage.images import Images
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import FIRMWARE, FLASH, STATUS, install, shown, until, until_stage
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0", size=24_000)
SLOWLY = 20e-6  # seconds a byte


async def test_whoever_goes_away_does_not_stop_it(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """A browser that is closed in the middle of an upload."""
    board = await start_board(seconds_per_byte=SLOWLY)
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    browser = asyncio.create_task(install(home))
    await until_stage(home, "uploading")
    browser.cancel()
    with pytest.raises(asyncio.CancelledError):
        await browser
    await until(home, FIRMWARE, lambda state: state.attributes["installed_version"] == "2.0")
    await until_stage(home, "idle")
    assert board.flashed == [NEW]
    assert entry.data[CONF_PASSWORD] == board.password == "sesame"


async def test_what_nobody_waits_for_is_logged(
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
    await until_stage(home, "uploading")
    browser.cancel()
    await until_stage(home, "idle")
    assert "The install on Arduino failed: Arduino could not open its storage" in caplog.text


async def test_the_entry_is_reloaded_in_the_middle(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """The upload is broken off, the board listens again, and it is found out that nothing was applied."""
    board = await start_board(seconds_per_byte=SLOWLY)
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    caller = asyncio.create_task(install(home))
    await until(home, FIRMWARE, lambda state: (state.attributes.get("update_percentage") or 0) > 30)
    assert await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_cancelled"
    await until_stage(home, "idle")
    record = entry.runtime_data.coordinator.record
    assert record.pending is None
    assert not board.flashed
    assert entry.data[CONF_PASSWORD] == board.password == "password"
    assert shown(home, FLASH).attributes["event_type"] == "not_applied"

    await offer(entry, {})
    await install(home)
    assert board.flashed == [NEW]
    assert entry.data[CONF_PASSWORD] == board.password == "sesame"


async def test_what_was_not_foreseen_does_not_block_the_board(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})

    def stumble(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as broken:
        broken.setattr(Images, "store", stumble)
        with pytest.raises(RuntimeError):
            await install(home)
    assert shown(home, STATUS).state == "idle"
    assert shown(home, FIRMWARE).attributes["in_progress"] is False
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    assert shown(home, FLASH).attributes["reason"] == "unexpected"
    await install(home)
    assert board.flashed == [NEW]


async def test_what_was_not_foreseen_is_logged_where_it_happened(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    go_on = asyncio.Event()

    async def stumble(*_: object) -> None:
        await go_on.wait()
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Images, "store", stumble)
    browser = asyncio.create_task(install(home))
    await until_stage(home, "checking")
    browser.cancel()
    go_on.set()
    await until_stage(home, "idle")
    assert "RuntimeError: a mistake of ours" in caplog.text
    assert "in stumble" in caplog.text


async def test_a_full_disk(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a way back and a journal nothing is flashed."""
    await offer(await add_board(board), {"garden-2.0.bin": NEW})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Images, "_write", full)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "journal_unwritable"
    assert not any(request.body_bytes for request in board.requests)
