"""The images that a board ran: so many, whole, and gone with the board."""

import asyncio
import os
from pathlib import Path
import threading
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR
import pytest

from custom_components.mkr1000_ota.const import CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.storage.images import KEPT_IMAGES, ImageLost, Images
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, StartBoard
from tests.support.actions import OFFERED, act, board_of, drop, install, press_cancel, shown
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

IMAGE = build_sketch(version="2.0")
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of b"test"


@pytest.fixture
async def archive(home: HomeAssistant) -> Images:
    """The archive of a board that was never flashed."""
    archive = Images(home, "one")
    await archive.open()
    return archive


def folder(home: HomeAssistant, entry_id: str) -> Path:
    """Return where the images of a board are."""
    return Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry_id))


async def test_an_image_comes_back_as_it_was(home: HomeAssistant, archive: Images) -> None:
    assert archive.sha256s == frozenset()
    await archive.store(SHA256, b"test")
    assert await archive.load(SHA256) == b"test"
    again = Images(home, "one")
    await again.open()
    assert again.sha256s == {SHA256}
    await again.keep(list)
    assert again.sha256s == frozenset()
    with pytest.raises(ImageLost):
        await again.load(SHA256)


async def test_what_is_damaged_is_lost(home: HomeAssistant, archive: Images) -> None:
    await archive.store(SHA256, b"test")
    (folder(home, "one") / f"{SHA256}.bin").write_bytes(b"tess")
    with pytest.raises(ImageLost):
        await archive.load(SHA256)


async def test_a_write_that_is_broken_off_leaves_no_half_image(
    home: HomeAssistant, archive: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", break_off)
        with pytest.raises(OSError, match="No space left"):
            await archive.store(SHA256, b"test")
    assert archive.sha256s == frozenset()
    await archive.open()
    assert archive.sha256s == frozenset()
    assert not list(folder(home, "one").iterdir())


@pytest.mark.parametrize("sha256", [SHA256, "0" * 64], ids=["the same", "another one"])
async def test_what_is_stored_while_others_are_removed_stays(
    home: HomeAssistant, archive: Images, monkeypatch: pytest.MonkeyPatch, sha256: str
) -> None:
    """A wait that is cancelled may be ordered again at once."""
    go_on = threading.Event()
    unlink = Path.unlink

    def take_long(path: Path, *, missing_ok: bool = False) -> None:
        go_on.wait(10)
        unlink(path, missing_ok=missing_ok)

    await archive.store(SHA256, b"test")
    monkeypatch.setattr(Path, "unlink", take_long)
    home.loop.call_later(0.1, go_on.set)
    await asyncio.gather(archive.keep(list), archive.store(sha256, b"test"))
    assert archive.sha256s == {sha256}
    assert [image.stem for image in folder(home, "one").iterdir()] == [sha256]


async def test_what_is_stored_after_a_removal_was_cancelled_stays(
    home: HomeAssistant, archive: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that removes it cannot be cancelled."""
    begun, go_on = asyncio.Event(), threading.Event()
    unlink = Path.unlink

    def take_long(path: Path, *, missing_ok: bool = False) -> None:
        home.loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        unlink(path, missing_ok=missing_ok)

    await archive.store(SHA256, b"test")
    with monkeypatch.context() as slow:
        slow.setattr(Path, "unlink", take_long)
        removing = asyncio.create_task(archive.keep(list))
        await begun.wait()
        removing.cancel()
        storing = asyncio.create_task(archive.store(SHA256, b"test"))
        await asyncio.wait((removing, storing), timeout=0.1)
        go_on.set()
        await asyncio.wait((removing, storing))
        await home.async_block_till_done()
    assert archive.sha256s == {SHA256}
    assert await archive.load(SHA256) == b"test"


async def test_an_order_that_is_written_down_has_its_image(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else has images tidied in the meantime."""
    entry = await add_board(board, **{CONF_WAIT: 5})
    await board.power_off()
    write, tidying = RecordStore._replace, []

    def tidy_meanwhile(store: RecordStore, content: dict[str, Any]) -> None:
        begun = threading.Event()

        def tidy() -> None:
            tidying.append(home.async_create_task(board_of(home).async_tidy_images()))
            home.loop.call_soon(begun.set)

        home.loop.call_soon_threadsafe(tidy)
        begun.wait(10)
        write(store, content)

    monkeypatch.setattr(RecordStore, "_replace", tidy_meanwhile)
    await act(home, "flash", file=drop(home, "garden.bin", IMAGE))
    monkeypatch.setattr(RecordStore, "_replace", write)
    assert tidying
    await asyncio.wait(tidying)
    assert [image.read_bytes() for image in folder(home, entry.entry_id).iterdir()] == [IMAGE]
    await press_cancel(home)
    assert not board_of(home).images.sha256s


@pytest.mark.slow
async def test_so_many_of_each_board(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    """The oldest goes first; all that are there are offered."""
    boards = [await start_board(), await start_board(name="Barn", address="127.0.0.8")]
    entries = [await add_board(board) for board in boards]
    await act(home, "flash", entity_id="update.barn_firmware", file=drop(home, "0.bin", build_sketch(version="0.5")))
    for number in range(KEPT_IMAGES + 1):
        await act(home, "flash", file=drop(home, "garden.bin", build_sketch(version=f"{number}.0", size=8192)))
    assert len(list(folder(home, entries[0].entry_id).iterdir())) == KEPT_IMAGES
    assert len(list(folder(home, entries[1].entry_id).iterdir())) == 1
    archived = [f"{number}.0" for number in reversed(range(1, KEPT_IMAGES + 1))]
    assert shown(home, OFFERED).attributes["options"] == ["latest", *archived]


async def test_what_was_never_finished_goes_with_the_board(home: HomeAssistant, archive: Images) -> None:
    """Home Assistant was killed in the middle of a write."""
    await archive.store(SHA256, b"test")
    (folder(home, "one") / f".{'0' * 64}.bin.part").write_bytes(b"te")
    assert archive.sha256s == {SHA256}
    await archive.remove()
    assert not folder(home, "one").exists()


async def test_whatever_is_in_the_place_of_the_images_goes_with_the_board(home: HomeAssistant, archive: Images) -> None:
    folder(home, "one").parent.mkdir(parents=True)
    folder(home, "one").touch()
    await archive.open()
    assert archive.sha256s == frozenset()
    await archive.remove()
    assert not folder(home, "one").exists()


@pytest.mark.slow
async def test_a_damaged_image_is_not_flashed(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    entry = await add_board(board)
    for version in ("1.0", "2.0"):
        await act(home, "flash", file=drop(home, "garden.bin", build_sketch(version=version)))
    for image in folder(home, entry.entry_id).iterdir():
        image.write_bytes(image.read_bytes()[:-4])
    board.requests.clear()
    for what in (act(home, "install_archived"), install(home, "1.0")):
        with pytest.raises(HomeAssistantError) as error:
            await what
        assert error.value.translation_key == "image_lost"
    assert not any(request.body_bytes for request in board.requests)
