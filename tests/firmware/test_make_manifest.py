"""The command that makes a manifest, and the manifest that it makes."""

from pathlib import Path
import subprocess

import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import read_manifest
from tests.virtual_board.sketches import build_sketch

COMMAND = Path(__file__).parents[2] / "scripts" / "make_manifest"
MANIFEST = URL("http://host/firmware/manifest.json")
SKETCH = build_sketch()


def make_manifest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run([COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_one_sketch_makes_a_manifest_that_offers_it(tmp_path: Path) -> None:
    (tmp_path / "blinds 1.2.3.bin").write_bytes(SKETCH)
    (tmp_path / "blinds 1.2.3.bin.minisig").write_text("a signature")
    (tmp_path / "notes.md").write_text("# Quieter ✓")
    made = make_manifest(
        tmp_path,
        *("--name", "Blinds", "--notes", "notes.md", "--password", "pä ß:x", "--release-url", "https://host/1.2.3"),
        "blinds 1.2.3.bin",
    )
    assert (made.returncode, made.stderr) == (0, "")
    (release,) = read_manifest(made.stdout.encode(), MANIFEST).releases
    release.verify(SKETCH)
    assert release.sha256 and release.size
    assert (release.title, release.version) == ("Blinds", "1.2.3")
    assert release.identifier == "http://host/firmware/blinds%201.2.3.bin"
    assert release.signature == "http://host/firmware/blinds%201.2.3.bin.minisig"
    assert (release.notes, release.password, release.board) == ("# Quieter ✓", "pä ß:x", "mkr1000")
    assert release.url == "https://host/1.2.3"


def test_several_sketches_make_a_manifest_of_several_versions(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(build_sketch(version="2.0"))
    (tmp_path / "b.ino.bin").write_bytes(SKETCH)
    made = make_manifest(tmp_path, "--version", "1.0", "--url-prefix", "https://files/v/", "a.bin", "b.ino.bin")
    catalog = read_manifest(made.stdout.encode(), MANIFEST)
    assert [(release.version, release.identifier) for release in catalog.releases] == [
        ("2.0", "https://files/v/a.bin"),
        ("1.0", "https://files/v/b.ino.bin"),
    ]
    assert catalog.findings == ()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("blinds-1.0.bin", b"", "empty"),
        ("blinds.bin", SKETCH, "No version"),
        ("missing.bin", None, "No such file"),
    ],
)
def test_a_bad_file_makes_no_manifest(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    (tmp_path / "good-0.1.bin").write_bytes(SKETCH)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    made = make_manifest(tmp_path, "good-0.1.bin", name)
    assert (made.returncode, made.stdout) == (1, "")
    assert made.stderr.startswith(f"{name}: ")
    assert message in made.stderr
