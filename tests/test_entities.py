"""What the device page shows of a board."""

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, Offer
from tests.support.actions import CANCEL, FIRMWARE, FLASH, OFFERED, act, choose, drop, install, shown
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

CONNECTIVITY = "binary_sensor.arduino_connectivity"
LAST_FLASH = "sensor.arduino_last_flash"


def sketches(*versions: str) -> dict[str, bytes]:
    """Return sketches as they are dropped into the folder of a board."""
    return {f"garden-{one}.bin": build_sketch(version=one, size=8192) for one in versions}


async def test_a_board_that_was_just_added(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    """Nothing is known of its sketch, and nothing is offered; no state is unknown where a control would be lost."""
    await add_board(board)
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert shown(home, FIRMWARE).attributes["in_progress"] is False
    assert shown(home, OFFERED).attributes["options"] == ["newest"]
    assert shown(home, LAST_FLASH).state == "unknown"
    assert shown(home, FLASH).state == "unknown"


async def test_whatever_is_offered_is_newer_than_the_unknown(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), sketches("0.1"))
    assert shown(home, FIRMWARE).state == "on"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "0.1"


async def test_after_a_flash(home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard) -> None:
    entry = await add_board(board)
    await offer(entry, sketches("1.0", "2.0"))
    before = dt_util.utcnow().replace(microsecond=0)
    await install(home)
    assert dt_util.parse_datetime(shown(home, LAST_FLASH).state, raise_on_error=True) >= before
    attributes = shown(home, FLASH).attributes
    assert attributes["event_type"] == "flashed"
    assert (attributes["from"], attributes["to"], attributes["bytes"]) == (None, "2.0", 8192)
    device = dr.async_get(home).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert device is not None
    assert (device.manufacturer, device.model, device.sw_version) == ("Arduino", "MKR1000", "2.0")


async def test_they_stay_available_while_the_board_is_away(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """An update can be ordered, and what happened last is still true; only the connection is gone.

    The button is never there unless an install waits.
    """
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    await board.stop()
    await entry.runtime_data.coordinator.async_refresh()
    assert shown(home, CONNECTIVITY).state == "off"
    assert shown(home, FIRMWARE).state == "on"
    entities = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    states = {entity.entity_id: shown(home, entity.entity_id).state for entity in entities}
    assert len(states) == 7
    assert {entity for entity, state in states.items() if state == "unavailable"} == {CANCEL}

    await board.start()
    await entry.runtime_data.coordinator.async_refresh()
    assert shown(home, CONNECTIVITY).state == "on"


async def test_they_are_put_where_they_belong(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    entry = await add_board(board)
    entities = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    assert {entity.entity_id: entity.entity_category for entity in entities} == {
        FIRMWARE: EntityCategory.CONFIG,
        FLASH: None,
        OFFERED: EntityCategory.CONFIG,
        CANCEL: EntityCategory.CONFIG,
        "sensor.arduino_activity": EntityCategory.DIAGNOSTIC,
        LAST_FLASH: EntityCategory.DIAGNOSTIC,
        CONNECTIVITY: EntityCategory.DIAGNOSTIC,
    }
    assert all(entity.unique_id.startswith(entry.entry_id) for entity in entities)


async def test_a_chosen_version_is_offered_even_if_it_is_older(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It is installed like any update; then there is nothing to do, until the newest is wanted again."""
    await offer(await add_board(board), sketches("1.0", "2.0", "3.0"))
    await install(home)
    assert shown(home, OFFERED).attributes["options"] == ["newest", "3.0", "2.0", "1.0"]
    await choose(home, "1.0")
    assert shown(home, FIRMWARE).state == "on"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    await install(home)
    assert board.version == "1.0"
    assert shown(home, FIRMWARE).state == "off"
    await choose(home, "newest")
    assert shown(home, FIRMWARE).attributes["latest_version"] == "3.0"
    assert shown(home, FIRMWARE).state == "on"


async def test_a_chosen_version_that_has_gone(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The newest is offered as long as it is not to be had."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0", "2.0"))
    await choose(home, "1.0")
    coordinator = entry.runtime_data.coordinator
    (coordinator.catalog.source.directory / "garden-1.0.bin").unlink()
    await coordinator.catalog.async_refresh()
    assert shown(home, OFFERED).state == "newest"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    await offer(entry, sketches("1.0"))
    assert shown(home, OFFERED).state == "1.0"


async def test_a_newer_sketch_than_any_that_is_offered(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board), sketches("1.0"))
    await act(home, "flash", file=drop(home, "garden.bin", build_sketch(version="5.0")))
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["installed_version"] == "5.0"


async def test_too_large_for_its_storage(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A sketch that only a board with an SD card can take is offered to such a board alone."""
    entry = await add_board(board)
    await offer(entry, {"garden-9.0.bin": build_sketch(version="9.0", size=130_000)} | sketches("1.0"))
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    home.config_entries.async_update_entry(entry, options=entry.options | {"storage": "sd"})
    await home.config_entries.async_reload(entry.entry_id)
    await offer(entry, {})
    assert shown(home, FIRMWARE).attributes["latest_version"] == "9.0"


@pytest.mark.parametrize("version", ["nightly", "abc123"])
async def test_versions_that_cannot_be_compared(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, version: str
) -> None:
    """They are offered all the same."""
    await offer(await add_board(board), sketches("1.0"))
    await act(home, "flash", file=drop(home, "garden.bin", build_sketch(version=version)))
    assert shown(home, FIRMWARE).attributes["installed_version"] == version
    assert shown(home, FIRMWARE).state == "on"
