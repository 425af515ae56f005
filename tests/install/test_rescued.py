"""A board whose roll-back has failed: its owner helps it, or calls that off, and what they have made of it stays."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, CONF_WAIT
from custom_components.mkr1000_ota.install.notices import async_close_notice
from custom_components.mkr1000_ota.issues import Kind
from tests.conftest import AddBoard, Arp, Hear, Offer
from tests.support.actions import FIRMWARE, FLASH, board_of, install, issues, shown, watching
from tests.support.going_back import LAMP, dies, offer_a_bad_one, run_well
from tests.support.looking import look
from tests.support.mending import know
from tests.support.steps import MAC
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
    await look(home)
    assert board_of(home).record.rollback_to
    assert issues(home).keys() == {"unhealthy"}


@pytest.mark.parametrize("sketch", [{"library": "ArduinoOTA"}, {"name": "Rescue"}, {"password": "theirs"}], ids=str)
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


async def test_what_is_healthy_by_now_stays(home: HomeAssistant, board: VirtualBoard) -> None:
    """Nothing tells the sketch of the owner from the one that was not healthy."""
    await board.flash_over_usb(build_sketch(version="9.9", password=PASSWORD))
    home.states.async_set(LAMP, "on")
    await look(home, 2)
    assert (board.version, len(board.flashed)) == ("9.9", 2)
    assert not issues(home)
    assert not board_of(home).record.is_unfinished
    assert board_of(home).record.failed == ()


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
