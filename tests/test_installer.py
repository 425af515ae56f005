"""An install as the user sees it: how far it is, one at a time, and gone on with whoever goes away."""

import asyncio
from dataclasses import replace

from homeassistant.components.update import UpdateEntity
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.mkr1000_ota.archive import Archive
from custom_components.mkr1000_ota.shared import async_shared
from tests.actions import (
    ACTIVITY,
    FIRMWARE,
    FLASH,
    act,
    drop,
    install,
    press_cancel,
    shown,
    until,
    until_stage,
    watching,
)
from tests.conftest import AddBoard, Offer, StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0", size=24_000)
SLOWLY = 20e-6  # seconds a byte


def files(*versions: str) -> dict[str, bytes]:
    """Return sketches as they are dropped into the folder of a board."""
    return {f"garden-{one}.bin": build_sketch(version=one) for one in versions}


async def test_the_percentage_follows_the_board(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    with watching(home, FIRMWARE) as states:
        await install(home)

    busy = [state.attributes["in_progress"] for state in states]
    assert busy == sorted(busy, reverse=True), "in progress without a break, then not any more"
    shown = [state.attributes["update_percentage"] for state in states]
    percentages = [one for one in shown if one is not None]
    assert len(percentages) > 5
    assert percentages == sorted(percentages)
    assert percentages[-1] < 100
    assert any(one % 1 for one in percentages)
    assert all(one == round(one, 1) for one in percentages)
    restarting = states[shown.index(percentages[-1]) + 1]
    assert restarting.attributes["in_progress"]
    assert restarting.attributes["update_percentage"] is None
    assert states[-1].attributes["display_precision"] == 1
    assert states[-1].state == "off"


def test_progress_is_not_recorded() -> None:
    unrecorded = UpdateEntity._entity_component_unrecorded_attributes  # noqa: SLF001  # there is no other way to ask
    assert {"in_progress", "update_percentage"} <= unrecorded


async def test_every_stage_is_shown(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    with watching(home, ACTIVITY) as states:
        await install(home)
    stages = list(dict.fromkeys(state.state for state in states))
    assert stages == ["fetching", "queued", "checking", "uploading", "restarting", "idle"]


async def test_a_version_that_is_asked_for(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), files("1.0", "2.0"))
    await install(home, "1.0")
    assert board.version == "1.0"
    assert shown(home, FIRMWARE).state == "on"
    await install(home)
    assert board.version == "2.0"
    with pytest.raises(ServiceValidationError) as error:
        await install(home, "3.0")
    assert error.value.translation_key == "version_not_offered"
    assert str(error.value) == "Version 3.0 is not to be had for Arduino. There are: 2.0, 1.0"


async def test_nothing_to_choose_from(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board)
    with pytest.raises(ServiceValidationError, match="There are: -"):
        await install(home, "3.0")


async def test_one_at_a_time(home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard) -> None:
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), files("1.0", "2.0"))
    first = asyncio.create_task(install(home))
    await until_stage(home, "uploading")
    with pytest.raises(HomeAssistantError) as error:
        await install(home, "1.0")
    assert error.value.translation_key == "update_in_progress"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash", file=drop(home, "garden.bin", NEW))
    assert error.value.translation_key == "already_installing"
    await first
    assert [board.version, len(board.flashed)] == ["2.0", 1]


async def test_only_so_many_at_once(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    (await async_shared(home)).flashes = asyncio.Semaphore(2)
    names = ["Attic", "Barn", "Cellar", "Den"]
    boards = [
        await start_board(name=name, address=f"127.0.0.{number}", seconds_per_byte=SLOWLY)
        for number, name in enumerate(names, 20)
    ]
    for board in boards:
        await offer(await add_board(board), {"garden-2.0.bin": NEW})
    sensors = [f"sensor.{name.lower()}_activity" for name in names]
    most = 0

    def count(_: object) -> None:
        nonlocal most
        states = [shown(home, sensor).state for sensor in sensors]
        most = max(most, sum(state in ("checking", "uploading") for state in states))

    stop = home.bus.async_listen("state_changed", count)
    updates = [f"update.{name.lower()}_firmware" for name in names]
    everything = asyncio.gather(*(install(home, entity_id=entity_id) for entity_id in updates))
    await until_stage(home, "queued", sensors[3])
    assert shown(home, updates[3]).attributes["in_progress"] is True
    await everything
    stop()
    assert most == 2
    assert [len(board.flashed) for board in boards] == [1] * 4


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
        broken.setattr(Archive, "store", stumble)
        with pytest.raises(RuntimeError):
            await install(home)
    assert shown(home, ACTIVITY).state == "idle"
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

    monkeypatch.setattr(Archive, "store", stumble)
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

    monkeypatch.setattr(Archive, "_write", full)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "journal_unwritable"
    assert not any(request.body_bytes for request in board.requests)


async def test_cancelling_while_others_are_flashed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    shared = await async_shared(home)
    shared.flashes = asyncio.Semaphore(0)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "queued")
    await press_cancel(home)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_cancelled"
    assert shown(home, ACTIVITY).state == "idle"
    shared.flashes.release()
    await install(home)
    assert board.flashed == [NEW]


async def test_nothing_to_cancel(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board)
    with pytest.raises(ServiceValidationError) as error:
        await press_cancel(home)
    assert error.value.translation_key == "nothing_to_cancel"


async def test_too_late_to_cancel(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    caller = asyncio.create_task(install(home))
    await until_stage(home, "uploading")
    with pytest.raises(ServiceValidationError) as error:
        await press_cancel(home)
    assert error.value.translation_key == "too_late_to_cancel"
    await caller
    assert board.flashed == [NEW]
