"""A health check, or a way back, that is broken off: it is taken up again."""

import asyncio

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, DOMAIN
from custom_components.mkr1000_ota.install.reconnect import async_resolve
from custom_components.mkr1000_ota.shared import FLASHES_AT_ONCE
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    CANCEL,
    FIRMWARE,
    STATUS,
    find_again,
    install,
    lose,
    shown,
    until,
    until_stage,
    watching,
)
from tests.support.going_back import LAMP, issues, offer_a_bad_one, run_well, sketches
from tests.virtual_board import VirtualBoard

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]


async def test_the_check_is_broken_off(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry is reloaded while the new sketch is watched: it is watched again, and has to go."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.5})
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "watching")
    assert await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_cancelled"
    assert entry.data[CONF_PASSWORD] == board.password == "of 2.0"

    await until_stage(home, "watching")
    with pytest.raises(HomeAssistantError) as error:
        await install(home, "2.0")
    assert error.value.translation_key == "update_in_progress"
    await until_stage(home, "idle")
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert issues(home) == {"rolled_back"}
    assert "Version 2.0 failed its health check" in caplog.text
    assert not entry.runtime_data.coordinator.record.unproven


async def test_a_way_back_that_waits_for_its_turn_is_not_cancelled(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A sketch that does not work would stay, and nobody would be told."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.1})
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "watching")
    turns = home.data[DOMAIN].flashes
    for _ in range(FLASHES_AT_ONCE):
        await turns.acquire()
    record = entry.runtime_data.coordinator.record
    async with asyncio.timeout(10):
        while not record.failed_versions:
            await asyncio.sleep(0.01)
    assert shown(home, CANCEL).state == "unavailable"
    with pytest.raises(HomeAssistantError) as error:
        await entry.runtime_data.installer.cancel()
    assert error.value.translation_key == "nothing_to_cancel"

    for _ in range(FLASHES_AT_ONCE):
        turns.release()
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "rolled_back"
    assert board.password == "of 1.0"


async def test_the_way_back_is_broken_off(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """The entry is reloaded in the middle of it: once that is found out, it is gone again."""
    board = await start_board(seconds_per_byte=20e-6)
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "watching")
    await until_stage(home, "uploading")
    assert await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await caller
    assert board.version == "2.0"
    await until(home, FIRMWARE, lambda state: state.attributes["installed_version"] == "1.0")
    await until_stage(home, "idle")
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert issues(home) == {"rolled_back"}


@pytest.mark.parametrize(("state", "version"), [("on", "2.0"), ("unavailable", "1.0")])
async def test_a_sketch_whose_flash_nobody_saw_end(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, state: str, version: str
) -> None:
    """It comes back long after it was given up, and has to show that it works all the same."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.2})
    await run_well(home, entry, offer)
    await offer(entry, sketches("2.0"))
    await lose(home, board)

    home.states.async_set(LAMP, state)
    await find_again(board)
    with watching(home, STATUS) as stages:
        assert await async_resolve(entry.runtime_data.coordinator)
        await until_stage(home, "watching")
        await until_stage(home, "idle")
    assert stages
    assert board.version == version
    assert entry.data[CONF_PASSWORD] == board.password == f"of {version}"


async def test_without_a_check_nothing_has_to_be_shown(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A check that is set up later does not judge what ran before."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    await lose(home, board)
    await find_again(board)
    assert await async_resolve(entry.runtime_data.coordinator)
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, FIRMWARE).attributes["installed_version"] == "1.0"
    checked = {CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0}
    home.config_entries.async_update_entry(entry, options=entry.options | checked)
    await home.config_entries.async_reload(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert not issues(home)
    assert board.version == "1.0"
