"""A record that cannot be read concerns one board, and is kept as it is."""

from collections.abc import Callable
import errno
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.storage.store import RecordStore, RecordUnreadable
from tests.conftest import AddBoard, Offer, StartBoard
from tests.storage.conftest import SECRET, path_of
from tests.support.actions import install
from tests.virtual_board.sketches import build_sketch


def stored(**changes: Any) -> bytes:
    """Return the file of an empty record but for some changes."""
    return json.dumps({"version": 1, "minor_version": 1, "key": DOMAIN, "data": {}} | changes).encode()


def directory(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


BROKEN: dict[str, bytes | Callable[[Path], None]] = {
    "empty": b"",
    "truncated": stored()[:-9],
    "no JSON": b"\x00\xff" * 100,
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "null": b"null",
    "no data": stored(data=None),
    "newer": stored(version=2, data={"invented": "later"}),
    "no version": stored(version=None),
    "a part that is none": stored(data={"history": [None]}),
    "an offer that is none": stored(data={"source_memory": {"source": "any", "release": {"size": "large"}}}),
    "half a character": stored(data={"version": "\ud800"}),
    "no number": stored(data={"password_checked": float("nan")}),
    "a directory": directory,
    "a link to nowhere else": lambda path: path.symlink_to(path),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Put something into the place of a record that is none."""
    content = BROKEN[request.param]
    if callable(content):
        return content

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


@pytest.mark.slow
async def test_one_bad_record_concerns_one_board(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    offer: Offer,
    broken: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its entry says so in words, all others work, and the file is left alone; with the entry everything goes."""
    boards = [await start_board(), await start_board(name="Barn", address="127.0.0.8")]
    entries = [await add_board(board) for board in boards]
    await offer(entries[0], {"garden.bin": build_sketch(version="2.0")})
    await install(home)
    for entry in entries:
        await home.config_entries.async_unload(entry.entry_id)
    path = path_of(home, entries[0].entry_id)
    path.unlink()
    broken(path)
    before = as_it_is(path)
    for entry in entries:
        await home.config_entries.async_setup(entry.entry_id)

    assert entries[1].state is ConfigEntryState.LOADED
    assert entries[0].state is ConfigEntryState.SETUP_ERROR
    assert entries[0].error_reason_translation_key in ("record_unreadable", "record_newer")
    assert path.name in str(entries[0].reason)
    assert "{" not in str(entries[0].reason)
    assert SECRET not in caplog.text
    assert as_it_is(path) == before

    aside = path.with_name(f"{path.name}.corrupt.2026-11-27")
    aside.touch()
    assert await home.config_entries.async_remove(entries[0].entry_id)
    left = [each for each in path.parent.rglob("*") if entries[0].entry_id in str(each)]
    assert not left
    assert path_of(home, entries[1].entry_id).exists()


def as_it_is(path: Path) -> tuple[int, ...]:
    """Return what says that nobody has touched a file; that it was looked at is no harm."""
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns


async def test_what_cannot_be_removed_stops_nobody(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", fail)
        await store.remove()
    assert f"{DOMAIN}.one cannot be removed: Permission denied" in caplog.text


@pytest.mark.parametrize(
    "content", [stored(data={"invented": "later"}), stored(minor_version=2), stored(data={"ran": None})]
)
async def test_a_newer_minor_version_is_read(home: HomeAssistant, content: bytes) -> None:
    path_of(home).parent.mkdir(exist_ok=True)
    path_of(home).write_bytes(content)
    store = RecordStore(home, "one")
    await store.load()
    await store.update(chosen="1.0")
    data = json.loads(path_of(home).read_bytes())["data"]
    assert data["chosen"] == "1.0"
    assert data.get("invented") == json.loads(content)["data"].get("invented")


async def test_a_file_that_is_too_large_is_not_read(home: HomeAssistant) -> None:
    path_of(home).parent.mkdir(exist_ok=True)
    path_of(home).write_bytes(stored(data={"invented": " " * 5_000_000}))
    with pytest.raises(RecordUnreadable):
        await RecordStore(home, "one").load()
