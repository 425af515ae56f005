"""Something else happens while an update waits: a flash is found out, a cable is used, responses are spoiled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Phase
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.install import flashing, installer, wait
from tests.conftest import Hear, Offer
from tests.install.conftest import NEW, OLD, AddAway, Restart, order_of, pending
from tests.support.actions import board_of, eventually, install, issues, press_cancel, until_not_back, until_stage
from tests.support.mending import reauthenticate
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("asked_often")]

LATER = build_sketch(password="third", version="3.0")


@asynccontextmanager
async def spoiled(board: VirtualBoard) -> AsyncIterator[list[bytes]]:
    """Let somebody respond like the board that is away, and not at all to a password; yields what was sent there."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if requests[-1].startswith(b"GET "):
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, board.address, board.port):
        yield requests


@pytest.mark.parametrize("left", [None, Phase.ANSWERED])
async def test_who_spoils_the_responses_is_not_sent_the_password_again_and_again(
    home: HomeAssistant,
    add_away: AddAway,
    broken_off: Restart,
    board: VirtualBoard,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    left: Phase | None,
) -> None:
    """And a board that is stuck is not kept busy: there is twice as much time before each further attempt."""
    monkeypatch.setattr(installer, "RETRY_INTERVAL", 0.1)
    if left is None:
        await add_away()
    else:
        await board.power_off()
        entry = await broken_off(pending(left, NEW))
        await until_not_back(home)
        await offer(entry, {"garden.bin": LATER})
        home.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await install(home)
    async with spoiled(board) as requests:
        await asyncio.sleep(2)
    assert 1 <= sum(b"Authorization" in request for request in requests) <= 5
    assert order_of(home)
    await press_cancel(home)


async def test_what_waits_goes_on_from_what_was_found_out_meanwhile(
    home: HomeAssistant, broken_off: Restart, board: VirtualBoard, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board runs a sketch with another library than when that was ordered, and has gone again since it told."""
    monkeypatch.setattr(installer, "RETRY_INTERVAL", 0.05)
    await board.power_off()
    left = replace(pending(Phase.ANSWERED, OLD), library=Library.ARDUINOOTA, running_library=Library.WIFI101OTA)
    entry = await broken_off(left)
    await until_not_back(home)
    await offer(entry, {"garden.bin": LATER})
    home.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await install(home)
    board.options = replace(board.options, library="ArduinoOTA")
    flash, attempts = flashing.async_flash, []

    async def flash_one_that_goes_at_first(*args: object) -> object:
        attempts.append(args)
        if len(attempts) > 1:
            return await flash(*args)  # type: ignore[arg-type]
        await board.power_off()
        try:
            return await flash(*args)  # type: ignore[arg-type]
        finally:
            await board.power_on()

    monkeypatch.setattr(flashing, "async_flash", flash_one_that_goes_at_first)
    await board.power_on()
    await eventually(lambda: board.flashed or issues(home))
    await until_stage(home, Stage.IDLE)
    assert len(attempts) == 2
    assert board.flashed == [LATER]
    assert not issues(home)


async def test_whoever_vouches_for_another_sketch_has_not_ordered_anything_for_it(
    home: HomeAssistant, add_away: AddAway, board: VirtualBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board is back with another name, and its owner types the password because of that."""
    monkeypatch.setattr(wait, "WRONG_BOARD_INTERVAL", 0.1)
    entry = await add_away()
    await hear(board)
    await install(home)
    await board.flash_over_usb(build_sketch(name="Barn", password=OLD))
    await hear(board)
    form = await reauthenticate(home, entry)
    result = await home.config_entries.flow.async_configure(form["flow_id"], {CONF_PASSWORD: OLD})
    assert result["reason"] == "reauth_successful"
    await until_stage(home, Stage.IDLE)
    assert not board.flashed
    assert issues(home).keys() == {"not_installed"}
    assert (entry.data[CONF_NAME], board_of(home).record.version) == ("Barn", None)
