"""Files that come, change and go while somebody looks."""

import asyncio
from collections.abc import Callable, Iterator
import os
from pathlib import Path
import threading
import time

import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.firmware.fenced_folder import Directory, Stamp
from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, SourceError
from tests.firmware.folder.conftest import LONG_AGO, SKETCH, Drop, offered, refused
from tests.virtual_board.sketches import build_sketch


async def test_a_file_that_is_being_copied_waits(folder: Path, drop: Drop) -> None:
    source = FolderSource(folder, settled_after=60)
    path = drop("a-1.0.bin", SKETCH[:5000], modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()
    path.write_bytes(SKETCH)
    assert await source.catalog() == Catalog()
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}


async def test_a_file_from_the_future_is_at_rest_when_it_has_looked_the_same_for_long_enough(
    folder: Path, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    source = FolderSource(folder)
    drop("a-1.0.bin", modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()
    now += 1.9
    now += 0.2
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


async def test_a_sketch_that_is_copied_once_more_stays_on_offer(source: FolderSource, drop: Drop) -> None:
    """Otherwise each run of a synchronization would look as if an update had just come out."""
    drop("a-1.0.bin")
    before = await source.catalog()
    drop("a-1.0.bin", modified=LONG_AGO * 2)
    assert await source.catalog() == before
    drop("a-1.0.bin", SKETCH[:-4], modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()


async def test_a_sketch_that_is_being_replaced_is_not_offered_meanwhile(source: FolderSource, drop: Drop) -> None:
    drop("a-1.0.bin")
    (release,) = (await source.catalog()).releases
    drop("a-1.0.bin", build_sketch(seed=1), modified=LONG_AGO * 2)
    assert await source.catalog() == Catalog()
    with pytest.raises(SourceError) as refusal:
        await source.image(release)
    assert refusal.value.reason is Reason.FILE_GONE


@pytest.fixture
def meddling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something between the scan and the first read of a file."""

    def meddle(what: Callable[[], object]) -> None:
        read = Directory.read

        def read_too_late(self: Directory, name: str, *, limit: int) -> tuple[bytes, Stamp]:
            monkeypatch.undo()
            what()
            return read(self, name, limit=limit)

        monkeypatch.setattr(Directory, "read", read_too_late)

    return meddle


type Meddling = Callable[[Callable[[], object]], None]


async def test_a_file_that_changes_under_the_eyes_waits(source: FolderSource, drop: Drop, meddling: Meddling) -> None:
    drop("a-1.0.bin")
    meddling(lambda: drop("a-1.0.bin", build_sketch(seed=1), modified=LONG_AGO + 1))
    assert await source.catalog() == Catalog()
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}


async def test_a_file_that_vanishes_under_the_eyes_is_no_finding(
    source: FolderSource, drop: Drop, meddling: Meddling
) -> None:
    meddling(drop("a-1.0.bin").unlink)
    assert await source.catalog() == Catalog()


async def test_a_file_that_is_swapped_for_a_link_leads_nowhere(
    source: FolderSource, drop: Drop, tmp_path: Path, meddling: Meddling
) -> None:
    (tmp_path / "secret.bin").write_bytes(SKETCH)
    path = drop("a-1.0.bin")

    def swap() -> None:
        path.unlink()
        path.symlink_to(tmp_path / "secret.bin")

    meddling(swap)
    assert refused(await source.catalog()) == {"a-1.0.bin": "link"}


async def test_a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere(
    source: FolderSource, folder: Path, drop: Drop, tmp_path: Path, meddling: Meddling
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a-1.0.md").write_text("s3cret")
    drop("a-1.0.bin")
    drop("a-1.0.md", "Quieter")

    def swap() -> None:
        folder.rename(tmp_path / "away")
        folder.symlink_to(tmp_path / "secrets")

    meddling(swap)
    (release,) = (await source.catalog()).releases
    assert release.notes == "Quieter"


@pytest.mark.parametrize("swapped", ["sketches", "sketches/garden"])
async def test_no_folder_below_the_trusted_one_may_be_a_link(tmp_path: Path, swapped: str) -> None:
    base = tmp_path / "config"
    elsewhere = tmp_path / "elsewhere"
    for parent in (base, elsewhere):
        (parent / "sketches" / "garden").mkdir(parents=True)
    (elsewhere / "sketches" / "garden" / "secret-1.0.bin").write_bytes(SKETCH)
    source = FolderSource(base / "sketches" / "garden", base=base)
    assert await source.catalog() == Catalog()
    (base / swapped).rename(tmp_path / "away")
    (base / swapped).symlink_to(elsewhere / swapped)
    with pytest.raises(SourceError) as refusal:
        await source.catalog()
    assert refusal.value.reason is Reason.FOLDER_UNREADABLE
    assert refusal.value.placeholders["error"] == "it is a link, or not a folder"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], threading.Event]]:
    """A network drive that has gone: the threads that hang in it, and what brings it back."""
    threads: list[str] = []
    back = threading.Event()
    scan = Directory.scan

    def hang(self: Directory) -> dict[str, Stamp]:
        threads.append(threading.current_thread().name)
        back.wait()
        return scan(self)

    monkeypatch.setattr(Directory, "scan", hang)
    monkeypatch.setattr(limits, "FOLDER", 0.05)
    yield threads, back
    back.set()


async def test_a_folder_that_hangs_is_given_up_and_takes_one_thread(
    source: FolderSource, drop: Drop, hanging: tuple[list[str], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, back = hanging
    drop("a-1.0.bin")
    for _ in range(3):
        with pytest.raises(SourceError) as refusal:
            await source.catalog()
        assert refusal.value.reason is Reason.FOLDER_SILENT
    assert len(threads) == 1
    back.set()
    monkeypatch.setattr(limits, "FOLDER", 5)
    assert offered(await source.catalog()) == {"a-1.0.bin": "1.0"}


async def test_a_look_that_fails_after_it_was_given_up_is_no_error_of_the_event_loop(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()

    def fail(_: Directory) -> dict[str, Stamp]:
        go_on.wait(10)
        raise SourceError(Reason.FOLDER_UNREADABLE, folder="", error="Input/output error")

    with monkeypatch.context() as gone:
        gone.setattr(Directory, "scan", fail)
        gone.setattr(limits, "FOLDER", 0.05)
        with pytest.raises(SourceError):
            await source.catalog()
    go_on.set()
    assert await source.catalog() == Catalog()
    assert not caplog.records


async def test_who_gives_up_a_folder_does_not_hold_up_another(
    source: FolderSource, tmp_path: Path, hanging: tuple[list[str], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asyncio.create_task(source.catalog())
    while not hanging[0]:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(SourceError) as refusal:
        await FolderSource(tmp_path / "not there").catalog()
    assert refusal.value.reason is Reason.FOLDER_UNREADABLE


async def test_a_removed_file_is_no_longer_offered(source: FolderSource, drop: Drop) -> None:
    path = drop("a-1.0.bin")
    (release,) = (await source.catalog()).releases
    path.unlink()
    with pytest.raises(SourceError) as refusal:
        await source.image(release)
    assert refusal.value.reason is Reason.FILE_GONE
    assert await source.catalog() == Catalog()


async def test_a_folder_that_is_not_there_is_an_error_until_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    source = FolderSource(folder)
    with pytest.raises(SourceError) as refusal:
        await source.catalog()
    assert refusal.value.reason is Reason.FOLDER_UNREADABLE
    assert refusal.value.placeholders == {"folder": str(folder), "error": "it does not exist"}
    folder.mkdir()
    assert await source.catalog() == Catalog()


async def test_a_folder_that_comes_back_is_as_it_was(source: FolderSource, folder: Path, drop: Drop) -> None:
    drop("a-1.0.bin")
    before = await source.catalog()
    folder.rename(folder.with_name("away"))
    with pytest.raises(SourceError):
        await source.catalog()
    folder.with_name("away").rename(folder)
    assert await source.catalog() == before
