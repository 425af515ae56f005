"""A sketch that an action names waits for its board as it is: through a restart, until its end, and no longer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
import hashlib
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import STORAGE_DIR
import pytest

from custom_components.mkr1000_ota.const import CONF_PUBLIC_KEY, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.install import wait as waiting
from custom_components.mkr1000_ota.shared import FLASHES_AT_ONCE
from custom_components.mkr1000_ota.storage.records import BoardStore
from tests.conftest import AddBoard, Offer, StartBoard
from tests.minisign import Signer
from tests.support.actions import FLASH, act, drop, press_cancel, shown, until, until_stage
from tests.support.looking import settled
from tests.virtual_board import Fault, Firmware, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.slow

IMAGE = build_sketch(name="Garden", password="sesame", version="2.0")

type Order = Callable[..., Awaitable[ConfigEntry]]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a board that is waited for directly more often than every quarter of a minute."""
    monkeypatch.setattr(waiting, "LISTEN_FOR", 0.2)


@pytest.fixture
def order(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> Order:
    """Flash a file on a board that is away and may be waited for; the file is gone as soon as that was ordered."""

    async def order(
        image: bytes = IMAGE, minutes: float = 5, board: VirtualBoard = board, **fields: Any
    ) -> ConfigEntry:
        entry = await add_board(board, **{CONF_WAIT: minutes})
        await board.power_off()
        file = drop(home, "garden.bin", image)
        assert await act(home, "flash", file=file, **fields) == {"verdict": "waiting"}
        Path(file).unlink()
        return entry

    return order


async def restart(home: HomeAssistant, entry: ConfigEntry, meanwhile: Callable[[], object] = lambda: None) -> None:
    """End the entry, and begin it again with nothing but what is on the disk."""
    assert await home.config_entries.async_unload(entry.entry_id)
    meanwhile()
    shared = home.data[DOMAIN]
    shared.store = BoardStore(home)
    await shared.store.load()
    assert await home.config_entries.async_setup(entry.entry_id)


def kept(home: HomeAssistant, entry: ConfigEntry) -> list[Path]:
    """Return the images that are on the disk for a board."""
    return list(Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry.entry_id)).glob("*"))


def issue(home: HomeAssistant, entry: ConfigEntry) -> ir.IssueEntry | None:
    """What the user is told of a wait that was in vain."""
    return ir.async_get(home).async_get_issue(DOMAIN, f"not_installed_{entry.entry_id}")


async def test_it_is_flashed_after_a_restart(home: HomeAssistant, order: Order, start_board: StartBoard) -> None:
    """The very image, though the file is gone; and with its password, which stands nowhere in it."""
    image = build_sketch(password="computed", version="2.0", quirks=Quirks(computed=True))
    becomes = {hashlib.sha256(image).hexdigest(): Firmware("Arduino", "computed", "2.0")}
    board = await start_board(images=becomes, address="127.0.0.8")
    entry = await order(image, board=board, password="computed")
    until = entry.runtime_data.coordinator.record.order.until
    await restart(home, entry)
    await until_stage(home, "waiting")
    assert entry.runtime_data.coordinator.record.order.until == until

    await board.power_on()
    await until_stage(home, "uploading")
    await until_stage(home, "idle")
    assert board.flashed == [image]
    assert entry.data[CONF_PASSWORD] == "computed"
    record = entry.runtime_data.coordinator.record
    assert record.awaited is None
    assert record.history[0].version == "2.0"
    await restart(home, entry)
    await settled(home)
    assert board.flashed == [image]


async def test_what_was_allowed_stays_allowed(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    silent = build_sketch(version="2.0", quirks=Quirks(begin=False, poll=False))
    entry = await order(silent, allow_without_ota=True)
    await restart(home, entry)
    await board.power_on()
    await until_stage(home, "uploading")
    await until_stage(home, "idle")
    assert board.flashed == [silent]


async def test_a_version_of_the_source_is_another_sketch(
    home: HomeAssistant, order: Order, board: VirtualBoard, offer: Offer
) -> None:
    """What was ordered is what is flashed, whatever else bears its name."""
    entry = await order()
    await offer(entry, {"garden.bin": build_sketch(password="other", version="2.0")})
    await restart(home, entry)
    await board.power_on()
    await until_stage(home, "uploading")
    await until_stage(home, "idle")
    assert board.flashed == [IMAGE]


async def test_a_board_that_is_back_and_has_to_wait_for_its_turn(
    home: HomeAssistant, order: Order, board: VirtualBoard
) -> None:
    """A restart does not lose it either, as long as the flash has not begun."""
    entry = await order()
    turns = home.data[DOMAIN].flashes
    for _ in range(FLASHES_AT_ONCE):
        await turns.acquire()
    await board.power_on()
    await until_stage(home, "queued")

    def others_are_done() -> None:
        for _ in range(FLASHES_AT_ONCE):
            turns.release()

    await restart(home, entry, meanwhile=others_are_done)
    await until_stage(home, "uploading")
    await until_stage(home, "idle")
    assert board.flashed == [IMAGE]


async def test_nothing_of_it_stays_when_it_is_cancelled(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    assert len(kept(home, entry)) == 1
    await restart(home, entry)
    await until_stage(home, "waiting")
    await press_cancel(home)
    await until_stage(home, "idle")
    assert not kept(home, entry)
    await board.power_on()
    await restart(home, entry)
    await settled(home)
    assert not board.flashed


async def test_nothing_of_it_stays_when_its_time_is_over(
    home: HomeAssistant, order: Order, board: VirtualBoard
) -> None:
    entry = await order(minutes=0.005)
    await until_stage(home, "idle")
    assert issue(home, entry)
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    assert not kept(home, entry)


async def test_an_image_that_is_lost_is_told(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    (image,) = kept(home, entry)
    await restart(home, entry, meanwhile=lambda: image.write_bytes(image.read_bytes()[:-4]))
    await settled(home)
    told = issue(home, entry)
    assert told
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    assert shown(home, FLASH).attributes["reason"] == "image_lost"
    assert not kept(home, entry)
    await board.power_on()
    await settled(home)
    assert not board.flashed


async def test_what_began_to_wait_before_images_were_kept_is_told(
    home: HomeAssistant, hass_storage: dict[str, Any], order: Order
) -> None:
    """What earlier versions wrote down of a wait can be read, though it is not enough to go on."""
    entry = await order()

    def becomes_older() -> None:
        record = hass_storage[DOMAIN]["data"]["boards"][entry.entry_id]
        record["awaited"] = {name: record["awaited"][name] for name in ("version", "until")}

    await restart(home, entry, meanwhile=becomes_older)
    await settled(home)
    assert issue(home, entry)
    assert shown(home, FLASH).attributes["reason"] == "image_lost"
    assert entry.runtime_data.coordinator.record.order is None


async def test_a_disk_that_is_full_when_the_board_is_back(
    home: HomeAssistant, order: Order, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there any more to be told by an error."""

    async def is_full(_: BoardStore) -> bool:
        return False

    entry = await order()
    monkeypatch.setattr(BoardStore, "save", is_full)
    await board.power_on()
    await until_stage(home, "idle")
    assert shown(home, FLASH).attributes["reason"] == "journal_unwritable"
    assert issue(home, entry)
    assert entry.runtime_data.coordinator.record.order is None
    assert not any(request.body_bytes for request in board.requests)


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_a_board_that_goes_away_again_in_the_middle_of_it(
    home: HomeAssistant, order: Order, board: VirtualBoard, *, restarted: bool
) -> None:
    entry = await order()
    board.options = replace(board.options, fault=Fault(at=1000, kind="power_loss"), away=60)
    if restarted:
        assert await home.config_entries.async_unload(entry.entry_id)
        await board.power_on()
        assert await home.config_entries.async_setup(entry.entry_id)
    else:
        await board.power_on()
    await until(home, FLASH, lambda state: state.attributes.get("event_type") == "failed")
    assert issue(home, entry)
    await settled(home)
    assert not kept(home, entry)
    assert not board.flashed


async def test_a_key_that_is_pinned_meanwhile_counts(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    options = {**entry.options, CONF_PUBLIC_KEY: Signer().public_key}
    await restart(home, entry, meanwhile=lambda: home.config_entries.async_update_entry(entry, options=options))
    await settled(home)
    assert issue(home, entry)
    assert shown(home, FLASH).attributes["reason"] == "signature_missing"
    assert not kept(home, entry)


async def test_it_goes_with_the_board(home: HomeAssistant, order: Order) -> None:
    entry = await order()
    assert await home.config_entries.async_remove(entry.entry_id)
    assert not kept(home, entry)
    assert not home.data[DOMAIN].store.record(entry.entry_id).awaited


async def test_it_is_no_way_back(home: HomeAssistant, order: Order) -> None:
    """A board never ran what waits for it."""
    entry = await order()
    assert entry.runtime_data.coordinator.archived == ()
