"""What is kept on disk for a board, through restarts, and what happens when the disk does not take it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR, Store
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Outcome, Verdict
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.storage.records import KEPT_FLASHES, BoardRecord, BoardStore, PastFlash, WaitingOrder
from tests.conftest import AddBoard, Offer
from tests.support.actions import OFFERED, choose, install, shown
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

PENDING = Pending(
    version="2.0",
    previous_version="1.0",
    sha256="ab" * 32,
    size=1000,
    started=1.7e9,
    old_password="password",
    expected=("sesame",),
    guesses=("open",),
)


def ended(verdict: Verdict, pending: Pending) -> Outcome:
    """How a flash ended, and with which password if that is known."""
    accepted = "sesame" if verdict is Verdict.FLASHED else None
    return Outcome(verdict=verdict, pending=pending, seconds=1.0, accepted=accepted)


@pytest.fixture
async def store(home: HomeAssistant, hass_storage: dict[str, Any]) -> BoardStore:
    """A store that nothing was ever written to."""
    store = BoardStore(home)
    await store.load()
    return store


async def reread(home: HomeAssistant) -> BoardRecord:
    """Return the record of the only board after a restart."""
    store = BoardStore(home)
    await store.load()
    return store.record("one")


async def test_everything_outlives_a_restart(home: HomeAssistant, store: BoardStore) -> None:
    record = store.record("one")
    await record.accept("password")
    await record.close(
        Keyring(("sesame", "password")), ended(Verdict.FLASHED, replace(PENDING, signature="of somebody"))
    )
    await record.write(PENDING)
    await record.distrust("1.5")
    record.next_passwords["3.0"] = "typed"
    record.pinned_version = "1.0"
    record.awaited = WaitingOrder(version="3.0", until=1.8e9, sha256="0" * 64, file="garden.bin", password="typed")
    await record.save()

    again = await reread(home)
    assert again.as_dict() == record.as_dict()
    assert again.pending == PENDING
    assert again.keyring == Keyring(("sesame", "password"))
    assert again.awaited == record.awaited
    assert "sesame" not in repr(again.history)
    assert again.history == [
        PastFlash(
            version="2.0",
            sha256="ab" * 32,
            size=1000,
            at=1.7e9,
            password="sesame",
            signature="of somebody",
            previous="1.0",
        )
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.write(PENDING),
        lambda record: record.close(Keyring(("new", "sesame")), ended(Verdict.FLASHED, PENDING)),
        lambda record: record.accept("new"),
        lambda record: record.flashed_elsewhere(),
        lambda record: record.distrust("2.0"),
        lambda record: record.distrust("2.0", stays=True),
        lambda record: record.trust("2.0"),
    ],
    ids=["begun", "ended", "accepted", "flashed elsewhere", "distrusted", "distrusted and kept", "trusted"],
)
async def test_every_change_is_on_the_disk_at_once(
    home: HomeAssistant, store: BoardStore, change: Callable[[BoardRecord], Awaitable[None]]
) -> None:
    record = store.record("one")
    await record.close(Keyring(("sesame",)), ended(Verdict.FLASHED, PENDING))
    before = record.as_dict()
    await change(record)
    assert record.as_dict() != before
    assert (await reread(home)).as_dict() == record.as_dict()


@pytest.mark.parametrize(
    ("change", "unproven"),
    [
        (lambda record: record.accept("sesame"), True),
        (lambda record: record.distrust("2.0"), True),
        (lambda record: record.distrust("2.0", stays=True), False),
        (lambda record: record.trust("2.0"), False),
        (lambda record: record.flashed_elsewhere(), False),
        (lambda record: record.close(Keyring(("sesame",)), ended(Verdict.LOCKED, PENDING)), False),
    ],
    ids=["accepted", "distrusted", "distrusted and kept", "trusted", "flashed elsewhere", "locked"],
)
async def test_a_sketch_is_unproven_until_it_is_checked_or_gone(
    store: BoardStore, change: Callable[[BoardRecord], Awaitable[None]], *, unproven: bool
) -> None:
    """Nor is one checked that nobody can talk to: no way leads back from there."""
    record = store.record("one")
    await record.close(Keyring(("sesame",)), ended(Verdict.FLASHED, PENDING))
    assert record.unproven
    await change(record)
    assert record.unproven is unproven


async def test_the_history_is_bounded(store: BoardStore) -> None:
    record = store.record("one")
    versions = [f"{number}.0" for number in range(KEPT_FLASHES + 5)]
    for version in (*versions, versions[-1]):
        await record.close(Keyring(("sesame",)), ended(Verdict.FLASHED, replace(PENDING, version=version)))
        await record.distrust(version)
    last = versions[::-1][:KEPT_FLASHES]
    assert [flash.version for flash in record.history] == [last[0], *last[:-1]]
    assert record.failed_versions == last
    await record.trust(last[0])
    assert record.failed_versions == last[1:]


async def test_what_many_want_to_be_saved_at_once_is_written_in_one_go(
    home: HomeAssistant, store: BoardStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file holds all boards: a hundred that are there at once are not worth a hundred writes."""
    writes: list[Any] = []
    write = Store.async_save

    async def count(self: Store[Any], content: Any) -> None:
        writes.append(content)
        await asyncio.sleep(0)  # a disk takes its time, that of the tests none
        await write(self, content)

    monkeypatch.setattr(Store, "async_save", count)
    await asyncio.gather(*(store.record(f"board {number}").accept("sesame") for number in range(100)))
    assert len(writes) <= 2
    assert len(writes[-1]["boards"]) == 100


async def test_a_password_that_was_not_known(store: BoardStore) -> None:
    """It belongs to the sketch that runs once the board has taken it; not to one that somebody else has flashed."""
    record = store.record("one")
    await record.close(Keyring(("old",)), ended(Verdict.LOCKED, PENDING))
    await record.accept("sesame")
    assert record.history[0].password == "sesame"
    await record.accept("another")
    assert record.history[0].password == "sesame"
    await record.close(Keyring(("old",)), ended(Verdict.LOCKED, PENDING))
    await record.flashed_elsewhere()
    await record.accept("another")
    assert record.history[0].password is None


async def test_a_disk_that_takes_nothing(
    home: HomeAssistant, store: BoardStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant's storage says nothing; that nothing is on the disk is noticed all the same."""
    record = store.record("one")
    await record.save()

    async def lose(*_: object) -> None:
        """Write nothing, as while Home Assistant stops."""

    monkeypatch.setattr("homeassistant.helpers.storage.Store.async_save", lose)
    with pytest.raises(JournalUnwritable):
        await record.write(PENDING)


async def test_a_disk_that_has_never_taken_anything(
    home: HomeAssistant, store: BoardStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object) -> None:
        """Write nothing."""

    monkeypatch.setattr("homeassistant.helpers.storage.Store.async_save", lose)
    with pytest.raises(JournalUnwritable):
        await store.record("one").write(PENDING)


async def test_nothing_is_flashed_without_a_journal(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """While Home Assistant stops, writes are put off: that is too late for a board that is flashed."""
    await offer(await add_board(board), {"garden-2.0.bin": build_sketch(version="2.0")})
    home.set_state(CoreState.stopping)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    home.set_state(CoreState.running)
    assert error.value.translation_key == "journal_unwritable"
    assert not any(request.body_bytes for request in board.requests)


async def test_what_a_flash_leaves_on_the_disk(
    home: HomeAssistant, hass_storage: dict[str, Any], add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    (stored,) = hass_storage[DOMAIN]["data"]["boards"].values()
    assert stored["keyring"] == ["sesame", "password"]
    assert stored["installed_version"] == "2.0"
    assert stored["pending"] is None
    images = Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry.entry_id))
    [image] = images.iterdir()
    for kept in (images.parent, images, image):
        assert kept.stat().st_mode & 0o077 == 0, "images hold passwords"


async def test_a_removed_board_leaves_nothing(
    home: HomeAssistant, hass_storage: dict[str, Any], add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    assert await home.config_entries.async_remove(entry.entry_id)
    assert hass_storage[DOMAIN]["data"]["boards"] == {}
    assert not Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry.entry_id)).exists()


async def test_a_crash_between_record_and_entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    """The record is on the disk at once, the entry a moment later: after a crash the record is right."""
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_PASSWORD: "an old one"})
    assert await home.config_entries.async_setup(entry.entry_id)
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
    await choose(home, "newest")
    assert shown(home, OFFERED).state == "newest"
