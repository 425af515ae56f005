"""Sketches in a folder: named, described, looked at once."""

import hashlib
from pathlib import Path

import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.firmware.fenced_folder import Directory
from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered, refused
from tests.virtual_board.sketches import build_sketch


async def test_a_file_is_offered_as_the_version_in_its_name(source: FolderSource, drop: Drop) -> None:
    drop("blinds-1.2.3.bin")
    drop("blinds-1.10.0.BIN", build_sketch(seed=1))
    drop("blinds-1.9.ino.bin", build_sketch(seed=2))
    catalog = await source.catalog()
    assert offered(catalog) == {"blinds-1.10.0.BIN": "1.10.0", "blinds-1.9.ino.bin": "1.9", "blinds-1.2.3.bin": "1.2.3"}
    (release,) = (each for each in catalog.releases if each.file == "blinds-1.2.3.bin")
    assert release == Release(
        version="1.2.3",
        identifier="blinds-1.2.3.bin",
        file="blinds-1.2.3.bin",
        size=len(SKETCH),
        sha256=hashlib.sha256(SKETCH).hexdigest(),
        name="Arduino",
        model="mkr1000",
    )
    assert catalog.findings == ()
    assert await source.image(release) == SKETCH
    assert await source.signature(release) is None


async def test_what_lies_beside_it_describes_it(source: FolderSource, drop: Drop) -> None:
    drop("blinds.bin")
    drop(
        "blinds.json",
        {
            "version": "v2.0",
            "title": "Blinds",
            "password": "pä ß:x",
            "sha256": hashlib.sha256(SKETCH).hexdigest().upper(),
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
    assert {release.notes for release in catalog.releases} == {None, "from the description"}


async def test_a_sketch_without_any_version_is_offered_all_the_same(source: FolderSource, drop: Drop) -> None:
    drop("garden.ino.bin")
    assert offered(await source.catalog()) == {"garden.ino.bin": None}


async def test_names_match_in_any_case(source: FolderSource, drop: Drop) -> None:
    drop("BED-3.0.0.BIN")
    drop("BED-3.0.0.JSON", {"password": "sesame"})
    drop("bed-3.0.0.md", "Quieter")
    drop("Bed-3.0.0.bin.MINISIG", "a signature")
    catalog = await source.catalog()
    (release,) = catalog.releases
    assert (release.password, release.notes, catalog.findings) == ("sesame", "Quieter", ())
    assert await source.signature(release) == "a signature"


async def test_names_match_however_letters_are_encoded(source: FolderSource, drop: Drop) -> None:
    """A Mac takes ä for two characters."""
    drop("Ga\u0308rten-1.0.bin")
    drop("Gärten-1.0.json", {"password": "sesame"})
    drop("Gärten-1.0.bin.minisig", "a signature")
    catalog = await source.catalog()
    (release,) = catalog.releases
    assert (release.password, await source.signature(release), catalog.findings) == ("sesame", "a signature", ())


async def test_of_two_outputs_of_a_build_the_one_without_the_bootloader_is_meant(
    source: FolderSource, drop: Drop
) -> None:
    """As the whole folder looks that a build leaves behind."""
    drop("garden.ino.bin")
    drop("garden.ino.with_bootloader.bin", bytes(0x2000) + SKETCH)
    for other in ("elf", "hex", "map", "with_bootloader.hex"):
        drop(f"garden.ino.{other}", "text")
    drop("garden.ino", "void setup() {}")
    catalog = await source.catalog()
    assert (offered(catalog), refused(catalog)) == ({"garden.ino.bin": None}, {})


async def test_an_output_with_the_bootloader_alone_is_reported(source: FolderSource, drop: Drop) -> None:
    drop("garden.ino.with_bootloader.bin", b"\xff\x20\0\x20" + bytes(0x2000 - 4) + SKETCH)
    assert list(refused(await source.catalog())) == ["garden.ino.with_bootloader.bin"]


async def test_files_of_one_version_are_sketches_of_their_own_and_copies_are_one(
    source: FolderSource, drop: Drop
) -> None:
    drop("a-1.0.bin")
    drop("b-1.0.bin", build_sketch(seed=1))
    drop("copy of b.bin", build_sketch(seed=1))
    drop("copy of b.json", {"password": "sesame"})
    catalog = await source.catalog()
    assert [(one.file, one.version, one.password) for one in catalog.releases] == [
        ("copy of b.bin", "1.0", "sesame"),
        ("a-1.0.bin", "1.0", None),
    ]


async def test_what_did_not_change_is_not_inspected_again(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("a-1.0.bin")
    drop("bad-1.1.bin", b"bad")
    first = await source.catalog()
    monkeypatch.setattr(Directory, "read", None)
    assert await source.catalog() == first


async def test_what_nobody_would_miss_is_passed_over(source: FolderSource, folder: Path, drop: Drop) -> None:
    drop(".hidden-1.0.bin")
    drop("._garden-1.0.bin", "of a Mac")
    drop("README.md", "Read me")
    drop("manifest.json", "{")
    drop("garden-1.0.bin")
    drop("old/garden-0.9.bin")
    catalog = await source.catalog()
    assert (offered(catalog), refused(catalog)) == ({"garden-1.0.bin": "1.0"}, {})


async def test_only_so_many_sketches_are_looked_at(
    source: FolderSource, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SKETCHES", 2)
    for number in range(3):
        drop(f"a-{number}.0.bin", build_sketch(seed=number), modified=LONG_AGO + number)
    catalog = await source.catalog()
    assert list(offered(catalog)) == ["a-2.0.bin", "a-1.0.bin"]
    assert [finding.message for finding in catalog.findings] == [
        "sketches contains 3 entries, of which only 2 are used"
    ]


async def test_only_so_many_files_are_looked_at(source: FolderSource, folder: Path) -> None:
    for number in range(limits.FOLDER_ENTRIES + 2):
        (folder / f"{number}.txt").touch()
    assert refused(await source.catalog()) == {"sketches": "too_many"}


async def test_foreign_text_is_fit_to_be_shown(source: FolderSource, drop: Drop) -> None:
    drop("gar\u202eden\u200b.bin")
    drop("gar\u202eden\u200b.json", {"title": "a\u202e\x1bb", "notes": "a\u2066\nb"})
    (release,) = (await source.catalog()).releases
    assert (release.file, release.title, release.notes) == ("garden.bin", "a b", "a\nb")
    assert await source.image(release) == SKETCH


async def test_sources_of_one_folder_are_the_same(folder: Path) -> None:
    assert FolderSource(folder).key == FolderSource(folder).key
    assert FolderSource(folder).key != FolderSource(folder / "other").key
