"""A board that is being flashed gets no other password and no other address."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from tests.conftest import AddBoard, Hear, Offer, StartBoard
from tests.support.actions import install
from tests.support.mending import reauthenticate, reconfigure, settle, stored_password, submit
from tests.support.steps import enter_password, typed
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
