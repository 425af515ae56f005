"""A board that is being flashed gets no other password and no other address."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.flows import credentials
from custom_components.mkr1000_ota.flows.discovered_board import DiscoveredBoard, async_look_at_typed
from custom_components.mkr1000_ota.install import flashing
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard
from tests.support.actions import install, until_stage
from tests.support.mending import know, reauthenticate, reconfigure, settle, stored_password, submit
from tests.support.steps import MAC, OTHER_MAC, enter_password, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]


async def test_neither_a_password_nor_an_address_is_taken_in_the_middle_of_a_flash(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    board = await start_board(seconds_per_byte=20e-6)
    entry = await add_board(board)
    await settle(home)
    reauthentication = await reauthenticate(home, entry)
    reconfiguration = await reconfigure(home, entry)
    image = build_sketch(password="sesame", version="2.0", size=60_000)
    await offer(entry, {"2.0.bin": image})
    flash = home.async_create_task(install(home))
    await board.next_event("request")
    while entry.runtime_data.coordinator.state.stage is not Stage.UPLOADING:
        await asyncio.sleep(0.01)
    board.requests[:-1] = []

    refused = await enter_password(home, reauthentication, "sesame")
    assert refused["errors"] == {"base": "already_installing"}
    refused = await submit(home, reconfiguration, typed(board), "sesame")
    assert refused["errors"] == {"base": "already_installing"}
    assert entry.runtime_data.coordinator.state.stage is Stage.UPLOADING

    await flash
    assert board.flashed == [image]
    assert await stored_password(home, entry) == "sesame"
    result = await submit(home, reconfiguration, typed(board))
    assert result["reason"] == "reconfigure_successful"
    assert await stored_password(home, entry) == "sesame"


async def test_no_other_hardware_takes_the_place_of_a_board_whose_turn_has_come_meanwhile(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    start_board: StartBoard,
    arp: Arp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = await start_board()
    entry = await add_board(board)
    know(home, entry, MAC)
    arp(MAC, board.address)
    await settle(home)
    other = await start_board(address="127.0.0.8", password="other")
    arp(OTHER_MAC, other.address)
    image = build_sketch(version="2.0")
    await offer(entry, {"2.0.bin": image})
    slots = flashing.flash_slots(home)
    for _ in range(flashing.FLASH_SLOTS):
        await slots.acquire()
    flash = home.async_create_task(install(home))
    await until_stage(home, Stage.QUEUED)

    async def look_late(*given: Any) -> DiscoveredBoard:
        slots.release()
        await until_stage(home, Stage.CHECKING)
        return await async_look_at_typed(*given)

    monkeypatch.setattr(credentials, "async_look_at_typed", look_late)
    result = await reconfigure(home, entry, typed(other), "other")
    await flash
    assert result["errors"] == {"base": "already_installing"}
    assert (board.flashed, other.flashed) == ([image], [])
    assert await stored_password(home, entry) == "password"


async def test_an_install_that_waits_for_its_board_does_not_keep_a_password_away(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, password="old")
    await settle(home)
    entry.runtime_data.coordinator.set_state(InstallState(Stage.WAITING, "2.0"))
    result = await enter_password(home, await reauthenticate(home, entry), "password")
    assert result["reason"] == "reauth_successful"
    entry.runtime_data.coordinator.set_state(IDLE)


async def test_the_name_of_the_sketch_that_is_being_flashed_is_expected(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, hear: Hear
) -> None:
    """The board did not come back where it was."""
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    await settle(home)
    await offer(entry, {"2.0.bin": build_sketch(name="Garden", password="sesame", version="2.0")})
    with pytest.raises(Exception, match="hasn't come back"):
        await install(home)
    back = await start_board(address="127.0.0.8", name="Garden", password="sesame")
    await hear(back)
    result = await reconfigure(home, entry, typed(back), "sesame")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert await stored_password(home, entry) == "sesame"
