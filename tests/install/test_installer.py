"""An install as the user sees it: how far it is, which version, one at a time, and cancelled in time."""

import asyncio

from homeassistant.components.update import UpdateEntity
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    CANCEL,
    FIRMWARE,
    STATUS,
    act,
    drop,
    install,
    press_cancel,
    shown,
    until_stage,
    watching,
)
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
    with watching(home, STATUS) as states:
        await install(home)
    stages = list(dict.fromkeys(state.state for state in states))
    assert stages == ["fetching", "checking", "uploading", "restarting", "idle"], "it has not to wait for its turn"


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
    updates = {f"sensor.{name.lower()}_activity": f"update.{name.lower()}_firmware" for name in names}
    most = 0
    waiting_is_progress: set[bool] = set()

    def count(_: object) -> None:
        nonlocal most
        states = {update: shown(home, sensor).state for sensor, update in updates.items()}
        most = max(most, sum(state in ("checking", "uploading") for state in states.values()))
        queued = (shown(home, update) for update, state in states.items() if state == "queued")
        waiting_is_progress.update(state.attributes["in_progress"] for state in queued)

    stop = home.bus.async_listen("state_changed", count)
    await asyncio.gather(*(install(home, entity_id=update) for update in updates.values()))
    stop()
    assert most == 2
    assert waiting_is_progress == {True}, "whoever comes third waits for its turn"
    assert [len(board.flashed) for board in boards] == [1] * 4


async def test_cancelling_while_others_are_flashed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    shared.flashes = asyncio.Semaphore(0)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "queued")
    await press_cancel(home)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_cancelled"
    assert shown(home, STATUS).state == "idle"
    shared.flashes.release()
    await install(home)
    assert board.flashed == [NEW]


async def test_the_button_can_be_pressed_only_while_an_install_waits(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It does not come and go with an install that has not to wait."""
    await offer(await add_board(board), {"garden-2.0.bin": NEW})
    assert shown(home, CANCEL).state == "unavailable"

    shared.flashes = asyncio.Semaphore(0)
    caller = asyncio.create_task(install(home))
    await until_stage(home, "queued")
    assert shown(home, CANCEL).state == "unknown"

    with watching(home, CANCEL) as states:
        shared.flashes.release()
        await caller
    assert [state.state for state in states] == ["unavailable"]
    with watching(home, CANCEL) as states:
        await act(home, "flash", file=drop(home, "garden.bin", NEW))
    assert not states


async def test_nothing_to_cancel(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """It began, or ended, just before the button was pressed."""
    board = await start_board(seconds_per_byte=SLOWLY)
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    caller = asyncio.create_task(install(home))
    await until_stage(home, "uploading")
    with pytest.raises(ServiceValidationError) as error:
        await entry.runtime_data.installer.cancel()
    assert error.value.translation_key == "nothing_to_cancel"
    await caller
    assert board.flashed == [NEW]
    with pytest.raises(ServiceValidationError):
        await entry.runtime_data.installer.cancel()
