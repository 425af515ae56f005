"""An install whose entry is reloaded or removed in the middle."""

import asyncio
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.sources.catalogs import SketchCatalog
from tests.conftest import AddBoard, Offer, StartBoard
from tests.install.conftest import hang
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    board_of,
    eventually,
    give_turns_back,
    hold_turns,
    install,
    issues,
    reason_of,
    shown,
    until,
    until_stage,
)
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0", size=24_000)
SLOWLY = 20e-6  # seconds a byte
LAMP = "light.garden"


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


@pytest.mark.parametrize("how", ["reloaded", "unloaded", "removed"])
async def test_the_entry_is_gone_before_the_source_has_responded(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """Nobody flashes it behind the back of whoever has the board by then, and nothing is left of one that was removed."""
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    is_asked, may_respond = asyncio.Event(), asyncio.Event()

    async def confirm(_: SketchCatalog) -> bool:
        is_asked.set()
        await may_respond.wait()
        return True

    monkeypatch.setattr(SketchCatalog, "async_confirm", confirm)
    caller = asyncio.create_task(install(home))
    await is_asked.wait()
    entries = home.config_entries
    await {"reloaded": entries.async_reload, "unloaded": entries.async_unload, "removed": entries.async_remove}[how](
        entry.entry_id
    )
    may_respond.set()
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_stopped"
    await home.async_block_till_done(wait_background_tasks=True)
    assert not board.flashed
    left = [path for path in Path(home.config.path(".storage")).rglob("*") if entry.entry_id in str(path)]
    assert bool(left) is (how != "removed")


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


async def test_what_is_canceled_while_the_entry_is_reloaded_does_not_go_on(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board, **{CONF_WAIT: 5})
    await offer(entry, {"garden-2.0.bin": NEW})
    await board.power_off()
    await install(home)
    canceling = asyncio.create_task(entry.runtime_data.installer.cancel())
    await asyncio.sleep(0)
    assert await home.config_entries.async_reload(entry.entry_id)
    await canceling
    assert board_of(home).record.order is None
    assert board_of(home).state.stage is Stage.IDLE
