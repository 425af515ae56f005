"""The system health page tells how many boards there are, and how they are."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, Hear, StartBoard
from tests.support.looking import settled


async def test_boards_are_counted(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear
) -> None:
    assert await async_setup_component(home, "system_health", {})
    boards = [await start_board(address=f"127.0.0.{last}") for last in (7, 8, 9)]
    entries = [await add_board(board) for board in boards]
    await hear(boards[0])
    await settled(home)
    entries[0].runtime_data.coordinator.set_online(True)
    entries[1].runtime_data.coordinator.set_online(False)
    await home.config_entries.async_unload(entries[2].entry_id)
    told: dict[str, Any] = await get_system_health_info(home, DOMAIN)
    assert told == {"boards": 2, "online": 1, "heard": 1, "unfinished": 0}
    store = entries[0].runtime_data.coordinator.store
    pending = Pending(version="2.0", previous_version=None, sha256="0" * 64, size=4, started=1.0, old_password="")
    await store.update(pending=pending)
    assert (await get_system_health_info(home, DOMAIN))["unfinished"] == 1
