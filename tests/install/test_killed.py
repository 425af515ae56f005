"""Home Assistant is killed, at each moment between two writes of an install: nothing is lost, and nothing is done twice.

What is killed leaves what is on the disk, and nothing else: a write that is held up, and never comes, ends everything.
The entry itself is written a second later than it changes: it comes back as it was before.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
import hashlib
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.stored import to_json
from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN, CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import board_of, eventually, install, issues, reason_of, reauths, until_stage
from tests.support.going_back import LAMP, sketches
from tests.support.looking import settled
from tests.virtual_board import Firmware, VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]

IMAGE = build_sketch(name="Garden", password="sesame", version="2.0")
type Kill = Callable[[ConfigEntry, int, Awaitable[object]], Awaitable[bool]]


@pytest.fixture
async def killed(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kill]:
    """Kill Home Assistant when it is about to write a record for the so many-th time, and start it again."""
    write, release = RecordStore._replace, threading.Event()

    async def kill(entry: ConfigEntry, at: int, doing: Awaitable[object]) -> bool:
        """Return whether there was such a write. One that remembers what a source has is none."""
        begun, data = asyncio.Event(), dict(entry.data)
        writes, before = 0, facts_of(to_json(entry.runtime_data.coordinator.record))

        def hold(store: RecordStore, content: dict[str, Any]) -> None:
            nonlocal writes, before
            if not begun.is_set():
                writes += facts_of(content) != before
                before = facts_of(content)
            if writes < at:
                write(store, content)
                return
            home.loop.call_soon_threadsafe(begun.set)
            release.wait(20)
            raise OSError

        async def do() -> None:
            with suppress(HomeAssistantError):
                await doing

        monkeypatch.setattr(RecordStore, "_replace", hold)
        task = asyncio.create_task(do())
        waits = asyncio.create_task(begun.wait())
        await asyncio.wait((task, waits), return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        released = home.loop.call_later(0.05, release.set)
        with suppress(OSError):
            await home.config_entries.async_unload(entry.entry_id)
        released.cancel()
        release.set()
        task.cancel()
        await asyncio.wait((task,))
        monkeypatch.setattr(RecordStore, "_replace", write)
        home.config_entries.async_update_entry(entry, data=data)
        assert await home.config_entries.async_setup(entry.entry_id)
        return begun.is_set()

    yield kill
    release.set()


def facts_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return what a record says of the board."""
    return {name: value for name, value in content.items() if name not in ("seen", "source_memory")}


async def at_rest(home: HomeAssistant) -> None:
    """Wait until all is done that is due."""
    await settled(home)
    await until_stage(home, Stage.IDLE)


@pytest.mark.parametrize("at", range(1, 9))
async def test_an_install(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, killed: Kill, at: int
) -> None:
    """Flashed once, or told that it was not; the password is right in any case, and so is the name."""
    entry = await add_board(board)
    await offer(entry, {"garden.bin": IMAGE})
    was_killed = await killed(entry, at, install(home))
    await at_rest(home)
    record = board_of(home).record
    assert len(board.flashed) <= 1
    assert entry.data[CONF_PASSWORD] == board.password == record.keyring.current
    assert not record.is_unfinished
    assert not reauths(home, entry)
    if board.flashed:
        assert record.version == "2.0"
        assert entry.data[CONF_NAME] == "Garden"
        assert not issues(home)
    else:
        # Before the first write there is nothing to know of: whoever has ordered it saw it die.
        assert issues(home).keys() == ({"not_installed"} if at > 1 else set())
    assert was_killed is (at < 7), "an install has six writes"


@pytest.mark.parametrize("at", range(1, 7))
async def test_an_install_that_waits(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, killed: Kill, at: int
) -> None:
    """Ordered is ordered, as soon as that has been said; what has begun is told of at the least."""
    entry = await add_board(board, **{CONF_WAIT: 5})
    await offer(entry, {"garden.bin": IMAGE})
    await board.power_off()

    async def order() -> None:
        await install(home)
        await board.power_on()
        await until_stage(home, Stage.UPLOADING)
        await until_stage(home, Stage.IDLE)

    await killed(entry, at, order())
    await board.power_on()
    await at_rest(home)
    record = board_of(home).record
    assert not record.is_unfinished
    assert len(board.flashed) <= 1
    assert entry.data[CONF_PASSWORD] == board.password
    if at > 1 and not board.flashed:
        assert issues(home).keys() == {"not_installed"}
    if at == 2:
        assert board.flashed == [IMAGE], "nothing had been sent: it goes on waiting, and is flashed"


@pytest.mark.parametrize("at", range(5, 13))
async def test_a_health_check_that_fails(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, killed: Kill, at: int
) -> None:
    """It ends at the build before, flashed once more and no further, and it is told."""
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0})
    for version in ("0.5", "1.0"):
        home.states.async_set(LAMP, "on")
        await offer(entry, sketches(version))
        await install(home, version)
    home.states.async_set(LAMP, "unavailable")
    await offer(entry, sketches("2.0"))
    await killed(entry, at, install(home, "2.0"))
    await at_rest(home)
    record = board_of(home).record
    assert board.version == record.version == "1.0"
    assert [flash.version for flash in record.history[:3]] == ["1.0", "2.0", "1.0"]
    assert len(board.flashed) == 4
    assert entry.data[CONF_PASSWORD] == board.password == "of 1.0"
    assert not record.is_unfinished
    assert "so version 1.0 was restored" in reason_of(issues(home)["unhealthy"])


@pytest.mark.parametrize("at", range(5, 8))
async def test_a_password_that_nobody_knows(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, killed: Kill, at: int
) -> None:
    image = build_sketch(password="computed", version="2.0", quirks=Quirks(computed=True))
    board = await start_board(image=None)
    entry = await add_board(board)
    await offer(entry, {"garden.bin": image})
    sha256 = hashlib.sha256(image).hexdigest()
    board.options = replace(board.options, images={sha256: Firmware("Arduino", "computed", "2.0")})
    await killed(entry, at, install(home))
    await at_rest(home)
    assert board.flashed == [image]
    assert board_of(home).record.version == "2.0"
    [flow] = reauths(home, entry)
    assert flow["step_id"] == "reauth_locked"


async def test_every_write_is_one_that_is_needed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order, the phases of the flash, its end, and the end of its health check: each waits for the disk."""
    write, writes = RecordStore._replace, list[str]()

    def count(store: RecordStore, content: dict[str, Any]) -> None:
        writes.append(board_of(home).state.stage)
        write(store, content)

    await offer(await add_board(board), {"garden.bin": IMAGE})
    monkeypatch.setattr(RecordStore, "_replace", count)
    await install(home)
    await eventually(lambda: board_of(home).state.stage is Stage.IDLE)
    assert writes[:2] == [Stage.DOWNLOADING, Stage.CHECKING]
    assert len(writes) <= 7
