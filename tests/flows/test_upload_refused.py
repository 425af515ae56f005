"""A file, a word about it or a disk that an upload fails on: said before anything is kept."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, Hear, Upload
from tests.support.flow_texts import says
from tests.support.options import open_options, shown, submit
from tests.support.uploads import uploaded
from tests.virtual_board import VirtualBoard
from tests.virtual_board.bad_sketches import damaged, not_images, other_boards, without_ota
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


@pytest.mark.parametrize("how", ["set up", "never heard", "announced"])
async def test_the_sketch_of_another_board_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, upload: Upload, how: str
) -> None:
    entry = await add_board(board)
    title = "The \u202egarden" if how == "set up" else "Garden"
    if how == "announced":
        await hear(board, address="127.0.0.8", name="Garden")
    else:
        other = {"host": "192.0.2.8", "name": "Garden" if how == "set up" else None}
        MockConfigEntry(domain=DOMAIN, title=title, data=other).add_to_hass(home)
    file = await upload(build_sketch(name="Garden"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file)
    assert result["errors"] == {"sketch": "other_board"}
    assert result["description_placeholders"]["owner"] == ("The garden" if how == "set up" else "Garden")


async def test_an_unreadable_version_is_refused_before_the_file_is_used_up(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file, version="one dot two")
    assert result["errors"] == {"version": "problem"}
    assert says(result, "source_bad_version")
    result = await submit(home, result, sketch=file, version="1.2")
    assert result["step_id"] == "confirm_upload"


@pytest.mark.slow
async def test_whatever_is_no_sketch_is_refused_with_the_reason(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    good = build_sketch()
    result = await open_options(home, entry, "upload")
    one_of_each_kind = {bad.kind: bad for bad in (*damaged(good), *not_images(good), *other_boards(0), *without_ota(0))}
    for bad in one_of_each_kind.values():
        result = await submit(home, result, sketch=await upload(bad.content, "garden.bin"), password="sesame")
        assert (result["step_id"], result["errors"]) == ("upload", {"sketch": "problem"}), bad.name
        assert bad.kind == "damaged" or says(result, f"sketch_{bad.kind}"), bad.name
        assert shown(result) == {"password": "sesame"}

    result = await submit(home, result, sketch=await upload(good, "garden-1.0.bin"))
    assert result["step_id"] == "confirm_upload"


async def test_how_large_a_sketch_may_be_depends_on_the_storage(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    large = build_sketch(version="1.0", size=126_980, quirks=Quirks(storage="SDStorage", sdu=True))
    result = await submit(home, await open_options(home, entry, "upload"), sketch=await upload(large, "garden.bin"))
    assert says(result, "sketch_too_large")
    await submit(home, await open_options(home, entry, "storage"), storage="sd")
    result = await submit(home, result, sketch=await upload(large, "garden.bin"))
    assert result["step_id"] == "confirm_upload"


async def test_a_file_that_is_gone_is_chosen_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "upload")
    result = await submit(home, result, sketch="0" * 32)
    assert says(result, "upload_gone")

    file = await upload(b"", "garden.bin")
    result = await submit(home, result, sketch=file)
    result = await submit(home, result, sketch=file)
    assert says(result, "upload_gone")


@pytest.mark.parametrize(("field", "length"), [("password", 257), ("notes", 65_537)])
async def test_texts_that_are_too_long_are_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload, field: str, length: int
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    result = await open_options(home, entry, "upload")
    result = await submit(home, result, sketch=file, **{field: "x" * length})
    assert result["errors"] == {field: "too_long"}
    result = await submit(home, result, sketch=file, **{field: "x" * (length - 1)})
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY
    assert await uploaded(home, entry) is not None


async def test_a_disk_that_takes_nothing_is_reported(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    file = await upload(build_sketch(version="1.0"), "garden.bin")
    result = await submit(home, await open_options(home, entry, "upload"), sketch=file)
    full = OSError(28, "No space left on device")
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", _raising(full))
        result = await submit(home, result)
    assert result["step_id"] == "confirm_upload"
    assert result["errors"] == {"base": "problem"}
    assert "the disk is full" in result["description_placeholders"]["problem"]
    assert (await submit(home, result))["type"] is FlowResultType.CREATE_ENTRY


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail
