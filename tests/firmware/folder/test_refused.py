"""Files in a folder that are not offered: damaged, unreadable, outside."""

import asyncio
import os
from pathlib import Path
import socket
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.firmware.fenced_folder import Directory, Stamp
from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release, SourceError
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered, refused
from tests.virtual_board.sketches import build_sketch


@pytest.mark.parametrize(
    ("name", "image", "description", "finding"),
    [
        ("a-1.bin", b"", {}, ("a-1.bin", "empty")),
        ("a-1.0.bin", b"<!DOCTYPE html><html></html>", {}, ("a-1.0.bin", "html")),
        ("a-1.0.bin", SKETCH[:-2], {}, ("a-1.0.bin", "truncated")),
        ("a-1.0.bin", SKETCH, {"sha256": "0" * 64}, ("a-1.0.bin", "sha256_mismatch")),
        ("a-1.0.bin", SKETCH, {"size": 4}, ("a-1.0.bin", "size_mismatch")),
        ("a-1.0.bin", SKETCH, {"board": "mkr1010"}, ("a-1.0.bin", "declared_for_other_board")),
        ("a-1.0.bin", SKETCH, {"board": "esp32"}, ("a-1.0.bin", "unsupported_board")),
        ("a-1.0.bin", SKETCH, r'{"notes": "\ud800"}', ("a-1.0.json", "bad_sidecar")),
        ("a-1.0.bin", SKETCH, {"pasword": "typo"}, ("a-1.0.json", "bad_sidecar")),
        ("a-1.0.bin", SKETCH, "{not json", ("a-1.0.json", "bad_sidecar")),
        pytest.param("a-1.0.bin", SKETCH, "[" * 100_000, ("a-1.0.json", "bad_sidecar"), id="deep"),
        pytest.param("a-1.0.bin", SKETCH, " " * 600_000, ("a-1.0.json", "file_too_large"), id="long"),
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
    assert finding.message == "a-1.0.json is invalid (password: expected a text of at most 256 characters)"


async def test_no_link_is_followed_wherever_it_leads(
    source: FolderSource, folder: Path, drop: Drop, tmp_path: Path
) -> None:
    (tmp_path / "outside.bin").write_bytes(SKETCH)
    (tmp_path / "secrets.json").write_text('{"password": "s3cret"}')
    drop("a-1.0.bin")
    (folder / "a-1.0.json").symlink_to(tmp_path / "secrets.json")
    (folder / "b-2.0.bin").symlink_to(tmp_path / "outside.bin")
    drop("c-3.0.bin", build_sketch(seed=1))
    (folder / "latest.bin").symlink_to("c-3.0.bin")
    (folder / "nowhere.bin").symlink_to(folder / "missing")
    for link in folder.iterdir():
        os.utime(link, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    catalog = await source.catalog()
    assert offered(catalog) == {"c-3.0.bin": "3.0"}
    assert refused(catalog) == dict.fromkeys(["a-1.0.json", "b-2.0.bin", "latest.bin", "nowhere.bin"], "link")


async def test_only_regular_files_are_read(source: FolderSource, folder: Path) -> None:
    (folder / "folder-1.0.bin").mkdir()
    os.mkfifo(folder / "pipe-1.0.bin")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket-1.0.bin"))
        for path in folder.iterdir():
            os.utime(path, (LONG_AGO, LONG_AGO))
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        assert set(refused(await source.catalog()).values()) == {"file_unreadable"}
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        (["b-1.0.json"], "b-1.0.json belongs to no sketch: there is no b-1.0.bin"),
        (["b-1.0.bin.minisig"], "b-1.0.bin.minisig belongs to no sketch: there is no b-1.0.bin"),
        (["a-1.0.minisig"], "a-1.0.minisig belongs to no sketch: there is no a-1.0"),
        (["a-1.0.json.txt"], "a-1.0.json.txt is invalid (its name: it must not end in .txt)"),
        (["b.hex"], "b.hex is not a .bin file"),
        (["B.ZIP"], "B.ZIP is not a .bin file"),
    ],
)
async def test_a_file_that_leads_to_no_offer_is_reported(
    source: FolderSource, drop: Drop, files: list[str], finding: str
) -> None:
    drop("a-1.0.bin")
    for file in files:
        drop(file, "{}")
    catalog = await source.catalog()
    assert offered(catalog) == {"a-1.0.bin": "1.0"}
    assert [each.message for each in catalog.findings] == [finding]


async def test_a_sketch_in_the_wrong_folder_is_reported(folder: Path, drop: Drop) -> None:
    drop("../garden.bin")
    drop("build/arduino.samd.mkr1000/garden.ino.bin")
    drop("far/too/deep/garden.bin")
    source = FolderSource(folder, above=folder.parent)
    both = {"../garden.bin": "misplaced", "build/arduino.samd.mkr1000/garden.ino.bin": "misplaced"}
    assert refused(await source.catalog()) == both
    drop("garden.bin")
    assert refused(await source.catalog()) == {"../garden.bin": "misplaced"}
    assert refused(await FolderSource(folder).catalog()) == {}


async def test_a_tree_of_folders_is_not_searched_for_ever(
    folder: Path, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can put files there could keep a thread busy that nothing stops; the nearest ones are looked into."""
    monkeypatch.setattr(limits, "SKETCHES", 10)
    for number in range(100):
        drop(f"{number % 12}/{number}/garden.bin")
    drop("0/garden.bin")
    looks, scan = list[None](), Directory.scan

    def look(directory: Directory) -> dict[str, Stamp]:
        looks.append(None)
        return scan(directory)

    monkeypatch.setattr(Directory, "scan", look)
    catalog = await FolderSource(folder).catalog()
    assert len(looks) == 1 + 10
    assert all(reason == "misplaced" for reason in refused(catalog).values())


async def test_a_sketch_one_folder_too_high_is_reported_once(tmp_path: Path) -> None:
    """By the folder of the board whose name it has, else by the first."""
    for name in ("barn", "garden", "garden_2"):
        (tmp_path / name).mkdir()
    for name in ("garden.ino.bin", "garden2-1.0.bin", "sketch.bin", "notes.txt"):
        (tmp_path / name).write_bytes(SKETCH)
    found = {
        name: [*refused(await FolderSource(tmp_path / name, above=tmp_path).catalog())]
        for name in ("barn", "garden", "garden_2")
    }
    assert found == {"barn": ["../sketch.bin"], "garden": ["../garden.ino.bin"], "garden_2": ["../garden2-1.0.bin"]}


async def test_the_first_look_makes_the_folder(tmp_path: Path) -> None:
    """Not the next one: whoever removes it is told."""
    source = FolderSource(tmp_path / "deep" / "garden", base=tmp_path, make=True)
    assert await source.catalog() == Catalog()
    source.directory.rmdir()
    with pytest.raises(SourceError) as refusal:
        await source.catalog()
    assert refusal.value.reason is Reason.FOLDER_UNREADABLE


async def test_many_findings_are_one_that_says_how_many(source: FolderSource, drop: Drop) -> None:
    for number in range(50):
        drop(f"{number}.zip", "text")
    assert (await source.catalog()).findings[-1].message == "30 more files cannot be offered"


async def test_a_finding_says_which_model_it_concerns(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin", b"")
    drop("a-1.0.json", {"board": "nano_33_iot"})
    (finding,) = (await source.catalog()).findings
    assert (finding.code, finding.model) == ("empty", "nano_33_iot")


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
    assert (finding.file, finding.code) == ("bl\ufffdnds-1.0.bin", "file_unreadable")


async def test_an_unreadable_file_is_reported(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("a-1.0.bin")
    drop("a-1.0.bin.minisig", "a signature")

    open_file = os.open

    def deny(path: Path | str, flags: int, **options: Any) -> int:
        if "dir_fd" in options:
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", deny)
        (finding,) = (await source.catalog()).findings
        with pytest.raises(SourceError) as refusal:
            await source.signature(Release(identifier="a-1.0.bin", signature="a-1.0.bin.minisig"))
    assert finding.message == "Cannot read a-1.0.bin: access was denied"
    assert refusal.value.reason is Reason.FILE_UNREADABLE


async def test_no_file_of_another_folder_can_be_asked_for(source: FolderSource, folder: Path) -> None:
    (folder.parent / "outside.bin").write_bytes(SKETCH)
    with pytest.raises(SourceError) as refusal:
        await source.image(Release(version="1", identifier="../outside.bin"))
    assert refusal.value.reason is Reason.FILE_GONE
