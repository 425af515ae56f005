"""A health check, or a roll-back, that is broken off or fails: it is taken up again, and ends where it should."""

import asyncio

from homeassistant.const import CONF_PASSWORD, EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash import verdict
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Evidence, Verdict
from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN
from custom_components.mkr1000_ota.coordinator import Stage
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    board_of,
    eventually,
    find_again,
    give_turns_back,
    hold_turns,
    install,
    issues,
    lose,
    press_cancel,
    reason_of,
    reauths,
    restart,
    shown,
    until_stage,
    watching,
)
from tests.support.going_back import (
    LAMP,
    damage_image,
    dies,
    install_a_bad_one,
    offer_a_bad_one,
    run_well,
    sketches,
    with_a_bad_one_on_offer,
)
from tests.support.looking import look, settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]

SLOWLY = 20e-6  # seconds a byte


async def test_the_check_is_broken_off(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry is reloaded while the new sketch is watched: it is watched again, and has to go."""
    entry, caller = await install_a_bad_one(home, add_board, offer, board, 0.5)
    await until_stage(home, Stage.CHECKING_HEALTH)
    await restart(home, entry)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "install_interrupted"
    assert entry.data[CONF_PASSWORD] == board.password == "of 2.0"

    with pytest.raises(HomeAssistantError) as error:
        await install(home, "2.0")
    assert error.value.translation_key == "update_in_progress"
    await until_stage(home, Stage.IDLE)
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert issues(home).keys() == {"unhealthy"}
    assert "Version 2.0 failed its health check" in caplog.text
    assert not board_of(home).record.is_unfinished


async def test_home_assistant_has_started_before_anything_is_judged(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """An entity may be unavailable until then without any fault of the sketch."""
    entry, caller = await install_a_bad_one(home, add_board, offer, board, 0.5)
    await until_stage(home, Stage.CHECKING_HEALTH)
    await restart(home, entry, lambda: home.set_state(CoreState.starting))
    with pytest.raises(HomeAssistantError):
        await caller
    await settled(home)
    assert board_of(home).record.health_is_due
    assert board.version == "2.0"
    home.set_state(CoreState.running)
    home.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settled(home)
    assert board.version == "1.0"
    assert not board_of(home).record.is_unfinished


async def test_a_flash_that_is_found_out_during_a_start_is_judged_at_its_end(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """Until then nobody is told that it has ended well."""
    entry, caller = await install_a_bad_one(home, add_board, offer, board, 0)
    await until_stage(home, Stage.RESTARTING)
    with watching(home, FLASH) as events:
        await restart(home, entry, lambda: home.set_state(CoreState.starting))
        with pytest.raises(HomeAssistantError):
            await caller
        await settled(home)
        assert board_of(home).record.health_is_due
        assert shown(home, FIRMWARE).attributes["installed_version"] == "2.0"
        home.set_state(CoreState.running)
        home.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await settled(home)
    assert board.version == "1.0"
    told = [event.attributes["to"] for event in events if event.attributes.get("event_type") == "flashed"]
    assert "2.0" not in told


async def test_a_rollback_that_waits_for_its_turn_is_not_cancelled(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A sketch that does not work would stay, and nobody would be told."""
    _entry, caller = await install_a_bad_one(home, add_board, offer, board, 0.1)
    await until_stage(home, Stage.CHECKING_HEALTH)
    await hold_turns(home)
    await eventually(lambda: board_of(home).record.failed)
    with pytest.raises(HomeAssistantError) as error:
        await press_cancel(home)
    assert error.value.translation_key == "nothing_to_cancel"

    give_turns_back(home)
    with pytest.raises(HomeAssistantError) as error:
        await caller
    assert error.value.translation_key == "rolled_back"
    assert board.password == "of 1.0"


async def test_the_rollback_is_broken_off(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """The entry is reloaded in the middle of it: once that is found out, it is gone again."""
    board = await start_board(seconds_per_byte=SLOWLY)
    entry, caller = await install_a_bad_one(home, add_board, offer, board, 0)
    await until_stage(home, Stage.CHECKING_HEALTH)
    await until_stage(home, Stage.UPLOADING)
    await restart(home, entry)
    with pytest.raises(HomeAssistantError):
        await caller
    assert board.version == "2.0"
    assert "rolling back to version 1.0 also failed" in reason_of(issues(home)["unhealthy"])
    await eventually(lambda: shown(home, FIRMWARE).attributes["installed_version"] == "1.0")
    await until_stage(home, Stage.IDLE)
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert issues(home).keys() == {"unhealthy"}
    assert "version 1.0 was restored" in reason_of(issues(home)["unhealthy"])
    assert len(board.flashed) == 3
    await restart(home, entry)
    await settled(home)
    assert len(board.flashed) == 3, "the build that it has gone back to is not judged"


async def test_a_rollback_whose_end_nobody_saw_ends_there_too(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The entry is stopped while the board restarts with the earlier sketch."""
    entry, caller = await install_a_bad_one(home, add_board, offer, board, 0)
    await eventually(lambda: len(board.flashed) == 3)
    with watching(home, FLASH) as events:
        await restart(home, entry)
        with pytest.raises(HomeAssistantError):
            await caller
        await eventually(lambda: not board_of(home).record.is_unfinished)
        await until_stage(home, Stage.IDLE)
    assert [event.attributes["event_type"] for event in events if event.attributes.get("event_type")][
        -1
    ] == "rolled_back"
    assert len(board.flashed) == 3
    assert board_of(home).record.version == board.version == "1.0"
    assert board_of(home).record.failed == (board_of(home).record.history[1].sha256,)
    assert "version 1.0 was restored" in reason_of(issues(home)["unhealthy"])


async def test_the_board_is_away_when_it_should_go_back(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    nobody_is_heard: None,
) -> None:
    """The new sketch dies soon after it has started: what is known then is said, and it goes back when it is there again."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    await offer(entry, sketches("2.0"))
    with watching(home, FLASH) as events:
        with monkeypatch.context() as patched:
            patched.setattr("custom_components.mkr1000_ota.install.health_check.async_becomes_healthy", dies(board))
            with pytest.raises(HomeAssistantError) as error:
                await install(home)
        home.states.async_set(LAMP, "unavailable")
        assert error.value.translation_key == "not_rolled_back"
        assert "Arduino could not go back to its earlier sketch" in caplog.text
        assert entry.data[CONF_PASSWORD] == board.password == "of 2.0"
        for _ in range(2):
            assert "rolling back to version 1.0 also failed" in reason_of(issues(home)["unhealthy"])
            await restart(home, entry)
            await settled(home)
        await look(home)
        await board.power_on()
        await look(home, 2)
    assert board.version == "1.0"
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert "version 1.0 was restored" in reason_of(issues(home)["unhealthy"])
    told = [event.attributes["event_type"] for event in events if event.attributes.get("event_type")]
    assert list(dict.fromkeys(told)) == ["unhealthy", "rolled_back"]


async def test_a_board_that_was_flashed_elsewhere_does_not_go_back(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner has helped it by cable: that sketch is theirs."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    await offer(entry, sketches("2.0"))
    monkeypatch.setattr("custom_components.mkr1000_ota.install.health_check.async_becomes_healthy", dies(board))
    with pytest.raises(HomeAssistantError):
        await install(home)
    assert board_of(home).record.rollback_to
    await board_of(home).async_accept_password("by cable")
    assert board_of(home).record.rollback_to is None
    await restart(home, entry)
    await settled(home)
    assert len(board.flashed) == 2


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
    with watching(home, FLASH) as events:
        await look(home)
    assert board.version == version
    assert entry.data[CONF_PASSWORD] == board.password == f"of {version}"
    told = [event.attributes["event_type"] for event in events if event.attributes.get("event_type")]
    assert told[-1:] == ["flashed" if version == "2.0" else "rolled_back"]


async def test_a_board_that_is_flashed_by_cable_instead_is_not_said_to_be_tried_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The way back has failed, and what was to be replaced runs no more."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    await damage_image(entry)
    await offer_a_bad_one(home, entry, offer)
    with pytest.raises(HomeAssistantError):
        await install(home)
    assert "tries again" in reason_of(issues(home)["unhealthy"])
    await board.flash_over_usb(sketches("1.0")["garden-1.0.bin"])
    await board_of(home).store.update(password_checked=0.0)
    await look(home)
    await eventually(lambda: entry.data[CONF_PASSWORD] == board.password)
    assert board_of(home).record.version is None
    assert not issues(home)


@pytest.mark.parametrize("password", ["of 1.0", "of nobody"])
async def test_what_is_flashed_by_cable_during_the_check_is_not_gone_back_from(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, password: str
) -> None:
    entry = await with_a_bad_one_on_offer(home, add_board, offer, board, 0.5)
    installing = asyncio.create_task(install(home))
    await until_stage(home, Stage.CHECKING_HEALTH)
    await board.flash_over_usb(build_sketch(password=password, version="3.0"))
    with pytest.raises(HomeAssistantError) as error:
        await installing
    assert error.value.translation_key == "verdict_foreign"
    assert (board.version, board_of(home).record.version) == ("3.0", None)
    assert not issues(home)
    assert bool(reauths(home, entry)) is (password == "of nobody")


async def test_a_roll_back_of_which_nobody_knows_the_end_is_not_said_to_be_tried_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_a_bad_one_on_offer(home, add_board, offer, board, 0)
    find_out = verdict.verdict_of

    def doubt(pending: Pending, evidence: Evidence | None) -> Verdict:
        return Verdict.UNCERTAIN if pending.version == "1.0" else find_out(pending, evidence)

    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.flasher.verdict_of", doubt)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "verdict_uncertain"
    assert "version 1.0" in str(error.value)
    assert issues(home).keys() == {"uncertain"}
    assert not board_of(home).record.is_unfinished
