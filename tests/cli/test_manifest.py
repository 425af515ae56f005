"""`ota manifest`, and the manifest that it makes."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import read_manifest
from tests.cli.command import start
from tests.cli.conftest import Run
from tests.virtual_board.sketches import build_sketch

MANIFEST = URL("http://host/firmware/manifest.json")
SKETCH = build_sketch()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command in the folder of the sketches."""
    monkeypatch.chdir(tmp_path)


async def test_one_sketch_makes_a_manifest_that_offers_it(ota: Run) -> None:
    Path("blinds 1.2.3.bin").write_bytes(SKETCH)
    Path("blinds 1.2.3.bin.minisig").write_text("a signature")
    Path("notes.md").write_text("# Quieter ✓")
    said = ("--name", "Blinds", "--notes", "notes.md", "--password", "pä ß:x", "--url", "https://host/1.2.3")
    made = await ota("manifest", *said, "blinds 1.2.3.bin")
    assert (made.status, made.err) == (0, "")
    document = json.loads(made.out)
    assert list(document) == [
        *("name", "version", "board", "path", "size", "sha256", "signature", "password", "url", "notes")
    ]
    (release,) = read_manifest(made.out.encode(), MANIFEST).releases
    release.verify(SKETCH)
    assert release.sha256
    assert (release.size, release.title, release.url) == (len(SKETCH), "Blinds", "https://host/1.2.3")
    assert release.identifier == "http://host/firmware/blinds%201.2.3.bin"
    assert release.signature == "http://host/firmware/blinds%201.2.3.bin.minisig"
    assert (release.notes, release.password, release.board) == ("# Quieter ✓", "pä ß:x", "mkr1000")


async def test_it_is_the_same_whatever_the_encoding_of_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "blinds.bin").write_bytes(SKETCH)
    made = start("manifest", "--name", "Rollläden 庭", tmp_path / "blinds.bin", PYTHONIOENCODING="cp1252")
    out, err = await asyncio.to_thread(made.communicate)
    (release,) = read_manifest(out.encode(), MANIFEST).releases
    assert (made.returncode, err, release.title) == (0, "", "Rollläden 庭")


async def test_a_file_name_in_another_encoding_is_an_address(ota: Run) -> None:
    Path(os.fsdecode(b"g\xe4rten.bin")).write_bytes(SKETCH)
    made = await ota("manifest", os.fsdecode(b"g\xe4rten.bin"))
    assert (made.status, made.err) == (0, "")
    assert json.loads(made.out)["path"] == "g%E4rten.bin"


async def test_a_sketch_needs_no_version(ota: Run) -> None:
    Path("garden.ino.bin").write_bytes(SKETCH)
    made = await ota("manifest", "garden.ino.bin")
    (release,) = read_manifest(made.out.encode(), MANIFEST).releases
    assert (made.status, release.version) == (0, None)


async def test_several_sketches_make_a_manifest_of_several_versions(ota: Run) -> None:
    Path("a.bin").write_bytes(build_sketch(version="2.0"))
    Path("b.ino.bin").write_bytes(SKETCH)
    made = await ota("manifest", "--version", "1.0", "--url-prefix", "https://files/v/", "a.bin", "b.ino.bin")
    catalog = read_manifest(made.out.encode(), MANIFEST)
    assert [(release.version, release.identifier) for release in catalog.releases] == [
        ("2.0", "https://files/v/a.bin"),
        ("1.0", "https://files/v/b.ino.bin"),
    ]
    assert catalog.findings == ()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("blinds-1.0.bin", b"", "empty"),
        ("blinds.bin", SKETCH, "'1 + 1' is no version"),
        ("missing.bin", None, "No such file"),
    ],
)
async def test_a_bad_file_makes_no_manifest(ota: Run, name: str, content: bytes | None, message: str) -> None:
    Path("good-0.1.bin").write_bytes(SKETCH)
    if content is not None:
        Path(name).write_bytes(content)
    made = await ota("manifest", "--version", "1 + 1", "good-0.1.bin", name)
    assert (made.status, made.out) == (1, "")
    assert made.err.startswith(f"{name}: ")
    assert message in made.err


@pytest.mark.parametrize(("notes", "message"), [(None, "No such file"), (b"\xff", "utf-8")])
async def test_notes_that_cannot_be_read_make_no_manifest(ota: Run, notes: bytes | None, message: str) -> None:
    Path("good-0.1.bin").write_bytes(SKETCH)
    if notes is not None:
        Path("notes.md").write_bytes(notes)
    made = await ota("manifest", "--notes", "notes.md", "good-0.1.bin")
    assert (made.status, made.out) == (2, "")
    assert message in made.err
