"""A sketch that an action names waits for its board as it is: through a restart, until its end, and no longer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
import errno
import hashlib
import os
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
import pytest

from custom_components.mkr1000_ota.const import CONF_PUBLIC_KEY, CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import installer
from custom_components.mkr1000_ota.repairs import async_create_fix_flow
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import BRISK, AddBoard, Offer, StartBoard
from tests.minisign import Signer
from tests.support.actions import (
    FLASH,
    act,
    board_of,
    drop,
    eventually,
    give_turns_back,
    hold_turns,
    issues,
    press_cancel,
    reason_of,
    restart,
    shown,
    until_stage,
    wait_out,
)
from tests.support.looking import settled
from tests.virtual_board import Fault, Firmware, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.slow

IMAGE = build_sketch(name="Garden", password="sesame", version="2.0")

type Order = Callable[..., Awaitable[ConfigEntry]]


@pytest.fixture
def order(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> Order:
    """Flash a file on a board that is away and may be waited for; the file is gone as soon as that was ordered."""

    async def order(image: bytes = IMAGE, board: VirtualBoard = board, **fields: Any) -> ConfigEntry:
        entry = await add_board(board, **{CONF_WAIT: 5})
        await board.power_off()
        file = drop(home, "garden.bin", image)
        assert await act(home, "flash", file=file, **fields) == {"verdict": "waiting"}
        Path(file).unlink()
        return entry

    return order


def kept(home: HomeAssistant, entry: ConfigEntry) -> list[Path]:
    """Return the images that are on the disk for a board."""
    return list(Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry.entry_id)).glob("*"))


async def flashed(home: HomeAssistant, board: VirtualBoard) -> None:
    """Wait until a board has been flashed, and all is done that follows."""
    await eventually(lambda: board.flashed)
    await until_stage(home, Stage.IDLE)


async def test_it_is_flashed_after_a_restart(home: HomeAssistant, order: Order, start_board: StartBoard) -> None:
    """The very image, though the file is gone; and with its password, which stands nowhere in it."""
    image = build_sketch(password="computed", version="2.0", quirks=Quirks(computed=True))
    becomes = {hashlib.sha256(image).hexdigest(): Firmware("Arduino", "computed", "2.0")}
    board = await start_board(images=becomes, address="127.0.0.8")
    entry = await order(image, board=board, password="computed")
    before = board_of(home).record.order
    await restart(home, entry)
    await until_stage(home, Stage.WAITING)
    assert board_of(home).record.order == before

    await board.power_on()
    await flashed(home, board)
    assert board.flashed == [image]
    assert entry.data[CONF_PASSWORD] == "computed"
    record = board_of(home).record
    assert not record.is_unfinished
    assert record.history[0].version == "2.0"
    await restart(home, entry)
    await settled(home)
    assert board.flashed == [image]


async def test_what_was_allowed_stays_allowed(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    silent = build_sketch(version="2.0", quirks=Quirks(begin=False, poll=False))
    entry = await order(silent, allow=["no_ota"])
    await restart(home, entry)
    await board.power_on()
    await flashed(home, board)
    assert board.flashed == [silent]


async def test_a_version_of_the_source_is_another_sketch(
    home: HomeAssistant, order: Order, board: VirtualBoard, offer: Offer
) -> None:
    """What was ordered is what is flashed, whatever else bears its name."""
    entry = await order()
    await offer(entry, {"garden.bin": build_sketch(password="other", version="2.0")})
    await restart(home, entry)
    await board.power_on()
    await flashed(home, board)
    assert board.flashed == [IMAGE]


@pytest.mark.parametrize("then", ["restarted", "gone", "cancelled"])
async def test_a_board_that_is_back_and_has_to_wait_for_its_turn(
    home: HomeAssistant, order: Order, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """Neither a restart nor another absence loses it, as long as the flash has not begun."""
    monkeypatch.setattr(installer, "RETRY_INTERVAL", 0.05)
    entry = await order()
    await hold_turns(home)
    await board.power_on()
    await until_stage(home, Stage.QUEUED)

    def others_are_done() -> None:
        give_turns_back(home)

    match then:
        case "restarted":
            await restart(home, entry, meanwhile=others_are_done)
        case "cancelled":
            await press_cancel(home)
            others_are_done()
            await settled(home)
            assert not board.flashed
            assert not board_of(home).record.is_unfinished
            return
        case _:
            await board.power_off()
            others_are_done()
            await until_stage(home, Stage.WAITING)
            await board.power_on()
    await flashed(home, board)
    assert board.flashed == [IMAGE]


async def test_nothing_of_it_stays_when_it_is_cancelled(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    assert len(kept(home, entry)) == 1
    await restart(home, entry)
    await until_stage(home, Stage.WAITING)
    await press_cancel(home)
    await until_stage(home, Stage.IDLE)
    assert not kept(home, entry)
    await board.power_on()
    await restart(home, entry)
    await settled(home)
    assert not board.flashed


async def test_when_its_time_is_over_it_can_be_installed_once_more(
    home: HomeAssistant, order: Order, board: VirtualBoard
) -> None:
    """From the repair, although its file is gone; what nobody needs anymore goes with that."""
    entry = await order()
    await wait_out(home)
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    issue = issues(home)["not_installed"]
    assert reason_of(issue).startswith("Arduino didn't come back online")
    assert len(kept(home, entry)) == 1
    flow: Any = await async_create_fix_flow(home, issue.issue_id, issue.data)
    flow.hass = home
    await flow.async_step_install()
    await until_stage(home, Stage.WAITING)
    await board.power_on()
    await flashed(home, board)
    assert board.flashed == [IMAGE]
    assert not issues(home)
    assert len(kept(home, entry)) == 1


async def test_an_image_that_is_lost_is_told(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    (image,) = kept(home, entry)
    await restart(home, entry, meanwhile=lambda: image.write_bytes(image.read_bytes()[:-4]))
    await settled(home)
    assert issues(home).keys() == {"not_installed"}
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    assert shown(home, FLASH).attributes["reason"] == "image_lost"
    await board.power_on()
    await settled(home)
    assert not board.flashed


async def test_a_disk_that_is_full_when_the_board_is_back(
    home: HomeAssistant, order: Order, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there any more to be told by an error."""

    def is_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    await order()
    monkeypatch.setattr("custom_components.mkr1000_ota.storage.store.write_private", is_full)
    await board.power_on()
    await until_stage(home, Stage.IDLE)
    assert shown(home, FLASH).attributes["reason"] == "journal_unwritable"
    assert issues(home).keys() == {"not_installed"}
    assert board_of(home).record.order is None
    assert not any(request.body_bytes for request in board.requests)


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_a_board_that_goes_away_again_in_the_middle_of_it(
    home: HomeAssistant, order: Order, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch, *, restarted: bool
) -> None:
    """It had something of the sketch: that is told, and a person decides."""
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", replace(BRISK, tries=1))
    entry = await order()
    board.options = replace(board.options, fault=Fault(at=8000, kind="power_loss"), away=60)
    if restarted:
        assert await home.config_entries.async_unload(entry.entry_id)
        await board.power_on()
        assert await home.config_entries.async_setup(entry.entry_id)
    else:
        await board.power_on()
    await eventually(lambda: shown(home, FLASH).attributes.get("event_type") == "failed")
    assert issues(home).keys() == {"not_installed"}
    assert "lost" in reason_of(issues(home)["not_installed"]) or "stopped" in reason_of(issues(home)["not_installed"])
    await settled(home)
    assert not board.flashed
    assert not board_of(home).record.is_unfinished


async def test_a_key_that_is_pinned_meanwhile_counts(home: HomeAssistant, order: Order, board: VirtualBoard) -> None:
    entry = await order()
    options = {**entry.options, CONF_PUBLIC_KEY: Signer().public_key}
    await restart(home, entry, meanwhile=lambda: home.config_entries.async_update_entry(entry, options=options))
    await settled(home)
    assert issues(home).keys() == {"not_installed"}
    assert shown(home, FLASH).attributes["reason"] == "signature_missing"


async def test_a_key_that_is_pinned_while_it_waits_counts(
    home: HomeAssistant, order: Order, board: VirtualBoard
) -> None:
    entry = await order()
    options = {**entry.options, CONF_PUBLIC_KEY: Signer().public_key}
    home.config_entries.async_update_entry(entry, options=options)
    await board.power_on()
    # The last that is told of an install.
    await eventually(lambda: shown(home, FLASH).attributes.get("reason") == "signature_missing")
    assert issues(home).keys() == {"not_installed"}
    assert not board.flashed


async def test_it_goes_with_the_board(home: HomeAssistant, order: Order) -> None:
    entry = await order()
    assert await home.config_entries.async_remove(entry.entry_id)
    assert not kept(home, entry)
    assert not RecordStore(home, entry.entry_id).path.exists()
    assert not issues(home)


async def test_it_is_no_way_back(home: HomeAssistant, order: Order) -> None:
    """A board never ran what waits for it."""
    await order()
    assert board_of(home).archived == ()
