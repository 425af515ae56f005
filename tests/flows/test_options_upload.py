"""A sketch is uploaded in the options, inspected, and kept beside the source of the board."""

import asyncio
from pathlib import Path
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from custom_components.mkr1000_ota.arduino_ota.firmware.upload import UploadedSource
from custom_components.mkr1000_ota.sources.chosen import uploads_of
from tests.conftest import AddBoard, Hear, Upload
from tests.minisign import Signer
from tests.support.flow_texts import ENGLISH, says
from tests.support.looking import heard_ago
from tests.support.options import open_options, shown, submit
from tests.support.steps import update_state
from tests.support.uploads import uploaded
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


def sentence(key: str, **placeholders: str) -> str:
    """Return one of the things that are said of a file that was inspected."""
    text: str = ENGLISH["exceptions"][key]["message"]
    return text.format(**placeholders)


@pytest.mark.slow
async def test_a_sketch_is_uploaded_shown_and_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    before = dict(entry.options)
    image = build_sketch(name="Arduino", password="password", version="v1.2.3")
    file = await upload(image, "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file, notes="Waters less.")
    assert result["step_id"] == "confirm_upload"
    facts = result["description_placeholders"]
    assert facts["file"] == "garden.bin"
    assert facts["version"] == "v1.2.3"
    assert facts["size"] == str(len(image))
    assert facts["library"] == "WiFi101OTA"
    assert facts["name"] == "Arduino"
    assert facts["findings"] == f"- {sentence('upload_password_found')}"
    assert await uploaded(home, entry) is None

    result = await submit(home, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    release = await uploaded(home, entry)
    assert release is not None
    assert (release.version, release.notes, release.size) == ("1.2.3", "Waters less.", len(image))
    assert update_state(home).attributes["latest_version"] == "1.2.3"
    # It replaces no source.
    assert entry.options == before


async def test_an_upload_is_not_left_behind_by_a_board_that_is_removed_in_the_middle_of_it(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(name="Arduino", password="password"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file)
    begun, go_on, store = asyncio.Event(), threading.Event(), UploadedSource._store  # noqa: SLF001 - what runs in a thread

    def store_late(source: UploadedSource, *given: Any) -> None:
        home.loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        store(source, *given)

    monkeypatch.setattr(UploadedSource, "_store", store_late)
    keeping = asyncio.create_task(submit(home, result))
    await begun.wait()
    removing = asyncio.create_task(home.config_entries.async_remove(entry.entry_id))
    await asyncio.wait((removing,), timeout=0.1)
    go_on.set()
    await removing
    assert (await keeping)["reason"] == "removed"
    assert not [path for path in Path(home.config.path(".storage")).rglob("*") if entry.entry_id in str(path)]


async def test_a_sketch_that_renames_the_board_says_so(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(name="Garden", password="password"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file)
    assert sentence("upload_renames", old="Arduino", new="Garden") in result["description_placeholders"]["findings"]


@pytest.mark.parametrize("hours", [2, 25])
async def test_the_sketch_of_a_board_that_has_gone_is_taken_a_day_later(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, upload: Upload, hours: int
) -> None:
    """Somebody has tried it out here, or this board has been at another address."""
    entry = await add_board(board)
    await hear(board, address="127.0.0.8", name="Garden")
    heard_ago(home, "127.0.0.8", 3600.0 * hours)
    file = await upload(build_sketch(name="Garden", version="1.0"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file)
    if hours < 24:
        assert result["step_id"] == "upload", "it may be asleep"
        return
    assert result["step_id"] == "confirm_upload"
    await submit(home, result)
    assert update_state(home).attributes["latest_version"] == "1.0"


async def test_what_a_sketch_will_need_a_hand_for_is_said(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    image = build_sketch(name="Arduino", quirks=Quirks(watchdog="fed", hangs=True, free_ram=4000))
    result = await submit(home, await open_options(home, entry, "upload"), sketch=await upload(image, "garden.bin"))
    findings = result["description_placeholders"]["findings"]
    assert sentence("warning_watchdog") in findings
    assert sentence("warning_hangs_after_update") in findings
    assert sentence("warning_little_ram", free="4000", needed="4412") in findings


async def test_a_password_that_cannot_be_found_is_asked_for(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    image = build_sketch(name="Arduino", password="something new", quirks=Quirks(computed=True))
    result = await submit(home, await open_options(home, entry, "upload"), sketch=await upload(image, "garden.bin"))
    assert sentence("upload_password_unknown") in result["description_placeholders"]["findings"]


async def test_a_second_upload_takes_the_place_of_the_first(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    runtime = entry.runtime_data
    for version in ("1.0", "2.0"):
        file = await upload(build_sketch(version=version), "garden.bin")
        await submit(home, await submit(home, await open_options(home, entry, "upload"), sketch=file))
        release = await uploaded(home, entry)
        assert release is not None
        assert release.version == version
    assert entry.runtime_data is runtime


async def test_an_upload_can_be_removed(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    assert "remove_upload" not in (await open_options(home, entry))["menu_options"]
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    await submit(home, await submit(home, await open_options(home, entry, "upload"), sketch=file))
    result = await open_options(home, entry)
    assert "remove_upload" in result["menu_options"]
    assert result["description_placeholders"]["upload"] == "garden.bin"

    result = await open_options(home, entry, "remove_upload")
    assert result["description_placeholders"]["file"] == "garden.bin"
    assert update_state(home).attributes["latest_version"] == "1.0"
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY
    assert await uploaded(home, entry) is None
    assert update_state(home).attributes["latest_version"] != "1.0"


async def test_an_upload_for_an_entry_that_is_not_loaded_is_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    await home.config_entries.async_unload(entry.entry_id)
    await submit(home, await submit(home, await open_options(home, entry, "upload"), sketch=file))
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert await uploaded(home, entry) is not None


@pytest.mark.parametrize(
    ("marker", "typed", "file", "version"),
    [
        ("1.0", "2.0", "garden-3.0.bin", "1.0"),
        (None, "v2.0", "garden-3.0.bin", "2.0"),
        (None, None, "garden-3.0.bin", "3.0"),
        (None, None, "garden.ino.bin", None),
    ],
)
async def test_the_version_comes_from_the_best_that_says_it(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    upload: Upload,
    marker: str | None,
    typed: str | None,
    file: str,
    version: str | None,
) -> None:
    entry = await add_board(board)
    given = {"sketch": await upload(build_sketch(version=marker), file)} | ({"version": typed} if typed else {})
    result = await submit(home, await open_options(home, entry, "upload"), **given)
    assert result["description_placeholders"]["version"] == (version or "–")
    await submit(home, result)
    release = await uploaded(home, entry)
    assert release is not None
    assert release.version == version


async def test_only_with_a_trusted_key_is_a_signature_asked_for(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    assert "signature" not in (await open_options(home, entry, "upload"))["data_schema"].schema
    home.config_entries.async_update_entry(entry, options={**entry.options, "public_key": Signer().public_key})
    assert "signature" in (await open_options(home, entry, "upload"))["data_schema"].schema


async def test_once_a_key_is_set_only_signed_sketches_are_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    signer = Signer()
    entry = await add_board(board, public_key=signer.public_key)
    image = build_sketch(name="Arduino", version="1.0")
    result = await open_options(home, entry, "upload")
    for signature, reason in (
        ("minisign", "bad_signature_file"),
        (signer.sign(image + b"!"), "wrong_signature"),
        (Signer().sign(image), "wrong_signature"),
        (signer.sign(image).replace("for tests", "for you"), "wrong_trusted_comment"),
    ):
        result = await submit(home, result, sketch=await upload(image, "garden.bin"), signature=signature)
        assert result["errors"] == {"signature": "problem"}
        assert says(result, f"signature_{reason}")
        assert shown(result) == {"signature": signature}

    result = await submit(home, result, sketch=await upload(image, "garden.bin"), signature=signer.sign(image))
    await submit(home, result)
    assert await uploads_of(home, entry.entry_id).signature(await _there(home, entry)) == signer.sign(image)


async def _there(home: HomeAssistant, entry: ConfigEntry) -> Release:
    release = await uploaded(home, entry)
    assert release is not None
    return release


async def test_what_is_signed_for_a_board_that_was_never_heard_is_taken_and_offered(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    signer = Signer()
    entry = await add_board(board, public_key=signer.public_key)
    home.config_entries.async_update_entry(entry, data={**entry.data, "name": None})
    image = build_sketch(name="Garden", version="1.0")
    entered = {"sketch": await upload(image, "garden.bin"), "signature": signer.sign(image)}
    await submit(home, await submit(home, await open_options(home, entry, "upload"), **entered))
    assert update_state(home).attributes["latest_version"] == "1.0"


@pytest.mark.parametrize(
    ("name", "typed", "key"),
    [("Arduino", "9.9.9", "signature_other_version"), ("Pump", None, "signature_other_name")],
)
async def test_a_signature_binds_the_version_and_the_name(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    upload: Upload,
    name: str,
    typed: str | None,
    key: str,
) -> None:
    signer = Signer()
    entry = await add_board(board, public_key=signer.public_key)
    image = build_sketch(name=name, version="1.0")
    entered = {"sketch": await upload(image, "garden.bin"), "signature": signer.sign(image)}
    entered |= {"version": typed} if typed else {}
    result = await submit(home, await open_options(home, entry, "upload"), **entered)
    assert says(result, key)


async def test_a_declared_password_counts_and_is_not_shown(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0", password="sesame"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file, password="sesame")
    assert "sesame" not in str(result)
    await submit(home, result)
    assert (await _there(home, entry)).password == "sesame"
    assert "sesame" not in str(home.states.async_all())
