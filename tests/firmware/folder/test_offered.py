"""Sketches in a folder: named, described, looked at once."""

import hashlib
import os
from pathlib import Path

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware import folder as folder_module
from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release
from custom_components.mkr1000_ota.arduino_ota.hardware import Storage
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered, refused
from tests.virtual_board.sketches import build_sketch


async def test_a_file_is_offered_as_the_version_in_its_name(source: FolderSource, drop: Drop) -> None:
    drop("blinds-1.2.3.bin")
    drop("blinds-1.10.0.BIN", build_sketch(seed=1))
    drop("blinds-1.9.ino.bin", build_sketch(seed=2))
    catalog = await source.catalog()
    assert offered(catalog) == {"blinds-1.10.0.BIN": "1.10.0", "blinds-1.9.ino.bin": "1.9", "blinds-1.2.3.bin": "1.2.3"}
    assert catalog.releases[2] == Release(
        version="1.2.3",
        identifier="blinds-1.2.3.bin",
        file="blinds-1.2.3.bin",
        size=len(SKETCH),
        sha256=hashlib.sha256(SKETCH).hexdigest(),
        board="mkr1000",
    )
    assert catalog.findings == ()
    assert await source.image(catalog.releases[2]) == SKETCH
    assert await source.signature(catalog.releases[2]) is None


async def test_what_lies_beside_it_describes_it(source: FolderSource, drop: Drop) -> None:
    drop("blinds.bin")
    drop(
        "blinds.json",
        {
            "version": "v2.0",
            "title": "Blinds",
            "password": "pä ß:x",
            "sha256": hashlib.sha256(SKETCH).hexdigest().upper(),
            "md5": hashlib.md5(SKETCH).hexdigest(),
            "size": len(SKETCH),
            "board": "arduino:samd:mkr1000",
            "url": "https://example.com/blinds",
            "published": "2026-11-22",
        },
    )
    drop("blinds.md", "# Quieter")
    drop("blinds.bin.minisig", "a signature")
    (release,) = (await source.catalog()).releases
    assert (release.version, release.title, release.password) == ("2.0", "Blinds", "pä ß:x")
    assert (release.notes, release.url) == ("# Quieter", "https://example.com/blinds")
    assert release.published and release.published.year == 2026
    assert await source.signature(release) == "a signature"


async def test_the_sketch_knows_its_version_better_than_its_description_and_that_better_than_its_name(
    source: FolderSource, drop: Drop
) -> None:
    drop("a-1.0.bin", build_sketch(version="3.0"))
    drop("a-1.0.json", {"version": "2.0"})
    drop("b-1.0.bin", build_sketch(seed=1))
    drop("b-1.0.json", {"version": "2.0", "notes": "from the description"})
    drop("b-1.0.md", "from the file")
    drop("c-1.0.bin", build_sketch(seed=2))
    catalog = await source.catalog()
    assert offered(catalog) == {"a-1.0.bin": "3.0", "b-1.0.bin": "2.0", "c-1.0.bin": "1.0"}
    assert catalog.releases[1].notes == "from the description"


async def test_what_did_not_change_is_not_inspected_again(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("a-1.0.bin")
    drop("bad-1.1.bin", b"bad")
    first = await source.catalog()
    monkeypatch.setattr(folder_module, "read_inside", None)
    assert await source.catalog() == first
    assert not source.changed()


async def test_what_is_no_sketch_is_not_looked_at(source: FolderSource, folder: Path, drop: Drop) -> None:
    drop(".hidden-1.0.bin")
    drop("README.md", "Read me")
    drop("manifest.json", "{")
    drop("blinds-1.0.hex", "text")
    (folder / "folder-1.0.bin").mkdir()
    os.mkfifo(folder / "pipe-1.0.bin")
    (folder / "nowhere-1.0.bin").symlink_to(folder / "missing")
    assert await source.catalog() == Catalog()


async def test_only_so_many_sketches_are_looked_at(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "_MOST_SKETCHES", 2)
    for number in range(3):
        drop(f"a-{number}.0.bin", modified=LONG_AGO + number)
    catalog = await source.catalog()
    assert list(offered(catalog)) == ["a-2.0.bin", "a-1.0.bin"]
    assert refused(catalog) == {"sketches": "too_many_files"}


async def test_sources_of_one_folder_are_the_same(folder: Path) -> None:
    assert FolderSource(folder).key == FolderSource(folder).key
    assert FolderSource(folder).key != FolderSource(folder, Storage.INTERNAL).key
