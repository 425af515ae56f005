"""Sketches in a folder: dropped, copied, described, damaged, removed."""

import asyncio
from collections.abc import Callable
import hashlib
import json
import os
from pathlib import Path
import time
from typing import Any

import pytest

from custom_components.mkr1000_ota.board.sketch import INTERNAL_STORAGE
from custom_components.mkr1000_ota.firmware import folder as folder_module, local_files
from custom_components.mkr1000_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.firmware.release import Catalog, Release, SourceError
from tests.virtual_board.sketches import build_sketch

LONG_AGO = 1_700_000_000.0
SKETCH = build_sketch()
type Drop = Callable[..., Path]


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Path:
    """A folder for sketches."""
    folder = tmp_path / "sketches"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(folder: Path) -> Drop:
    """Put a file into the folder; it has been at rest since long ago unless told otherwise."""

    def drop(name: str, content: bytes | str | dict[str, Any] = SKETCH, modified: float = LONG_AGO) -> Path:
        path = folder / name
        match content:
            case bytes():
                path.write_bytes(content)
            case str():
                path.write_text(content)
            case dict():
                path.write_text(json.dumps(content))
        os.utime(path, (modified, modified))
        return path

    return drop


@pytest.fixture
def source(folder: Path) -> FolderSource:
    """The source of the folder."""
    return FolderSource(folder)


def offered(catalog: Catalog) -> dict[str, str]:
    """Return the version of each file that is offered."""
    return {release.file: release.version for release in catalog.releases}


def refused(catalog: Catalog) -> dict[str, str]:
    """Return the reason for each file that is not offered."""
    return {finding.file: finding.reason for finding in catalog.findings}


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


@pytest.mark.parametrize(
    ("name", "image", "description", "finding"),
    [
        ("a-1.bin", b"", {}, ("a-1.bin", "empty")),
        ("a-1.0.bin", b"<!DOCTYPE html><html></html>", {}, ("a-1.0.bin", "html")),
        ("a-1.0.bin", SKETCH[:-2], {}, ("a-1.0.bin", "truncated")),
        ("a.bin", SKETCH, {}, ("a.bin", "no_version")),
        ("a-1.0.bin", SKETCH, {"sha256": "0" * 64}, ("a-1.0.bin", "sha256_mismatch")),
        ("a-1.0.bin", SKETCH, {"md5": "0" * 32}, ("a-1.0.bin", "md5_mismatch")),
        ("a-1.0.bin", SKETCH, {"size": 4}, ("a-1.0.bin", "size_mismatch")),
        ("a-1.0.bin", SKETCH, {"board": "mkr1010"}, ("a-1.0.bin", "declared_for_other_board")),
        ("a-1.0.bin", SKETCH, {"pasword": "typo"}, ("a-1.0.json", "bad_sidecar")),
        ("a-1.0.bin", SKETCH, "{not json", ("a-1.0.json", "bad_sidecar")),
        pytest.param("a-1.0.bin", SKETCH, "[" * 100_000, ("a-1.0.json", "bad_sidecar"), id="deep"),
        pytest.param("a-1.0.bin", SKETCH, " " * 300_000, ("a-1.0.json", "file_too_large"), id="long"),
        pytest.param("a-1.0.bin", bytes(1024 * 1024 + 1), {}, ("a-1.0.bin", "file_too_large"), id="huge"),
    ],
)
async def test_a_bad_file_is_reported_and_not_offered(
    source: FolderSource, drop: Drop, name: str, image: bytes, description: Any, finding: tuple[str, str]
) -> None:
    drop(name, image)
    if description:
        drop(f"{name.removesuffix('.bin')}.json", description)
    drop("good-0.1.bin", build_sketch(seed=9))
    catalog = await source.catalog()
    assert offered(catalog) == {"good-0.1.bin": "0.1"}
    assert refused(catalog) == dict([finding])
    assert all(each.message for each in catalog.findings)


async def test_a_bad_description_says_what_is_bad(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin")
    drop("a-1.0.json", {"password": 1234})
    (finding,) = (await source.catalog()).findings
    assert finding.message == "a-1.0.json is not valid at password: expected a text of at most 256 characters"


async def test_a_sketch_too_large_for_the_storage_is_not_offered(folder: Path, drop: Drop) -> None:
    drop("large-1.0.bin", build_sketch(size=INTERNAL_STORAGE + 4))
    assert offered(await FolderSource(folder).catalog()) == {"large-1.0.bin": "1.0"}
    assert refused(await FolderSource(folder, INTERNAL_STORAGE).catalog()) == {"large-1.0.bin": "too_large"}


async def test_two_files_of_one_version_are_both_not_offered(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin")
    drop("b-1.0.bin")
    catalog = await source.catalog()
    assert catalog.releases == ()
    assert refused(catalog) == {"a-1.0.bin": "duplicate_version", "b-1.0.bin": "duplicate_version"}


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


async def test_links_are_followed_inside_the_folder_only(
    source: FolderSource, folder: Path, drop: Drop, tmp_path: Path
) -> None:
    (tmp_path / "outside.bin").write_bytes(SKETCH)
    (tmp_path / "secrets.json").write_text('{"password": "s3cret"}')
    os.utime(tmp_path / "outside.bin", (LONG_AGO, LONG_AGO))
    os.utime(tmp_path / "secrets.json", (LONG_AGO, LONG_AGO))
    drop("a-1.0.bin")
    (folder / "a-1.0.json").symlink_to(tmp_path / "secrets.json")
    (folder / "b-2.0.bin").symlink_to(tmp_path / "outside.bin")
    drop(".kept.bin", build_sketch(seed=1))
    (folder / "c-3.0.bin").symlink_to(".kept.bin")
    catalog = await source.catalog()
    assert offered(catalog) == {"c-3.0.bin": "3.0"}
    assert refused(catalog) == {"a-1.0.json": "link_outside", "b-2.0.bin": "link_outside"}


async def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(source: FolderSource, drop: Drop) -> None:
    path = drop("a-1.0.bin")
    (release,) = (await source.catalog()).releases
    path.unlink()
    os.mkfifo(path)
    async with asyncio.timeout(5):
        with pytest.raises(SourceError) as refusal:
            await source.image(release)
    assert refusal.value.reason is Reason.FILE_UNREADABLE


async def test_a_name_that_is_no_text_is_reported(source: FolderSource, folder: Path) -> None:
    path = folder / os.fsdecode(b"bl\xffnds-1.0.bin")
    path.write_bytes(SKETCH)
    os.utime(path, (LONG_AGO, LONG_AGO))
    (finding,) = (await source.catalog()).findings
    assert (finding.file, finding.reason) == ("bl\ufffdnds-1.0.bin", "file_unreadable")


async def test_an_unreadable_file_is_reported(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("a-1.0.bin")
    drop("a-1.0.bin.minisig", "a signature")

    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", deny)
        (finding,) = (await source.catalog()).findings
        with pytest.raises(SourceError) as refusal:
            await source.signature(Release(version="1.0", identifier="a-1.0.bin"))
    assert finding.message == "a-1.0.bin cannot be read: Permission denied"
    assert refusal.value.reason is Reason.FILE_UNREADABLE


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


async def test_no_file_of_another_folder_can_be_asked_for(source: FolderSource, folder: Path) -> None:
    (folder.parent / "outside.bin").write_bytes(SKETCH)
    with pytest.raises(SourceError) as refusal:
        await source.image(Release(version="1", identifier="../outside.bin"))
    assert refusal.value.reason is Reason.LINK_OUTSIDE


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
    assert FolderSource(folder).key != FolderSource(folder, INTERNAL_STORAGE).key
