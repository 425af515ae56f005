"""A wait for a board ends, with an update or without one, and somebody is told."""

from dataclasses import replace
from pathlib import Path
import time
from typing import Any

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.const import CONF_FOLDER, CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import installer
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Arp, Hear, Offer
from tests.install.conftest import IMAGE, AddAway, order_of
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    STATUS,
    board_of,
    eventually,
    install,
    issues,
    press_cancel,
    reason_of,
    reauths,
    restart,
    shown,
    until_stage,
    wait_out,
    watching,
)
from tests.support.looking import settled
from tests.support.mending import know
from tests.support.steps import MAC
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_button_ends_it(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, *, restarted: bool
) -> None:
    entry = await add_away()
    await install(home)
    if restarted:
        await restart(home, entry)
    with watching(home, FLASH) as events:
        await press_cancel(home)
    assert order_of(home) is None
    assert shown(home, STATUS).state == "idle"
    assert not board_of(home).images.sha256s
    assert not [event for event in events if event.attributes.get("event_type")]
    await board.power_on()
    await restart(home, entry)
    await settled(home)
    assert not board.flashed
    assert not issues(home)


@pytest.mark.parametrize("there", [False, True])
async def test_an_end_that_nobody_saw_is_told_after_the_restart(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, *, there: bool
) -> None:
    """And the board is left alone, though it may be there again. One click installs it after all."""
    entry = await add_away()
    await install(home)
    order = order_of(home)
    assert order
    await board_of(home).store.update(order=replace(order, until=time.time() - 1))
    if there:
        assert await home.config_entries.async_unload(entry.entry_id)
        await board.power_on()
        assert await home.config_entries.async_setup(entry.entry_id)
    else:
        await restart(home, entry)
    await eventually(lambda: issues(home))
    await settled(home)
    assert order_of(home) is None
    assert not board.flashed
    assert issues(home).keys() == {"not_installed"}
    assert reason_of(issues(home)["not_installed"]).startswith("Arduino didn't come back online")
    assert shown(home, FLASH).attributes["reason"] == "wait_over"
    await restart(home, entry)
    assert issues(home).keys() == {"not_installed"}


async def test_a_wait_that_is_over_is_told(home: HomeAssistant, add_away: AddAway, board: VirtualBoard) -> None:
    """Nobody looks into the log a week later."""
    entry = await add_away()
    await install(home)
    assert not issues(home)
    await wait_out(home)
    assert issues(home).keys() == {"not_installed"}
    assert order_of(home) is None
    await restart(home, entry)
    assert issues(home).keys() == {"not_installed"}

    (Path(home.config.path(entry.options[CONF_FOLDER])) / "garden.bin").unlink()
    await board_of(home).sources.chosen.async_refresh()
    await board.power_on()
    await install(home, "2.0")
    assert board.flashed == [IMAGE], "its image was kept for that"
    assert not issues(home)


async def test_what_is_ordered_again_is_not_said_to_be_not_installed(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """As long as it waits, however often Home Assistant is restarted; then it is said again."""
    entry = await add_away()
    await install(home)
    await wait_out(home)
    assert issues(home).keys() == {"not_installed"}
    await install(home)
    assert not issues(home)
    await restart(home, entry)
    assert not issues(home)
    await press_cancel(home)
    assert issues(home).keys() == {"not_installed"}


@pytest.mark.parametrize("request_number", [2, 3, 4])
async def test_a_board_that_falls_asleep_before_it_responds_is_waited_for_again(
    home: HomeAssistant,
    add_away: AddAway,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    request_number: int,
) -> None:
    """It has responded just now, and nothing of the sketch was sent to it."""
    monkeypatch.setattr(installer, "RETRY_INTERVAL", 0.05)
    await add_away()
    await install(home)
    await board.power_on()
    for _ in range(request_number):
        await board.next_event("request")
    await board.power_off()
    await eventually(lambda: board_of(home).state.stage is not Stage.CHECKING)
    assert order_of(home)
    assert not issues(home)
    await board.power_on()
    await eventually(lambda: board.flashed == [IMAGE])
    await until_stage(home, Stage.IDLE)
    assert not issues(home)


FOREIGN: dict[str, dict[str, Any]] = {
    "an earlier password": {"password": "before"},
    "another library": {"library": "ArduinoOTA"},
    "another name": {"name": "Barn"},
}


@pytest.mark.parametrize("other", FOREIGN)
async def test_a_board_that_comes_back_with_a_sketch_from_somewhere_else_is_left_alone(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, hear: Hear, arp: Arp, other: str
) -> None:
    """Its owner has flashed it by cable meanwhile, and is asked."""
    arp(MAC, board.address)
    entry = await add_away()
    know(home, entry, MAC)
    await hear(board)
    await board_of(home).store.note(lambda record: record.accepted("before", 1).accepted("password", time.time()))
    await install(home)
    await board.flash_over_usb(build_sketch(**{"password": "password", "name": "Arduino"} | FOREIGN[other]))
    await hear(board)
    await until_stage(home, Stage.IDLE)
    assert not any(request.body_bytes for request in board.requests)
    assert issues(home).keys() == {"not_installed"}
    assert "came back online with a sketch that was installed with another tool" in reason_of(
        issues(home)["not_installed"]
    )
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert entry.data[CONF_PASSWORD] == board.password
    assert order_of(home) is None
    assert not reauths(home, entry)

    await board.power_off()
    await install(home, "2.0")
    await board.power_on()
    await hear(board)
    await until_stage(home, Stage.IDLE)
    assert board.flashed == [IMAGE], "whoever orders it again knows what is replaced"


async def test_a_board_that_comes_back_with_an_unknown_password_is_left_alone(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard
) -> None:
    """The issue and the question for the password both survive a restart."""
    entry = await add_away()
    await install(home)
    await board.flash_over_usb(build_sketch(password="nobody knows"))
    await until_stage(home, Stage.IDLE)
    for _ in range(2):
        assert issues(home).keys() == {"not_installed"}
        assert len(reauths(home, entry)) == 1
        assert order_of(home) is None
        await restart(home, entry)
    assert not any(request.body_bytes for request in board.requests)

    for _ in range(2):
        if flows := reauths(home, entry):
            await home.config_entries.flow.async_configure(flows[0]["flow_id"], {CONF_PASSWORD: "nobody knows"})
        await settled(home)
        assert "password of the board is known again" in reason_of(issues(home)["not_installed"])
        await restart(home, entry)
    order = board_of(home).record.notices["not_installed"].order
    assert order is not None
    assert order.sha256 in board_of(home).images.sha256s, "it can be installed from the repair"


@pytest.mark.parametrize("minutes", [0, 5])
async def test_no_wait_helps_against_a_wrong_password(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, minutes: float
) -> None:
    entry = await add_board(board, password="wrong", **{CONF_WAIT: minutes})
    await offer(entry, {"garden.bin": IMAGE})
    with pytest.raises(HomeAssistantError) as raised:
        await install(home)
    assert raised.value.translation_key == "wrong_password"
    assert order_of(home) is None
    assert not issues(home), "whoever has ordered it was there"
    assert len(reauths(home, entry)) == 1


async def test_what_cannot_be_written_down_does_not_wait(
    home: HomeAssistant, add_away: AddAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be lost with the next restart, against what was said."""
    await add_away()

    def is_full(*_: object) -> None:
        raise JournalUnwritable

    with monkeypatch.context() as disk:
        disk.setattr(RecordStore, "_replace", is_full)
        with pytest.raises(HomeAssistantError) as raised:
            await install(home)
    assert raised.value.translation_key == "journal_unwritable"
    assert order_of(home) is None
    assert shown(home, STATUS).state == "idle"
    assert not issues(home)
