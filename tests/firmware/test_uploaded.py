"""The sketch that somebody uploaded."""

from datetime import UTC, datetime, timedelta
import hashlib
import os
from pathlib import Path

import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release, SourceError
from custom_components.mkr1000_ota.arduino_ota.firmware.upload import UploadedSource
from tests.virtual_board.sketches import build_sketch

SKETCH = build_sketch()
SHA256 = hashlib.sha256(SKETCH).hexdigest()


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "storage" / "board"


async def test_an_upload_is_offered_and_survives(folder: Path) -> None:
    source = UploadedSource(folder)
    assert await source.catalog() == Catalog()
    release = await source.store(
        SKETCH, "blinds.bin", version="v1.0", notes="Quieter", password="pä ß:x", signature="a signature"
    )
    assert release.published and datetime.now(UTC) - release.published < timedelta(minutes=1)
    assert release == Release(
        version="1.0",
        published=release.published,
        identifier=f"{SHA256[:16]}-blinds.bin",
        file="blinds.bin",
        notes="Quieter",
        size=len(SKETCH),
        sha256=SHA256,
        name="Arduino",
        model="mkr1000",
        signature=f"{SHA256[:16]}-blinds.bin.minisig",
        password="pä ß:x",
    )
    again = UploadedSource(folder)
    assert again.key == source.key
    assert await again.catalog() == Catalog((release,))
    assert await again.image(release) == SKETCH
    assert await again.signature(release) == "a signature"


@pytest.mark.parametrize(
    ("marker", "given", "file", "version"),
    [
        ("3.0", "2.0", "blinds-1.0.bin", "3.0"),
        (None, "2.0", "blinds-1.0.bin", "2.0"),
        (None, None, "blinds-1.0.BIN", "1.0"),
        (None, None, "a" * 500 + "-1.0.bin", "1.0"),
        (None, None, "../\0\u202eä/blinds-1.0.bin", "1.0"),
        (None, None, "blinds-1.0", "1.0"),
    ],
)
async def test_where_the_version_comes_from(
    folder: Path, marker: str | None, given: str | None, file: str, version: str
) -> None:
    release = await UploadedSource(folder).store(build_sketch(version=marker), file, version=given)
    assert release.version == version


async def test_the_next_upload_takes_the_place_of_the_last(folder: Path) -> None:
    source, other = UploadedSource(folder), build_sketch(seed=1)
    first = await source.store(SKETCH, "blinds-1.0.bin", signature="a signature")
    second = await source.store(other, "blinds-2.0.bin")
    assert await source.catalog() == Catalog((second,))
    assert await source.image(second) == other
    for fetching in (source.signature, source.image):
        with pytest.raises(SourceError) as refused:
            await fetching(first)
        assert refused.value.reason is Reason.FILE_GONE
    assert len(list(folder.iterdir())) == 2


async def test_the_longest_notes_that_are_taken_can_be_read_again(folder: Path) -> None:
    source, notes = UploadedSource(folder), "\N{SEEDLING}" * limits.NOTES
    release = await source.store(SKETCH, "blinds.bin", notes=notes, signature="s" * limits.SIGNATURE)
    assert release.notes == notes
    assert (release.version, await source.catalog()) == (None, Catalog((release,)))


async def test_what_a_crash_left_half_written_goes_with_the_next_upload(folder: Path) -> None:
    source = UploadedSource(folder)
    await source.store(SKETCH, "blinds-1.0.bin")
    (folder / ".0123456789abcdef").write_bytes(SKETCH[:100])
    await source.store(SKETCH, "blinds-1.0.bin")
    assert len(list(folder.iterdir())) == 2


async def test_a_folder_that_is_a_link_is_not_written_into(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError) as refused:
        await UploadedSource(folder).store(SKETCH, "blinds-1.0.bin")
    assert refused.value.reason is Reason.FOLDER_UNREADABLE
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_nobody_else_may_read_it(folder: Path) -> None:
    await UploadedSource(folder).store(SKETCH, "blinds-1.0.bin", password="s3cret")
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0


async def test_what_is_refused_leaves_the_last_upload_alone(folder: Path) -> None:
    source = UploadedSource(folder)
    release = await source.store(SKETCH, "blinds-1.0.bin")
    with pytest.raises(SketchRefused):
        await source.store(b"no sketch", "blinds-2.0.bin")
    for wrong in ({"version": "the newest"}, {"password": "x" * 257}, {"signature": "x" * (limits.SIGNATURE + 1)}):
        with pytest.raises(SourceError) as refused:
            await source.store(build_sketch(seed=1), "blinds.bin", **wrong)
        assert refused.value.reason in (Reason.BAD_SIDECAR, Reason.FILE_TOO_LARGE)
    assert await source.catalog() == Catalog((release,))


async def test_a_crash_while_writing_leaves_the_last_upload_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = UploadedSource(folder)
    release = await source.store(SKETCH, "blinds-1.0.bin")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(SourceError) as refused:
            await source.store(build_sketch(seed=1), "blinds-2.0.bin")
    assert refused.value.reason is Reason.FOLDER_UNWRITABLE
    assert refused.value.placeholders == {"folder": str(folder), "error": "the disk is full"}
    assert await source.catalog() == Catalog((release,))
    assert await source.image(release) == SKETCH
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', pytest.param(b" " * 600_000, id="huge")])
async def test_a_damaged_description_is_reported(folder: Path, content: bytes) -> None:
    source = UploadedSource(folder)
    await source.store(SKETCH, "blinds-1.0.bin")
    next(folder.glob("*.json")).write_bytes(content)
    catalog = await source.catalog()
    assert catalog.releases == ()
    assert catalog.findings[0].code in ("bad_sidecar", "file_too_large")


async def test_a_damaged_image_is_reported(folder: Path) -> None:
    source = UploadedSource(folder)
    release = await source.store(SKETCH, "blinds-1.0.bin")
    next(folder.glob("*.bin")).write_bytes(SKETCH[::-1])
    with pytest.raises(SourceError) as refused:
        await source.image(release)
    assert refused.value.reason is Reason.FILE_GONE
    assert [finding.code for finding in (await source.catalog()).findings] == ["sha256_mismatch"]


async def test_a_removed_upload_is_gone(folder: Path) -> None:
    source = UploadedSource(folder)
    release = await source.store(SKETCH, "blinds-1.0.bin")
    await source.remove()
    assert await source.catalog() == Catalog()
    assert await source.signature(release) is None
    await source.remove()
    assert not folder.exists()
