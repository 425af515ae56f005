"""Files that come, change and go while somebody looks."""

import os
from pathlib import Path
import time
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware import directory as local_files, folder as folder_module
from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, SourceError
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered
from tests.virtual_board.sketches import build_sketch


async def test_a_file_that_is_being_copied_waits(folder: Path, drop: Drop) -> None:
    source = FolderSource(folder, settled_after=60)
    path = drop("a-1.0.bin", SKETCH[:5000], modified=LONG_AGO * 2)
    assert source.changed()
    assert await source.catalog() == Catalog()
    assert not source.changed()
    path.write_bytes(SKETCH)
    assert source.changed()
    assert await source.catalog() == Catalog()
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert source.changed()
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}
    assert not source.changed()


async def test_a_file_from_the_future_is_at_rest_when_it_has_looked_the_same_for_long_enough(
    folder: Path, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    source = FolderSource(folder)
    drop("a-1.0.bin", modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()
    now += 1.9
    assert not source.changed()
    now += 0.2
    assert source.changed()
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}


async def test_a_description_that_is_being_written_does_not_take_the_sketch_away(
    source: FolderSource, drop: Drop
) -> None:
    drop("a-1.0.bin")
    before = await source.catalog()
    drop("a-1.0.json", "{", modified=LONG_AGO * 2)
    assert await source.catalog() == before
    drop("a-1.0.json", {"password": "new"})
    (release,) = (await source.catalog()).releases
    assert release.password == "new"


async def test_a_sketch_that_is_being_replaced_is_not_offered_meanwhile(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin")
    (release,) = (await source.catalog()).releases
    drop("a-1.0.bin", build_sketch(seed=1), modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()
    with pytest.raises(SourceError) as refusal:
        await source.image(release)
    assert refusal.value.reason is Reason.FILE_GONE


async def test_a_file_that_changes_under_the_eyes_waits(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("a-1.0.bin")
    read = local_files.read_inside

    def meddle(folder: Path, name: str, *, limit: int) -> Any:
        monkeypatch.undo()
        drop("a-1.0.bin", build_sketch(seed=1), modified=LONG_AGO + 1)
        return read(folder, name, limit=limit)

    monkeypatch.setattr(folder_module, "read_inside", meddle)
    assert await source.catalog() == Catalog()
    assert source.changed()
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}


async def test_a_file_that_vanishes_under_the_eyes_is_no_finding(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop("a-1.0.bin")
    read = local_files.read_inside

    def meddle(folder: Path, name: str, *, limit: int) -> Any:
        path.unlink(missing_ok=True)
        return read(folder, name, limit=limit)

    monkeypatch.setattr(folder_module, "read_inside", meddle)
    assert await source.catalog() == Catalog()


async def test_a_removed_file_is_no_longer_offered(source: FolderSource, drop: Drop) -> None:
    path = drop("a-1.0.bin")
    (release,) = (await source.catalog()).releases
    path.unlink()
    assert source.changed()
    with pytest.raises(SourceError) as refusal:
        await source.image(release)
    assert refusal.value.reason is Reason.FILE_GONE
    assert await source.catalog() == Catalog()


async def test_a_folder_that_is_not_there_is_an_error_until_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    source = FolderSource(folder)
    assert source.changed()
    with pytest.raises(SourceError) as refusal:
        await source.catalog()
    assert refusal.value.reason is Reason.FOLDER_UNREADABLE
    assert refusal.value.placeholders == {"folder": str(folder), "error": "No such file or directory"}
    assert not source.changed()
    folder.mkdir()
    assert source.changed()
    assert await source.catalog() == Catalog()


async def test_a_folder_that_comes_back_is_as_it_was(source: FolderSource, folder: Path, drop: Drop) -> None:
    drop("a-1.0.bin")
    before = await source.catalog()
    folder.rename(folder.with_name("away"))
    with pytest.raises(SourceError):
        await source.catalog()
    folder.with_name("away").rename(folder)
    assert source.changed()
    assert await source.catalog() == before
