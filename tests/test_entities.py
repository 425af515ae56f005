"""What the device page shows of a board."""

from contextlib import nullcontext

from homeassistant.auth.models import User
from homeassistant.components.update import UpdateEntityFeature
from homeassistant.const import EntityCategory
from homeassistant.core import Context, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mkr1000_ota.const import CONF_FOLDER, DOMAIN
from tests.conftest import AddBoard, Offer
from tests.support.actions import (
    CANCEL,
    FIRMWARE,
    FLASH,
    OFFERED,
    STATUS,
    act,
    choose,
    drop,
    install,
    shown,
    watching,
)
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

CONNECTIVITY = "binary_sensor.arduino_connectivity"


def sketches(*versions: str) -> dict[str, bytes]:
    """Return sketches as they are dropped into the folder of a board."""
    return {f"garden-{one}.bin": build_sketch(version=one, size=8192) for one in versions}


async def test_a_board_that_was_just_added(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    """Nothing is known of its sketch, and nothing is offered; no state is unknown where a control would be lost."""
    await add_board(board)
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert shown(home, FIRMWARE).attributes["in_progress"] is False
    assert shown(home, OFFERED).attributes["options"] == ["latest"]
    assert shown(home, STATUS).state == "idle"
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
    await install(home)
    attributes = shown(home, FLASH).attributes
    assert attributes["event_type"] == "flashed"
    assert (attributes["from"], attributes["to"], attributes["bytes"]) == (None, "2.0", 8192)
    device = dr.async_get(home).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert device is not None
    assert (device.manufacturer, device.model, device.model_id) == ("Arduino", "MKR1000", "mkr1000")
    assert device.sw_version == "2.0"


async def test_they_stay_available_while_the_board_is_away(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """An update can be ordered, and what happened last is still true; only the connection is gone."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    await board.stop()
    await entry.runtime_data.coordinator.async_refresh()
    assert shown(home, CONNECTIVITY).state == "off"
    assert shown(home, FIRMWARE).state == "on"
    entities = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    states = {entity.entity_id: shown(home, entity.entity_id).state for entity in entities}
    assert len(states) == 6
    assert "unavailable" not in states.values()

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
        STATUS: EntityCategory.DIAGNOSTIC,
        CONNECTIVITY: EntityCategory.DIAGNOSTIC,
    }
    assert all(entity.unique_id.startswith(entry.entry_id) for entity in entities)


async def test_a_chosen_version_is_offered_even_if_it_is_older(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It is installed like any update; then there is nothing to do, until the newest is wanted again."""
    await offer(await add_board(board), sketches("1.0", "2.0", "3.0"))
    await install(home)
    assert shown(home, OFFERED).attributes["options"] == ["latest", "3.0", "2.0", "1.0"]
    await choose(home, "1.0")
    assert shown(home, FIRMWARE).state == "on"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    await install(home)
    assert board.version == "1.0"
    assert shown(home, FIRMWARE).state == "off"
    assert "Version 2.0 is newer" in shown(home, FIRMWARE).attributes["release_summary"]
    await choose(home, "latest")
    # Version 3.0 has run here, and is not new anymore; it can be chosen.
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    assert shown(home, FIRMWARE).state == "on"


async def test_a_chosen_version_that_has_gone(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The newest is offered as long as it is not to be had."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0", "2.0"))
    await choose(home, "1.0")
    coordinator = entry.runtime_data.coordinator
    (coordinator.sources.chosen.source.directory / "garden-1.0.bin").unlink()
    await coordinator.sources.chosen.async_refresh()
    assert shown(home, OFFERED).state == "latest"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    await offer(entry, sketches("1.0"))
    assert shown(home, OFFERED).state == "1.0"


async def test_a_board_is_called_what_its_entry_is_called_by_now(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    home.config_entries.async_update_entry(entry, title="Greenhouse")
    with pytest.raises(ServiceValidationError) as raised:
        await install(home, "9.9")
    assert raised.value.translation_placeholders == {"board": "Greenhouse", "version": "9.9", "offered": "1.0"}


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
    large = build_sketch(version="9.0", size=130_000, quirks=Quirks(storage="SDStorage", sdu=True))
    await offer(entry, {"garden-9.0.bin": large} | sketches("1.0"))
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    assert "too large for the storage" in shown(home, FIRMWARE).attributes["release_summary"]
    home.config_entries.async_update_entry(entry, options=entry.options | {"storage": "sd"})
    await home.config_entries.async_reload(entry.entry_id)
    await offer(entry, {})
    assert shown(home, FIRMWARE).attributes["latest_version"] == "9.0"


@pytest.mark.parametrize("version", ["nightly", "abc123"])
async def test_versions_that_cannot_be_compared(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, version: str
) -> None:
    """What came last is the newest."""
    entry = await add_board(board)
    await offer(entry, sketches("1.0"))
    await act(home, "flash", file=drop(home, "garden.bin", build_sketch(version=version)))
    assert shown(home, FIRMWARE).attributes["installed_version"] == version
    assert shown(home, FIRMWARE).state == "off"
    await offer(entry, {"later.bin": build_sketch(version="2.0", seed=9)})
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"


async def test_where_a_sketch_goes_is_said_until_there_was_one(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    folder = home.config.path(entry.options[CONF_FOLDER])
    assert f"Copy a .bin file to {folder}" in shown(home, FIRMWARE).attributes["release_summary"]
    await offer(entry, {"garden.ino.bin": build_sketch()})
    assert "Copy" not in (shown(home, FIRMWARE).attributes["release_summary"] or "")
    await install(home)
    assert "Copy" not in (shown(home, FIRMWARE).attributes["release_summary"] or "")


@pytest.mark.slow
async def test_the_file_of_an_export_is_offered_again_after_each_build(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It has the same name each time, and no version anywhere."""
    entry = await add_board(board)
    for seed in (1, 2, 3):
        image = build_sketch(seed=seed, size=8192)
        await offer(entry, {"garden.ino.bin": image})
        assert shown(home, FIRMWARE).state == "on"
        await install(home)
        assert board.flashed[-1] == image
        assert shown(home, FIRMWARE).state == "off"


@pytest.mark.parametrize("is_admin", [True, False], ids=["administrators", "others"])
async def test_only_administrators_choose_and_cancel(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, hass_admin_user: User, is_admin: bool
) -> None:
    """Whoever may not install may not prepare it either. Automations, which act for nobody, pass."""
    await offer(await add_board(board), sketches("1.0", "2.0"))
    hass_admin_user.groups = hass_admin_user.groups if is_admin else []
    context = Context(user_id=hass_admin_user.id)
    chosen = {"entity_id": OFFERED, "option": "1.0"}
    allowed = nullcontext() if is_admin else pytest.raises(Unauthorized)
    with allowed:
        await home.services.async_call("select", "select_option", chosen, blocking=True, context=context)
    assert shown(home, OFFERED).state == ("1.0" if is_admin else "latest")
    refused = ServiceValidationError if is_admin else Unauthorized
    with pytest.raises(refused):
        await home.services.async_call("button", "press", {"entity_id": CANCEL}, blocking=True, context=context)
    await choose(home, "1.0")
    assert shown(home, OFFERED).state == "1.0"


async def test_the_dialog_says_what_goes_on(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """In place of release notes, which the frontend fetches only once."""
    await offer(await add_board(board), sketches("2.0") | {"garden-2.0.md": b"What is new"})
    notes = UpdateEntityFeature.RELEASE_NOTES
    assert notes & shown(home, FIRMWARE).attributes["supported_features"]
    with watching(home, FIRMWARE) as states:
        await install(home)
    said = [state.attributes["release_summary"] or "" for state in states if state.attributes["in_progress"]]
    assert all(summary.startswith('<ha-alert alert-type="info">') for summary in said)
    assert [
        text for text in ("Checking the board", "Sending the sketch", "restarting") if any(text in one for one in said)
    ] == [
        "Checking the board",
        "Sending the sketch",
        "restarting",
    ]
    in_progress = [state.attributes["supported_features"] for state in states if state.attributes["in_progress"]]
    assert not any(notes & features for features in in_progress)


async def test_an_update_is_few_lines_in_the_activity_log(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A line is a new state, not a new attribute."""
    entry = await add_board(board)
    await offer(entry, sketches("2.0"))
    await entry.runtime_data.coordinator.async_refresh()
    lines: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if old is not None and new is not None and old.state != new.state:
            lines.append(new.entity_id)

    home.bus.async_listen("state_changed", note)
    await install(home)
    await home.async_block_till_done()
    assert len(lines) <= 4
