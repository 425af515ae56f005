"""A sketch that does not do what it is for makes way for the one before, and nobody has to type anything."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN
from custom_components.mkr1000_ota.coordinator import Stage
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    OFFERED,
    act,
    board_of,
    choose,
    drop,
    find_again,
    install,
    issues,
    lose,
    reason_of,
    reauths,
    restart,
    shown,
    until_stage,
    watching,
)
from tests.support.going_back import LAMP, damage_image, offer_a_bad_one, run_well, sketches, with_a_bad_one_on_offer
from tests.support.looking import look, settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.web import Web

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]


@pytest.fixture
def site_of_the_board(site: Web) -> str:
    """The page that a sketch serves at the board's address; the part of the board is taken by a web server."""
    site.serve("/health", "fine")
    return str(site.at("/health")).replace("127.0.0.1", "{host}")


def told(events: list[Any]) -> list[tuple[Any, ...]]:
    """Return what automations are told, one after the other."""
    facts = [event.attributes for event in events]
    return [(each["event_type"], each["from"], each["to"]) for each in facts if each.get("event_type")]


async def test_there_and_back_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The whole story, with the stored password right at every step, and one event for each install."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.2})
    is_right: list[bool] = []

    @callback
    def compare(_: Event[EventStateChangedData]) -> None:
        is_right.append(entry.data[CONF_PASSWORD] == board.password)

    async_track_state_change_event(home, FLASH, compare)
    with watching(home, FLASH) as events:
        await run_well(home, entry, offer)
        assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"

        await offer_a_bad_one(home, entry, offer)
        coordinator, stages = board_of(home), set[Stage]()
        stop = coordinator.async_add_listener(lambda: stages.add(coordinator.state.stage))
        with pytest.raises(HomeAssistantError) as error:
            await install(home)
        stop()
    assert error.value.translation_key == "rolled_back"
    assert str(error.value).startswith("Version 2.0 failed its health check on Arduino, so version 1.0 was restored")

    assert [board.version, len(board.flashed)] == ["1.0", 3]
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert coordinator.record.keyring.passwords[:2] == ("of 1.0", "of 2.0")
    assert is_right == [True] * 2
    assert not reauths(home, entry)
    assert Stage.CHECKING_HEALTH in stages
    assert told(events) == [("flashed", None, "1.0"), ("rolled_back", "2.0", "1.0")]
    assert issues(home).keys() == {"unhealthy"}
    assert "so version 1.0 was restored" in reason_of(issues(home)["unhealthy"])

    assert shown(home, FIRMWARE).state == "off", "it is not offered by itself again"
    assert shown(home, FIRMWARE).attributes["installed_version"] == "1.0"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    assert "2.0" in shown(home, OFFERED).attributes["options"]

    await restart(home, entry)
    await home.async_block_till_done(wait_background_tasks=True)
    assert len(board.flashed) == 3, "the build that was gone back to is not judged again"
    assert issues(home).keys() == {"unhealthy"}


async def test_another_try_that_succeeds(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The user mends what was wrong around the sketch, and chooses it again: their own install judges it again."""
    await with_a_bad_one_on_offer(home, add_board, offer, board, 0.2)
    await choose(home, "2.0")
    with pytest.raises(HomeAssistantError):
        await install(home)
    assert shown(home, OFFERED).state == "latest", "the choice was made before it was known"

    home.states.async_set(LAMP, "on")
    await choose(home, "2.0")
    assert shown(home, FIRMWARE).state == "on"
    await install(home)
    assert board.version == "2.0"
    await choose(home, "latest")
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    assert not issues(home)
    assert board_of(home).record.failed == ()


async def test_no_earlier_image(home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard) -> None:
    """What ran before was flashed by somebody else."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await offer(entry, sketches("2.0"))
    with watching(home, FLASH) as events, pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "unhealthy"
    assert "there is no earlier version to roll back to" in str(error.value)
    assert board.version == "2.0"
    assert entry.data[CONF_PASSWORD] == "of 2.0"
    assert issues(home).keys() == {"unhealthy"}
    assert told(events) == [("unhealthy", "2.0", "2.0")]

    with pytest.raises(HomeAssistantError, match="there is no earlier version"):
        await install(home, "2.0")
    assert len(board.flashed) == 2, "the same again is no way back"


async def test_what_failed_before_is_passed_over(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """From 3.0 back to 1.0, as 2.0 has failed itself."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    home.states.async_set(LAMP, "unknown")
    await offer(entry, sketches("2.0", "3.0"))
    for version in ("2.0", "3.0"):
        with pytest.raises(HomeAssistantError):
            await install(home, version)
        assert board.version == "1.0"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "install_archived")
    assert error.value.translation_key == "nothing_archived", "there is nothing that is worth it"


async def test_what_has_failed_and_runs_all_the_same_is_passed_over_later(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """There was no way back from 2.0 then; there is one from 3.0, and it leads past 2.0."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    sha256 = await damage_image(entry)
    home.states.async_set(LAMP, "unknown")
    await offer(entry, sketches("2.0", "3.0"))
    for version, runs in (("2.0", "2.0"), ("3.0", "1.0")):
        with pytest.raises(HomeAssistantError):
            await install(home, version)
        assert board.version == runs
        await board_of(home).images.store(sha256, sketches("1.0")["garden-1.0.bin"])


async def test_an_image_that_is_damaged_is_no_way_back(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    await damage_image(entry)
    home.states.async_remove(LAMP)
    await offer(entry, sketches("2.0"))
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "not_rolled_back"
    assert issues(home).keys() == {"unhealthy"}
    assert board.version == "2.0"


async def test_going_back_by_hand(home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard) -> None:
    """By the action without a version, by the action with one, and by the update entity."""
    entry = await add_board(board)
    files = sketches("1.0", "2.0", "3.0")
    await offer(entry, files)
    for version in ("1.0", "2.0", "3.0"):
        await install(home, version)
    await forget(entry, home)
    report = await act(home, "install_archived")
    assert report | {"seconds": 0} == {"from": "3.0", "to": "2.0", "bytes": 16384, "seconds": 0, "verdict": "flashed"}
    await act(home, "install_archived", version="1.0")
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    await install(home, "3.0")
    assert entry.data[CONF_PASSWORD] == board.password == "of 3.0"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "install_archived", version="9")
    assert str(error.value) == "Version 9 is not in the archive of Arduino. Archived versions: 3.0, 1.0, 2.0"


async def forget(entry: ConfigEntry, home: HomeAssistant) -> None:
    """Empty the firmware folder of a board."""
    for file in Path(home.config.path(entry.options["folder"])).iterdir():
        file.unlink()
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()


async def test_a_page_of_the_board_is_asked(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, site: Web, site_of_the_board: str
) -> None:
    board = await start_board(address="127.0.0.1")
    entry = await add_board(board, **{CONF_HEALTH_URL: site_of_the_board, CONF_HEALTH_WITHIN: 1.0})
    await offer(entry, sketches("1.0", "2.0"))
    await install(home, "1.0")
    assert site.asked() == ["/health"]

    site.serve("/health", status=500)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "rolled_back"
    assert site.asked().count("/health") > 3
    assert board.version == "1.0"


async def test_a_page_that_redirects_to_nowhere_sends_the_sketch_back(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, site: Web, site_of_the_board: str
) -> None:
    """An install ends with what is true, whatever error that is."""
    board = await start_board(address="127.0.0.1")
    entry = await add_board(board, **{CONF_HEALTH_URL: site_of_the_board, CONF_HEALTH_WITHIN: 0.1})
    await offer(entry, sketches("1.0", "2.0"))
    await install(home, "1.0")
    site.redirect("/health", "http://[::1")
    with watching(home, FLASH) as events, pytest.raises(HomeAssistantError):
        await install(home)
    assert told(events) == [("rolled_back", "2.0", "1.0")]
    assert board.version == "1.0"


async def test_the_event_comes_after_the_health_check(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 30})
    await offer(entry, sketches("1.0"))
    caller = home.async_create_task(install(home))
    await until_stage(home, Stage.CHECKING_HEALTH)
    assert shown(home, FLASH).attributes.get("event_type") is None
    home.states.async_set(LAMP, "on")
    await caller
    assert shown(home, FLASH).attributes["event_type"] == "flashed"


async def test_what_ran_well_was_allowed_to(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It has little RAM, which its owner has overridden: it takes the place of what is not healthy all the same."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    home.states.async_set(LAMP, "on")
    scarce = build_sketch(password="of 1.0", version="1.0", quirks=Quirks(free_ram=3000))
    await act(home, "flash", file=drop(home, "garden-1.0.bin", scarce), allow=["too_little_ram"])
    await offer_a_bad_one(home, entry, offer)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "rolled_back"
    assert board.version == "1.0"


async def test_without_a_check_nothing_has_to_be_shown(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A check that is set up later does not judge what ran before."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    await lose(home, board)
    await find_again(board)
    await look(home)
    assert shown(home, FIRMWARE).attributes["installed_version"] == "1.0"
    checked = {CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0}
    home.config_entries.async_update_entry(entry, options=entry.options | checked)
    await restart(home, entry)
    await settled(home)
    assert not issues(home)
    assert board.version == "1.0"
