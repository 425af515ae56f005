"""What the update dialog says before and during an update, in every language and under any name."""

from dataclasses import replace
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.update import UpdateEntity, UpdateEntityFeature
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_component, entity_registry as er
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.mkr1000_ota.const import CONF_FOLDER, DOMAIN
from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.storage.records import WaitingOrder
from tests.conftest import AddBoard, Offer
from tests.support.actions import FIRMWARE, choose, install, restart, shown
from tests.support.options import open_options, submit
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.web import Web

TRANSLATIONS = Path(__file__).parents[1] / "custom_components" / DOMAIN / "translations"
LANGUAGES = sorted(path.stem for path in TRANSLATIONS.glob("*.json"))
ENGLISH: dict[str, Any] = json.loads((TRANSLATIONS / "en.json").read_text())["exceptions"]

# What Home Assistant keeps of a summary.
LONGEST = 255

MARKDOWN = "![x](http://a.b/c) [Sign in](http://a.b) <b>*now*</b>"
NAMES = ["x" * 63, "[" * 63, MARKDOWN, "\u202e" + "W" * 40]


def summary(home: HomeAssistant, entity_id: str = FIRMWARE) -> str:
    """Return what the dialog shows of an offer that nobody has asked more of."""
    said = shown(home, entity_id).attributes["release_summary"]
    return str(said or "")


async def notes(home: HomeAssistant, entity_id: str = FIRMWARE) -> str:
    """Return what the dialog of an administrator fetches."""
    entity = home.data[entity_component.DATA_INSTANCES]["update"].get_entity(entity_id)
    assert isinstance(entity, UpdateEntity)
    return await entity.async_release_notes() or ""


@pytest.mark.parametrize(
    ("quirks", "code"),
    [
        (Quirks(hangs=True), "hangs_after_update"),
        (Quirks(serial="endless"), "waits_for_serial"),
        (Quirks(watchdog="fed"), "watchdog"),
        (Quirks(free_ram=4000), "little_ram"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_the_warnings_of_a_sketch_stand_there_before_it_is_installed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, quirks: Quirks, code: str
) -> None:
    await offer(await add_board(board), {"garden.bin": build_sketch(version="2.0", quirks=quirks)})
    beginning = ENGLISH[f"warning_{code}"]["message"].partition("{")[0]
    for said in (summary(home), await notes(home)):
        assert said.startswith(f'<ha-alert alert-type="warning">{beginning}')
        assert said.endswith("</ha-alert>")


async def test_an_open_dialog_follows_what_it_says_unless_there_is_more_to_read(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """It fetches notes once: what has changed since, it would not show."""

    def has_notes() -> bool:
        return UpdateEntityFeature.RELEASE_NOTES in UpdateEntityFeature(
            shown(home, FIRMWARE).attributes["supported_features"]
        )

    entry = await add_board(board)
    await offer(entry, {"arduino-1.0.bin": build_sketch(version="1.0", quirks=Quirks(watchdog="fed"))})
    assert summary(home) == await notes(home)
    assert not has_notes()
    quirks = Quirks(hangs=True, serial="endless", watchdog="fed", free_ram=4000)
    await offer(entry, {"arduino-2.0.bin": build_sketch(version="2.0", quirks=quirks)})
    assert has_notes()
    await offer(entry, {"arduino-3.0.bin": build_sketch(version="3.0"), "arduino-3.0.md": b"What is new"})
    assert has_notes()


LARGE = build_sketch(version="2.0", size=130_000, quirks=Quirks(storage="SDStorage", sdu=True))


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (
            {"arduino-3.0.bin": build_sketch("Pump", version="3.0")},
            "arduino-3.0.bin isn't offered: it's for a board named Pump",
        ),
        ({"pump-3.0.bin": build_sketch(version="3.0")}, "pump-3.0.bin isn't offered: its file name"),
        (
            {"arduino-2.0.bin": LARGE, "pump-3.0.bin": build_sketch(version="3.0")},
            "arduino-2.0.bin isn't offered: it's too",
        ),
    ],
    ids=["another name", "another series", "too large, beside another series"],
)
async def test_a_newer_sketch_that_is_held_back_is_told_with_its_reason(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, there: dict[str, bytes], told: str
) -> None:
    await offer(await add_board(board), {"arduino-1.0.bin": build_sketch(version="1.0")} | there)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    for said in (summary(home), await notes(home)):
        assert told in re.sub(r"\\", "", said)
        assert said.count("<ha-alert") == 1


async def test_the_name_that_changes_is_that_of_the_sketch(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The entry may be called otherwise, and is not renamed."""
    await offer(await add_board(board, title="Beds"), {"garden.bin": build_sketch(name="Beds")})
    state = home.states.get("update.beds_firmware")
    assert state is not None
    assert "renames Arduino to Beds" in state.attributes["release_summary"]


async def test_where_nobody_knows_the_name_of_a_board_none_is_said_to_change(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """Nothing is heard of it in a container without multicast."""
    entry = await add_board(board)
    entry.runtime_data.coordinator.update_entry(**{CONF_NAME: None})
    await offer(entry, {"garden.bin": build_sketch(name="Garden")})
    assert shown(home, FIRMWARE).state == "on"
    assert summary(home) == ""


async def test_what_the_running_build_will_do_is_said_before_the_next_one_is_installed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden.bin": build_sketch(version="1.0", quirks=Quirks(hangs=True))})
    await install(home)
    said = ENGLISH["running_hangs"]["message"]
    assert said not in await notes(home)
    await offer(entry, {"garden.bin": build_sketch(version="2.0")})
    assert said in summary(home)
    assert said in await notes(home)
    await install(home)
    await offer(entry, {"garden.bin": build_sketch(version="3.0")})
    assert said not in await notes(home)


async def test_where_to_put_a_sketch_is_said_of_the_source_that_is_in_use(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web
) -> None:
    entry = await add_board(board)
    folder = home.config.path(entry.options[CONF_FOLDER])
    assert folder in summary(home)
    manifest = str(site.serve("/manifest.json", json.dumps({"releases": []})))
    chosen = await open_options(home, entry, "source", "manifest")
    assert (await submit(home, chosen, manifest_url=manifest))["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert folder not in summary(home)
    assert ENGLISH["nothing_offered"]["message"].format(board="Arduino") in summary(home)
    site.serve("/manifest.json", status=503)
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    await home.async_block_till_done()
    assert "returned error 503" in summary(home)


@pytest.mark.slow
async def test_they_are_told_of_what_was_remembered_and_of_what_ran_before(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """While a source cannot be asked, no automation installs what it would not install otherwise."""
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(version="1.0", quirks=Quirks(watchdog="fed", free_ram=4200))})
    await install(home)
    quirks = Quirks(serial="endless", free_ram=4000)
    await offer(entry, {"garden-2.0.bin": build_sketch(version="2.0", quirks=quirks)})
    before = await notes(home)
    folder = Path(home.config.path(entry.options[CONF_FOLDER]))

    def vanishes() -> None:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        folder.write_text("in the way")

    await restart(home, entry, vanishes)
    assert await notes(home) == before
    assert "4000" in before
    assert shown(home, FIRMWARE).attributes["unattended"] is False
    folder.unlink()
    folder.mkdir()
    await offer(entry, {"garden-2.0.bin": build_sketch(version="2.0", quirks=quirks)})
    await choose(home, "latest")
    await install(home)
    await choose(home, "1.0")
    for _ in range(2):
        said = await notes(home)
        assert "This sketch uses a watchdog" in said
        assert "4200 bytes" in said
        await restart(home, entry)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES, ids=["long", "brackets", "markdown", "direction"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_all_that_it_says_fits_and_is_text(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, language: str, name: str
) -> None:
    """Home Assistant would cut off the end of what is too long, and with it the end of the box that it stands in."""
    home.config.language = language
    await async_get_translations(home, language, "exceptions", [DOMAIN])
    entry = await add_board(board, title=name)
    firmware = er.async_get(home).async_get_entity_id("update", DOMAIN, f"{entry.entry_id}_firmware")
    assert firmware is not None
    coordinator = entry.runtime_data.coordinator
    assert coordinator.name == name
    order = WaitingOrder(version="1.0", sha256="", file=name, ordered=0.0, until=1e9)
    await coordinator.store.note(lambda record: replace(record, order=order))
    quirks = Quirks(hangs=True, serial="endless", watchdog="fed", free_ram=4000)
    said = [summary(home, firmware)]
    for stage in Stage:
        if stage is not Stage.IDLE:
            coordinator.set_state(InstallState(stage, version="1" * 80))
            said.append(summary(home, firmware))
            assert "…" not in said[-1] or len(name) > 40
    coordinator.set_state(IDLE)
    large = build_sketch(version="9.0", size=130_000, quirks=Quirks(storage="SDStorage", sdu=True))
    await offer(entry, {(file := f"{name.replace('/', '')}.bin"): large})
    said.append(summary(home, firmware))
    (coordinator.sources.chosen.source.directory / file).unlink()
    await offer(entry, {"garden.bin": build_sketch(name=name, version="10.0", quirks=quirks)})
    said.append(summary(home, firmware))
    said.append(whole := await notes(home, firmware))
    assert whole.count("<ha-alert") >= 4
    for text in said:
        assert text.startswith("<ha-alert") and text.endswith("</ha-alert>")
        assert text.count("<ha-alert") == text.count("</ha-alert>")
        active = re.sub(r"\\.", "", text.replace("<ha-alert", "").replace("</ha-alert>", ""))
        assert not set("[]<*\u202e") & set(active), active
    assert all(len(text) <= LONGEST for text in said[:-1])
    await coordinator.store.note(lambda record: replace(record, order=None))
