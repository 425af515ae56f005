"""Files in a folder that are not offered: damaged, unreadable, outside."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release, SourceError
from custom_components.mkr1000_ota.arduino_ota.hardware import Storage
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered, refused
from tests.virtual_board.sketches import build_sketch


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
    drop("large-1.0.bin", build_sketch(size=126_980))
    assert offered(await FolderSource(folder).catalog()) == {"large-1.0.bin": "1.0"}
    assert refused(await FolderSource(folder, Storage.INTERNAL).catalog()) == {"large-1.0.bin": "too_large"}


async def test_two_files_of_one_version_are_both_not_offered(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin")
    drop("b-1.0.bin")
    catalog = await source.catalog()
    assert catalog.releases == ()
    assert refused(catalog) == {"a-1.0.bin": "duplicate_version", "b-1.0.bin": "duplicate_version"}


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


async def test_no_file_of_another_folder_can_be_asked_for(source: FolderSource, folder: Path) -> None:
    (folder.parent / "outside.bin").write_bytes(SKETCH)
    with pytest.raises(SourceError) as refusal:
        await source.image(Release(version="1", identifier="../outside.bin"))
    assert refusal.value.reason is Reason.LINK_OUTSIDE
