"""The file of a record: on the disk when a method returns, whole, and nobody's but the board's; and when a disk gives way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import errno
import json
import os
import stat
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.storage.records import BoardRecord
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Offer
from tests.storage.conftest import SECRET, path_of
from tests.storage.test_records import FLASHING, PENDING, ended
from tests.support.actions import OFFERED, choose, install, reauths, shown
from tests.support.looking import look
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


async def reread(home: HomeAssistant) -> BoardRecord:
    """Return the record as it is after a restart."""
    store = RecordStore(home, "one")
    await store.load()
    return store.record


@pytest.fixture(params=["full", "read-only", "not synced"])
def failing_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk take nothing."""
    number = {"full": errno.ENOSPC, "read-only": errno.EROFS, "not synced": errno.EIO}[request.param]

    is_open = os.open

    def fail(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    def open_others(path: Any, *args: Any, **kwargs: Any) -> int:
        return fail() if str(path).endswith(".part") else is_open(path, *args, **kwargs)

    match request.param:
        case "not synced":
            monkeypatch.setattr(os, "fsync", fail)
        case "full":
            monkeypatch.setattr(os, "replace", fail)
        case _:
            monkeypatch.setattr(os, "open", open_others)


async def test_a_record_outlives_a_restart(home: HomeAssistant, store: RecordStore) -> None:
    await store.write(replace(PENDING, version="2.1"))
    assert await reread(home) == store.record == replace(FLASHING, pending=replace(PENDING, version="2.1"))
    await store.close(Keyring(("of 2.1", "of 1.0")), ended(store.record, Verdict.FLASHED, "of 2.1"))
    assert (await reread(home)).version == "2.1"
    assert path_of(home).stat().st_mode & 0o077 == 0, "it holds passwords"


async def test_a_write_that_fails_leaves_everything_as_it_was(
    home: HomeAssistant, store: RecordStore, failing_disk: None, caplog: pytest.LogCaptureFixture
) -> None:
    before = path_of(home).read_bytes()
    with pytest.raises(JournalUnwritable) as error:
        await store.write(replace(PENDING, version="2.1"))
    assert store.record == FLASHING
    assert path_of(home).read_bytes() == before
    assert [path.name for path in path_of(home).parent.glob(f"*{DOMAIN}*")] == [path_of(home).name], "no half file"
    assert SECRET not in f"{error.value!r} {error.value.__cause__} {caplog.text}"


async def test_a_loss_of_power_finds_what_was_written(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is on the disk before it gets its name, and the name before anybody goes on."""
    sync, move, done = os.fsync, os.replace, list[str]()

    def note_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        sync(descriptor)

    def note_move(*names: str, **folders: Any) -> None:
        done.append("name")
        move(*names, **folders)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_move)
    await store.write(replace(PENDING, version="2.1"))
    assert done == ["content", "name", "folder"]


async def test_a_disk_that_cannot_tell_whether_a_name_is_on_it_is_no_hindrance(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems cannot do that for a folder."""
    sync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    await store.write(replace(PENDING, version="2.1"))
    assert await reread(home) == store.record


async def test_what_is_true_of_a_board_is_known_although_the_disk_is_full(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next write brings it to the disk, even if that one changes nothing."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", fail)
        await store.close(Keyring(("of 2.0", "of 1.0")), ended(store.record, Verdict.FLASHED, "of 2.0"))
    assert store.record.version == "2.0"
    assert (await reread(home)).pending == PENDING
    assert SECRET not in caplog.text
    await store.save(lambda record: record)
    assert await reread(home) == store.record


@pytest.mark.parametrize("bad", ["\ud800", "sesame\udcff"])
async def test_half_a_character_is_not_taken_and_does_not_stand_in_the_way_of_what_comes_next(
    home: HomeAssistant, store: RecordStore, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    """Not even by a board that is flashing already; and nobody prints what stands beside it."""
    with pytest.raises(JournalUnwritable) as error:
        await store.write(replace(PENDING, expected=(bad,)))
    await store.note(lambda record: record.accepted(bad, 0))
    assert store.record == await reread(home) == FLASHING
    assert SECRET not in f"{error.value!r} {caplog.text}"
    await store.note(lambda record: replace(record, chosen="1.0"))
    assert (await reread(home)).chosen == "1.0"


async def test_what_is_on_the_disk_is_looked_at_again(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that says yes and keeps the old content."""
    monkeypatch.setattr(os, "replace", lambda *_, **__: None)
    with pytest.raises(JournalUnwritable):
        await store.write(replace(PENDING, version="2.1"))
    assert store.record == FLASHING


async def test_whoever_is_cancelled_while_a_thread_writes_waits_for_it(
    home: HomeAssistant, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late write would take the place of the next one."""
    begun, go_on, move = threading.Event(), threading.Event(), os.replace

    def take_long(*names: str, **folders: Any) -> None:
        begun.set()
        assert go_on.wait(10)
        move(*names, **folders)

    monkeypatch.setattr(os, "replace", take_long)
    writing = asyncio.create_task(store.update(chosen="1.0"))
    assert await home.async_add_executor_job(begun.wait, 10)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
    assert not writing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert store.record.chosen == "1.0"
    await store.update(chosen="2.0")
    assert (await reread(home)).chosen == "2.0"


async def test_writes_come_one_after_the_other(home: HomeAssistant, store: RecordStore) -> None:
    def run(sha256: str) -> Callable[[BoardRecord], BoardRecord]:
        return lambda record: replace(record, ran=(*record.ran, sha256))

    await asyncio.gather(*(store.note(run(f"{number:064}")) for number in range(9)))
    assert len(store.record.ran) == 10
    assert await reread(home) == store.record


async def test_what_nobody_has_read_is_not_overwritten(home: HomeAssistant, store: RecordStore) -> None:
    other = RecordStore(home, "one")
    with pytest.raises(JournalUnwritable):
        await other.write(PENDING)
    assert await reread(home) == FLASHING


async def test_a_record_is_written_while_home_assistant_stops(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """Its own storage would put that off: too late for a board that is flashed."""
    await offer(await add_board(board), {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    home.set_state(CoreState.stopping)
    await install(home)
    home.set_state(CoreState.running)
    [entry] = home.config_entries.async_entries(DOMAIN)
    written = json.loads(path_of(home, entry.entry_id).read_bytes())["data"]
    assert written["keyring"]["passwords"] == ["sesame", "password"]
    assert written["version"] == "2.0"
    assert written["pending"] is None


async def test_nothing_is_flashed_without_a_journal(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, failing_disk: None
) -> None:
    await offer(await add_board(board), {"garden-2.0.bin": build_sketch(version="2.0")})
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "journal_unwritable"
    assert not any(request.body_bytes for request in board.requests)


async def test_a_removed_board_leaves_nothing(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    storage = path_of(home).parent
    assert [each for each in storage.rglob("*") if entry.entry_id in str(each)]
    assert await home.config_entries.async_remove(entry.entry_id)
    assert not [each for each in storage.rglob("*") if entry.entry_id in str(each)]


async def test_a_crash_between_record_and_entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    """The record is on the disk at once, the entry a moment later: after a crash the record is right."""
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_PASSWORD: "an old one"})
    assert await home.config_entries.async_setup(entry.entry_id)
    assert entry.data[CONF_PASSWORD] == "password"


async def test_a_record_from_an_older_backup_than_the_entry(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """The board accepts what the entry knows: nobody has to be asked."""
    entry = await add_board(board)
    earlier = BoardRecord(keyring=Keyring(("an old one",)))
    await entry.runtime_data.coordinator.store.save(lambda _: earlier)
    assert await home.config_entries.async_reload(entry.entry_id)
    await look(home)
    assert not reauths(home, entry)
    assert entry.data[CONF_PASSWORD] == "password"


async def test_the_choice_of_a_version_is_kept(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry: ConfigEntry = await add_board(board)
    await offer(entry, {f"garden-{one}.bin": build_sketch(version=one) for one in ("1.0", "2.0")})
    await choose(home, "1.0")
    assert await home.config_entries.async_reload(entry.entry_id)
    await home.async_block_till_done()
    assert shown(home, OFFERED).state == "1.0"
    await choose(home, "latest")
    assert shown(home, OFFERED).state == "latest"
