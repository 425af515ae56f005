"""An install as the user sees it: how far it is, which version, one at a time, and cancelled in time."""

import asyncio
from typing import Any

from homeassistant.components.update import UpdateEntity
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.mkr1000_ota.coordinator import InstallState, Stage
from custom_components.mkr1000_ota.install import flashing
from custom_components.mkr1000_ota.install.flashing import flash_slots
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    CANCEL,
    CONNECTIVITY,
    FIRMWARE,
    FLASH,
    STATUS,
    act,
    board_of,
    drop,
    install,
    press_cancel,
    shown,
    until_stage,
    watching,
)
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0", size=24_000)
SLOWLY = 20e-6  # seconds a byte


def files(*versions: str) -> dict[str, bytes]:
    """Return sketches as they are dropped into the folder of a board."""
    return {f"garden-{one}.bin": build_sketch(version=one) for one in versions}


@pytest.mark.slow
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
    assert percentages[-1] == 100
    assert any(one % 1 for one in percentages)
    assert all(one == round(one, 1) for one in percentages)
    restarting = states[shown.index(percentages[-1])]
    assert restarting.attributes["in_progress"], "until the board is back"
    assert states[-1].attributes["display_precision"] == 1
    assert states[-1].state == "off"


def test_progress_is_not_recorded() -> None:
    unrecorded = UpdateEntity._entity_component_unrecorded_attributes  # noqa: SLF001  # there is no other way to ask
    assert {"in_progress", "update_percentage"} <= unrecorded


async def test_every_stage_is_shown(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    coordinator, stages = board_of(home), list[Stage]()
    stop = coordinator.async_add_listener(lambda: stages.append(coordinator.state.stage))
    await install(home)
    stop()
    expected = [Stage.DOWNLOADING, Stage.CHECKING, Stage.UPLOADING, Stage.RESTARTING, Stage.IDLE]
    assert list(dict.fromkeys(stages)) == expected, "it has not to wait for its turn"


async def test_the_bar_does_not_stand_still_while_a_cut_upload_waits_for_its_board(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(seconds_per_byte=SLOWLY, fault=Fault(at=len(NEW) // 2, kind="reset"))
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    coordinator, states = board_of(home), list[InstallState]()
    stop = coordinator.async_add_listener(lambda: states.append(coordinator.state))
    await install(home)
    stop()
    begun = next(index for index, state in enumerate(states) if state.stage is Stage.UPLOADING)
    waiting = next(state for state in states[begun:] if state.stage is not Stage.UPLOADING)
    assert (waiting.stage, waiting.percentage) == (Stage.CHECKING, None)
    assert board.flashed == [NEW]


async def test_an_update_writes_four_lines_into_the_activity_log(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """Each change of a state is one; attributes are none."""
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    lines: list[State] = []
    entities = (FIRMWARE, STATUS, FLASH, CANCEL, CONNECTIVITY)
    before = {entity: shown(home, entity).state for entity in entities}

    def count(event: Any) -> None:
        state = event.data["new_state"]
        if state.entity_id in before and state.state != before[state.entity_id]:
            before[state.entity_id] = state.state
            lines.append(state)

    stop = home.bus.async_listen("state_changed", count)
    await install(home)
    await home.async_block_till_done()
    stop()
    told = [line for line in lines if line.entity_id != CONNECTIVITY]
    assert len(told) <= 4, told
    assert [line.entity_id for line in lines].count(FLASH) == 1


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
    assert str(error.value) == "Version 3.0 is not available for Arduino. Available versions: 2.0, 1.0"


async def test_nothing_to_choose_from(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board)
    with pytest.raises(ServiceValidationError) as error:
        await install(home, "3.0")
    assert error.value.translation_key == "nothing_offered"


async def test_one_at_a_time(home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard) -> None:
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), files("1.0", "2.0"))
    first = asyncio.create_task(install(home))
    await until_stage(home, Stage.UPLOADING)
    with pytest.raises(HomeAssistantError) as error:
        await install(home, "1.0")
    assert error.value.translation_key == "update_in_progress"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash", file=drop(home, "garden.bin", NEW))
    assert error.value.translation_key == "already_installing"
    await first
    assert [board.version, len(board.flashed)] == ["2.0", 1]


@pytest.mark.slow
async def test_only_so_many_at_once(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flashing, "FLASH_SLOTS", 2)
    names = ["Attic", "Barn", "Cellar", "Den"]
    boards = [
        await start_board(name=name, address=f"127.0.0.{number}", seconds_per_byte=SLOWLY)
        for number, name in enumerate(names, 20)
    ]
    for board in boards:
        await offer(await add_board(board), {"garden-2.0.bin": NEW})
    coordinators = [board_of(home, name) for name in names]
    most = 0
    queued: set[str] = set()

    def count(_: object) -> None:
        nonlocal most
        most = max(most, sum(one.state.stage is Stage.UPLOADING for one in coordinators))
        queued.update(one.name for one in coordinators if one.state.stage is Stage.QUEUED)

    stop = home.bus.async_listen("state_changed", count)
    await asyncio.gather(*(install(home, entity_id=f"update.{name.lower()}_firmware") for name in names))
    stop()
    assert most == 2
    assert len(queued) >= 2, "whoever comes third waits for its turn"
    assert [len(board.flashed) for board in boards] == [1] * 4


async def take_all_turns(home: HomeAssistant) -> asyncio.Semaphore:
    """Let as many other boards be flashed as can be."""
    slots = flash_slots(home)
    for _ in range(flashing.FLASH_SLOTS):
        await slots.acquire()
    return slots


async def test_cancelling_while_others_are_flashed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    slots = await take_all_turns(home)
    caller = asyncio.create_task(install(home))
    await until_stage(home, Stage.QUEUED)
    with watching(home, FLASH) as events:
        await press_cancel(home)
        with pytest.raises(HomeAssistantError) as error:
            await caller
    assert error.value.translation_key == "install_canceled"
    assert shown(home, STATUS).state == "idle"
    assert not events
    coordinator = board_of(home)
    assert coordinator.record.order is None
    assert not coordinator.images.sha256s
    assert not any(request.body_bytes for request in board.requests)
    slots.release()
    await install(home)
    assert board.flashed == [NEW]


async def test_nothing_to_cancel(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """It began, or ended, just before the button was pressed: that is always there."""
    board = await start_board(seconds_per_byte=SLOWLY)
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    caller = asyncio.create_task(install(home))
    await until_stage(home, Stage.UPLOADING)
    with pytest.raises(ServiceValidationError) as error:
        await press_cancel(home)
    assert error.value.translation_key == "nothing_to_cancel"
    await caller
    assert board.flashed == [NEW]
    with pytest.raises(ServiceValidationError):
        await press_cancel(home)
