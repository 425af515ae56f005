"""The main job: a board is flashed from Home Assistant, and the stored password follows."""

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant, State
import pytest

from tests.conftest import AddBoard, Offer
from tests.support.actions import install
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


def firmware(home: HomeAssistant) -> State:
    """Return the state of the update entity."""
    state = home.states.get("update.arduino_firmware")
    assert state is not None
    return state


@pytest.mark.slow
async def test_the_password_follows_the_sketch(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """A file is dropped, offered, flashed; then the board wants the new password, and we know it."""
    entry = await add_board(board)
    image = build_sketch(name="Garden", password="sesame", version="1.2.3")
    await offer(entry, {"garden-1.2.3.bin": image})
    assert firmware(home).attributes["latest_version"] == "1.2.3"

    await install(home)

    assert board.flashed == [image]
    assert board.password == "sesame"
    assert entry.data[CONF_PASSWORD] == "sesame"
    state = firmware(home)
    assert state.state == "off"
    assert state.attributes["installed_version"] == "1.2.3"
    assert entry.runtime_data.coordinator.record.pending is None
