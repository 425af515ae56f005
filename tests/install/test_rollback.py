"""A sketch that does not do what it is for makes way for the one before, and nobody has to type anything."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import FIRMWARE, FLASH, OFFERED, STATUS, act, choose, install, reauths, shown, watching
from tests.support.going_back import LAMP, issues, offer_a_bad_one, run_well, sketches
from tests.virtual_board import VirtualBoard
from tests.web import Web

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]


@pytest.fixture
def site_of_the_board(site: Web) -> str:
    """The page that a sketch serves at the board's address; the part of the board is taken by a web server."""
    site.serve("/health", "fine")
    return str(site.at("/health")).replace("127.0.0.1", "{host}")


async def test_there_and_back_again(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The whole story, with the stored password right at every step."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.2})
    is_right: list[bool] = []

    @callback
    def compare(_: Event[EventStateChangedData]) -> None:
        is_right.append(entry.data[CONF_PASSWORD] == board.password)

    async_track_state_change_event(home, FLASH, compare)
    await run_well(home, entry, offer)
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"

    await offer_a_bad_one(home, entry, offer)
    with (
        watching(home, STATUS) as stages,
        watching(home, FLASH) as events,
        pytest.raises(HomeAssistantError) as error,
    ):
        await install(home)
    assert error.value.translation_key == "rolled_back"
    assert str(error.value).startswith(
        "Version 2.0 failed its health check on Arduino, so version 1.0 was flashed back"
    )

    assert [board.version, len(board.flashed)] == ["1.0", 3]
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert entry.runtime_data.coordinator.record.keyring.passwords[:2] == ("of 1.0", "of 2.0")
    assert is_right == [True] * 4
    assert not reauths(home, entry)
    assert "watching" in [state.state for state in stages]
    assert [state.attributes["event_type"] for state in events] == ["flashed", "flashed", "rolled_back"]
    assert (events[-1].attributes["from"], events[-1].attributes["to"]) == ("2.0", "1.0")
    assert issues(home) == {"rolled_back"}

    assert shown(home, FIRMWARE).state == "off", "it is not offered by itself again"
    assert shown(home, FIRMWARE).attributes["installed_version"] == "1.0"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    assert "2.0" in shown(home, OFFERED).attributes["options"]


async def test_another_try_that_succeeds(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The user mends what was wrong around the sketch, and chooses it again."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.2})
    await run_well(home, entry, offer)
    await offer_a_bad_one(home, entry, offer)
    await choose(home, "2.0")
    with pytest.raises(HomeAssistantError):
        await install(home)
    assert shown(home, OFFERED).state == "newest", "the choice was made before it was known"

    home.states.async_set(LAMP, "on")
    await choose(home, "2.0")
    assert shown(home, FIRMWARE).state == "on"
    await install(home)
    assert board.version == "2.0"
    await choose(home, "newest")
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    assert not issues(home)
    assert entry.runtime_data.coordinator.record.failed_versions == []


async def test_no_earlier_image(home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard) -> None:
    """What ran before was flashed by somebody else."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await offer(entry, sketches("2.0"))
    with watching(home, FLASH) as events, pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "unhealthy"
    assert "there is no earlier sketch in the archive" in str(error.value)
    assert board.version == "2.0"
    assert entry.data[CONF_PASSWORD] == "of 2.0"
    assert issues(home) == {"unhealthy"}
    assert [state.attributes["event_type"] for state in events] == ["flashed", "unhealthy"]

    with pytest.raises(HomeAssistantError, match="there is no earlier sketch"):
        await install(home, "2.0")
    assert len(board.flashed) == 2, "the same again is no way back"


async def test_what_failed_before_is_passed_over(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """From 4.0 back to 1.0, as 2.0 and 3.0 have failed themselves."""
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


async def test_the_way_back_is_blocked(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The new sketch dies soon after it has started: what can be done then is said."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)

    async def dies(*_: object) -> bool:
        await board.stop()
        return False

    await offer(entry, sketches("2.0"))
    with monkeypatch.context() as patched:
        patched.setattr("custom_components.mkr1000_ota.install.installer.async_becomes_healthy", dies)
        with pytest.raises(HomeAssistantError) as error:
            await install(home)
    assert error.value.translation_key == "board_unreachable"
    assert issues(home) == {"not_rolled_back"}
    assert shown(home, FLASH).attributes["event_type"] == "unhealthy"
    assert "Arduino could not go back to version 1.0" in caplog.text
    assert entry.data[CONF_PASSWORD] == board.password == "of 2.0"

    await board.start()
    await act(home, "install_archived", version="1.0")
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"


async def test_an_image_that_is_damaged_is_no_way_back(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    await run_well(home, entry, offer)
    coordinator = entry.runtime_data.coordinator
    (sha256,) = coordinator.archive.sha256s
    await coordinator.archive.store(sha256, b"half an im")
    home.states.async_remove(LAMP)
    await offer(entry, sketches("2.0"))
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "image_lost"
    assert issues(home) == {"not_rolled_back"}
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
    entry = await add_board(board, **{CONF_HEALTH_URL: site_of_the_board, CONF_HEALTH_WITHIN: 0.3})
    await offer(entry, sketches("1.0", "2.0"))
    await install(home, "1.0")
    assert site.asked() == ["/health"]

    site.serve("/health", status=500)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "rolled_back"
    assert site.asked().count("/health") > 3
    assert board.version == "1.0"
