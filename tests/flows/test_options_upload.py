"""A sketch is uploaded in the options, looked at, and offered."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from homeassistant.components import file_upload
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.sources.chosen import uploads_of
from tests.conftest import AddBoard
from tests.minisign import Signer
from tests.support.actions import install
from tests.support.options import open_options, shown, submit
from tests.support.steps import update_state
from tests.virtual_board import VirtualBoard
from tests.virtual_board.bad_sketches import damaged, not_images, other_boards, without_ota
from tests.virtual_board.sketches import build_sketch

type Upload = Callable[[bytes, str], Awaitable[str]]

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


@pytest.fixture
async def upload(
    home: HomeAssistant,
    hass_client: Callable[..., Awaitable[TestClient[Any, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Upload:
    """Upload a file as the frontend does, and return what the flow is given for it."""
    # The folder for uploads is one for the whole machine, and whoever begins or ends to use it empties it.
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", str(tmp_path / "uploads"))

    async def upload(content: bytes, name: str) -> str:
        client = await hass_client()
        form = FormData()
        form.add_field("file", content, filename=name)
        answer = await client.post("/api/file_upload", data=form)
        assert answer.status == 200
        file_id: str = (await answer.json())["file_id"]
        return file_id

    return upload


async def test_a_sketch_is_uploaded_shown_and_offered(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    image = build_sketch(name="Garden", password="sesame", version="v1.2.3")
    file = await upload(image, "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), file=file, notes="Waters less.")
    assert result["step_id"] == "confirm_upload"
    assert result["description_placeholders"] == {
        "file": "garden.bin",
        "version": "1.2.3",
        "size": str(len(image)),
        "library": "WiFi101OTA",
        "name": "Garden",
    }
    assert (await uploads_of(home, entry.entry_id).catalog()).releases == ()

    result = await submit(home, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["source"] == "upload"
    state = update_state(home)
    assert state.attributes["latest_version"] == "1.2.3"
    assert state.attributes["release_summary"] == "Waters less."
    await install(home)
    assert board.flashed == [image]
    assert entry.data["password"] == "sesame"


async def test_a_second_upload_takes_the_place_of_the_first_without_a_reload(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board, source="upload")
    runtime = entry.runtime_data
    for version in ("1.0", "2.0"):
        file = await upload(build_sketch(version=version), "garden.bin")
        await submit(home, await submit(home, await open_options(home, entry, "upload"), file=file))
        assert update_state(home).attributes["latest_version"] == version
    assert entry.runtime_data is runtime


async def test_an_upload_for_an_entry_that_is_not_loaded_is_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board, source="upload")
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    await home.config_entries.async_unload(entry.entry_id)
    await submit(home, await submit(home, await open_options(home, entry, "upload"), file=file))
    assert entry.state is ConfigEntryState.NOT_LOADED
    await home.config_entries.async_setup(entry.entry_id)
    assert update_state(home).attributes["latest_version"] == "1.0"


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
    given = {"file": await upload(build_sketch(version=marker), file)} | ({"version": typed} if typed else {})
    result = await submit(home, await open_options(home, entry, "upload"), **given)
    if version is not None:
        assert result["step_id"] == "confirm_upload"
        assert result["description_placeholders"]["version"] == version
        assert result["data_schema"].schema == {}
        await submit(home, result)
    else:
        assert result["step_id"] == "upload_without_version"
        result = await submit(home, result, version="not a version")
        assert result["errors"] == {"version": "source_bad_version"}
        assert shown(result) == {"version": "not a version"}
        await submit(home, result, version=" v4.0 ")
    assert update_state(home).attributes["latest_version"] == (version or "4.0")


async def test_an_unreadable_version_is_refused_before_the_file_is_used_up(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), file=file, version="one dot two")
    assert result["errors"] == {"version": "source_bad_version"}
    assert result["description_placeholders"] == {"version": "one dot two"}
    result = await submit(home, result, file=file, version="1.2")
    assert result["step_id"] == "confirm_upload"


async def test_whatever_is_no_sketch_is_refused_with_the_reason(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    good = build_sketch()
    result = await open_options(home, entry, "upload")
    one_of_each_kind = {bad.kind: bad for bad in (*damaged(good), *not_images(good), *other_boards(0), *without_ota(0))}
    for bad in one_of_each_kind.values():
        result = await submit(home, result, file=await upload(bad.content, "garden.bin"), password="sesame")
        assert result["step_id"] == "upload", bad.name
        reason = result["errors"]["file"].removeprefix("sketch_")
        assert bad.kind in (reason, "damaged"), bad.name
        assert result["description_placeholders"]["file"] == "garden.bin"
        assert shown(result) == {"password": "sesame"}

    result = await submit(home, result, file=await upload(good, "garden-1.0.bin"))
    assert result["step_id"] == "confirm_upload"


async def test_how_large_a_sketch_may_be_depends_on_the_storage(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    large = build_sketch(version="1.0", size=126_980)
    result = await submit(home, await open_options(home, entry, "upload"), file=await upload(large, "garden.bin"))
    assert result["errors"] == {"file": "sketch_too_large"}
    assert result["description_placeholders"]["limit"] == "126976"

    home.config_entries.async_update_entry(entry, options={**entry.options, "storage": "sd"})
    result = await submit(home, result, file=await upload(large, "garden.bin"))
    assert result["step_id"] == "confirm_upload"


async def test_a_file_that_is_gone_is_chosen_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "upload")
    result = await submit(home, result, file="0" * 32)
    assert result["errors"] == {"file": "upload_gone"}

    file = await upload(b"", "garden.bin")
    result = await submit(home, result, file=file)
    result = await submit(home, result, file=file)
    assert result["errors"] == {"file": "upload_gone"}


@pytest.mark.parametrize(("field", "length"), [("password", 257), ("notes", 65_537), ("signature", 16_385)])
async def test_texts_that_are_too_long_are_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload, field: str, length: int
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    result = await open_options(home, entry, "upload")
    result = await submit(home, result, file=file, **{field: "x" * length})
    assert result["errors"] == {field: "too_long"}
    result = await submit(home, result, file=file, **{field: "x" * (length - 1)})
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY
    assert update_state(home).attributes["latest_version"] == "1.0"


async def test_once_a_key_is_set_only_signed_sketches_are_offered(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    signer = Signer()
    entry = await add_board(board, public_key=signer.public_key)
    image = build_sketch(version="1.0")
    result = await open_options(home, entry, "upload")
    result = await submit(home, result, file=await upload(image, "garden.bin"))
    assert result["errors"] == {"signature": "signature_missing"}

    for signature, reason in (
        ("minisign", "bad_signature_file"),
        (signer.sign(image + b"!"), "wrong_signature"),
        (Signer().sign(image), "wrong_signature"),
        (signer.sign(image).replace("for tests", "for you"), "wrong_trusted_comment"),
    ):
        result = await submit(home, result, file=await upload(image, "garden.bin"), signature=signature)
        assert result["errors"] == {"signature": f"signature_{reason}"}
        assert shown(result) == {"signature": signature}

    result = await submit(home, result, file=await upload(image, "garden.bin"), signature=signer.sign(image))
    await submit(home, result)
    await install(home)
    assert board.flashed == [image]


async def test_a_declared_password_counts_and_is_not_shown(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0", password="sesame"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), file=file, password="sesame")
    assert "sesame" not in str(result)
    await submit(home, result)
    [release] = entry.runtime_data.coordinator.releases
    assert release.password == "sesame"
    assert "sesame" not in str(home.states.async_all())


async def test_a_disk_that_takes_nothing_is_reported(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), file=file)
    full = OSError(28, "No space left on device")
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", _raising(full))
        result = await submit(home, result)
    assert result["step_id"] == "confirm_upload"
    assert result["errors"] == {"base": "source_folder_unwritable"}
    assert result["description_placeholders"]["error"] == "the disk is full"
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY


def _raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


async def test_a_confirmation_waits_for_the_end_of_a_flash(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), file=file)
    entry.runtime_data.coordinator.set_state(InstallState(Stage.UPLOADING, "0.9", 1, 2))
    result = await submit(home, result)
    assert result["errors"] == {"base": "already_installing"}
    entry.runtime_data.coordinator.set_state(IDLE)
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY
