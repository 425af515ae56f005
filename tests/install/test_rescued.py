"""A board whose roll-back has failed: its owner helps it, or calls that off, and what they have made of it stays."""

from dataclasses import replace
from typing import Any

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import BoardUnreachable
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.const import (
    CONF_HEALTH_ENTITY,
    CONF_HEALTH_WITHIN,
    CONF_HEARD_NAME,
    CONF_WAIT,
    DOMAIN,
)
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install.notices import async_close_notice
from custom_components.mkr1000_ota.issues import Kind
from custom_components.mkr1000_ota.network import announced_name
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.support.actions import FIRMWARE, FLASH, board_of, install, issues, restart, shown, until_stage, watching
from tests.support.going_back import LAMP, dies, offer_a_bad_one, run_well, sketches
from tests.support.looking import heard_ago, leave_unheard, look, settled
from tests.support.mending import know, reconfigure
from tests.support.steps import MAC, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]

PASSWORD = "of 2.0"


@pytest.fixture(autouse=True)
async def unhealthy(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, arp: Arp, hear: Hear
) -> None:
    """A board that died of version 2.0 before it could go back to 1.0, and is off."""
    arp(MAC, board.address)
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0, CONF_WAIT: 5})
    know(home, entry, MAC)
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("custom_components.mkr1000_ota.install.health_check.async_becomes_healthy", dies(board))
        with pytest.raises(HomeAssistantError):
            await install(home)
    # While it was there.
    await hear(board)
    await board_of(home).async_refresh()
    await settled(home)
    assert board_of(home).record.rollback_to
    assert issues(home).keys() == {"unhealthy"}


async def close_while_it_uploads(home: HomeAssistant, board: VirtualBoard) -> None:
    """Let a board come back, and close the repair as soon as it is sent something."""
    board.options = replace(board.options, seconds_per_byte=60e-6)
    await board.power_on()
    board_of(home).config_entry.async_create_background_task(home, board_of(home).async_refresh(), "look")
    await until_stage(home, Stage.UPLOADING)
    await async_close_notice(board_of(home), Kind.UNHEALTHY)


async def expect_to_stay(home: HomeAssistant, board: VirtualBoard) -> None:
    """Cut short what a board is sent: when it comes back, it is left as it is."""
    await board.power_off()
    await until_stage(home, Stage.IDLE)
    await look(home)
    await board.power_on()
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("2.0", 2)
    assert not board_of(home).record.is_unfinished


@pytest.mark.parametrize("sketch", [{"library": "ArduinoOTA"}, {"password": "theirs"}], ids=str)
async def test_what_was_flashed_by_cable_stays(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, sketch: dict[str, Any]
) -> None:
    await board.flash_over_usb(build_sketch(version="9.9", **{"password": PASSWORD} | sketch))
    await hear(board)
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", 2)
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert not shown(home, FIRMWARE).attributes["unattended"]
    assert not issues(home)
    assert not board_of(home).record.is_unfinished


async def test_a_name_that_may_be_made_up_calls_nothing_off(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is flashed either; what alone is announced for minutes is the name of another sketch."""
    await board.flash_over_usb(build_sketch(version="9.9", password=PASSWORD, name="Rescue"))
    await hear(board)
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", 2)
    assert issues(home).keys() == {"unhealthy"}
    monkeypatch.setattr(announced_name, "RENAMED_AFTER", 0.0)
    await hear(board)
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", 2)
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert not issues(home)


@pytest.mark.parametrize("then", ["off and on", "a new address", "the address is confirmed"])
async def test_another_name_is_not_forgotten_before_it_is_settled(
    home: HomeAssistant, board: VirtualBoard, hear: Hear, arp: Arp, start_board: StartBoard, then: str
) -> None:
    rescue = build_sketch(version="9.9", password=PASSWORD, name="Rescue")
    [entry] = home.config_entries.async_entries(DOMAIN)
    if then == "a new address":
        board = await start_board(address="127.0.0.8", port=board.port)
        arp(MAC, board.address)
    await board.flash_over_usb(rescue)
    flashed = len(board.flashed)
    if then == "a new address":
        entry.runtime_data.coordinator.update_entry(**{CONF_HOST: board.address, CONF_HEARD_NAME: None})
    await hear(board)
    await look(home)
    if then == "the address is confirmed":
        assert (await reconfigure(home, entry, typed(board)))["reason"] == "reconfigure_successful"
        await hear(board)
    await leave_unheard(home, board)
    heard_ago(home, board.address, 120)
    await board.power_on()
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", flashed)


async def test_what_is_healthy_by_now_stays(home: HomeAssistant, board: VirtualBoard) -> None:
    """Nothing tells the sketch of the owner from the one that was not healthy."""
    await board.flash_over_usb(build_sketch(version="9.9", password=PASSWORD))
    home.states.async_set(LAMP, "on")
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", 2)
    assert not issues(home)
    assert not board_of(home).record.is_unfinished
    assert board_of(home).record.failed == ()


async def test_a_board_that_is_awake_for_seconds_goes_back_when_it_comes_again(
    home: HomeAssistant, board: VirtualBoard
) -> None:
    """Before the time for its health check is over, it is gone each time."""
    [entry] = home.config_entries.async_entries(DOMAIN)
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_HEALTH_WITHIN: 0.5})
    await board.power_on()
    board_of(home).config_entry.async_create_background_task(home, board_of(home).async_refresh(), "look")
    await until_stage(home, Stage.CHECKING_HEALTH)
    await board.power_off()
    await until_stage(home, Stage.IDLE)
    await board_of(home).async_refresh()
    assert (board.version, len(board.flashed)) == ("2.0", 2)
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_HEALTH_WITHIN: 600})
    await board.power_on()
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("1.0", 3)


async def test_the_time_in_which_a_board_was_off_is_no_time_to_become_healthy(
    home: HomeAssistant, board: VirtualBoard
) -> None:
    """Home Assistant is restarted while it is off. Its owner helps it, which shows half a second after it is back."""
    [entry] = home.config_entries.async_entries(DOMAIN)
    await restart(home, entry)
    await settled(home)
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_HEALTH_WITHIN: 600})
    await board.power_on()
    home.loop.call_later(0.5, lambda: home.states.async_set(LAMP, "on"))
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("2.0", 2)
    assert not issues(home)


async def test_who_asks_for_no_check_anymore_has_the_earlier_sketch_all_the_same(
    home: HomeAssistant, board: VirtualBoard
) -> None:
    """A board that is off is not healthy because nothing is asked of it."""
    [entry] = home.config_entries.async_entries(DOMAIN)
    options = {name: value for name, value in entry.options.items() if name != CONF_HEALTH_ENTITY}
    home.config_entries.async_update_entry(entry, options=options)
    entry.runtime_data.installer.resume()
    await settled(home)
    assert issues(home).keys() == {"unhealthy"}
    await board.power_on()
    await look(home, 2)
    assert board.version == "1.0"


async def test_what_is_closed_too_late_ends_as_it_has_begun(home: HomeAssistant, board: VirtualBoard) -> None:
    """The board gets its earlier sketch already: that is not judged, nor gone back from."""
    with watching(home, FLASH) as events:
        await close_while_it_uploads(home, board)
        await settled(home)
    assert [event.attributes["event_type"] for event in events if event.attributes.get("event_type")] == ["rolled_back"]
    assert not board_of(home).record.is_unfinished


async def test_what_is_closed_and_then_breaks_off_is_not_tried_again(home: HomeAssistant, board: VirtualBoard) -> None:
    await close_while_it_uploads(home, board)
    await expect_to_stay(home, board)


async def test_what_is_closed_before_anything_is_sent_is_not_done(home: HomeAssistant, board: VirtualBoard) -> None:
    async def fail(*_: object, **__: object) -> None:
        await board.power_off()
        await async_close_notice(board_of(home), Kind.UNHEALTHY)
        raise BoardUnreachable("It has gone")

    board_of(home).timeouts = replace(board_of(home).timeouts, rejoin_timeout=0.2, retry_interval=0.05)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BoardClient, "upload", fail)
        await board.power_on()
        await look(home)
    await look(home)
    await board.power_on()
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("2.0", 2)


async def test_what_is_closed_while_another_build_is_flashed_is_not_done(
    home: HomeAssistant, offer: Offer, board: VirtualBoard
) -> None:
    """However that ends."""
    [entry] = home.config_entries.async_entries(DOMAIN)
    await offer(entry, sketches("3.0"))
    await install(home, "3.0")
    await close_while_it_uploads(home, board)
    await expect_to_stay(home, board)


async def test_what_a_person_has_closed_is_not_done(home: HomeAssistant, board: VirtualBoard) -> None:
    await async_close_notice(board_of(home), Kind.UNHEALTHY)
    await board.power_on()
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("2.0", 2)
    assert not issues(home)


async def test_what_is_ordered_is_no_roll_back(home: HomeAssistant, board: VirtualBoard) -> None:
    """The same build, but somebody wants it: it runs when that has ended, and is judged as any other."""
    with watching(home, FLASH) as events:
        await install(home, "1.0")
        home.states.async_set(LAMP, "on")
        await board.power_on()
        await look(home, 2)
    assert board.version == "1.0"
    assert [event.attributes["event_type"] for event in events if event.attributes.get("event_type")] == ["flashed"]
    assert not issues(home)
