"""The options tell how the password of the next sketch will be known, and take a better answer."""

import json

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from tests.conftest import AddBoard, Offer
from tests.support.actions import install
from tests.support.options import open_options, shown, submit
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


async def test_without_an_offer_there_is_nothing_to_tell(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    result = await open_options(home, await add_board(board), "next_password")
    assert result["reason"] == "nothing_offered"


async def test_an_entry_that_is_not_loaded_tells_nothing(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    result = await open_options(home, entry, "next_password")
    assert result["reason"] == "not_loaded"


async def test_a_password_that_the_source_declares(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    sidecar = json.dumps({"password": "sesame"}).encode()
    await offer(entry, {"garden-1.0.bin": build_sketch(password="sesame"), "garden-1.0.json": sidecar})
    result = await open_options(home, entry, "next_password")
    assert result["step_id"] == "next_password_declared"
    assert result["description_placeholders"] == {"version": "1.0"}
    assert "sesame" not in str(result)


async def test_a_known_password_that_stands_in_the_sketch(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="password")})
    result = await open_options(home, entry, "next_password")
    assert result["step_id"] == "next_password_found"


async def test_a_password_that_nobody_knows_can_be_typed_and_forgotten(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="sesame")})
    runtime, record = entry.runtime_data, entry.runtime_data.coordinator.record
    result = await open_options(home, entry, "next_password")
    assert result["step_id"] == "next_password_unknown"
    result = await submit(home, result, password="sesame")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert record.next_passwords == {"1.0": "sesame"}

    result = await open_options(home, entry, "next_password")
    assert result["step_id"] == "next_password_typed"
    assert shown(result) == {}
    assert "sesame" not in str(result)
    await submit(home, result)
    assert record.next_passwords == {}
    assert entry.runtime_data is runtime


async def test_a_sketch_that_is_gone_tells_nothing(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="password")})
    for path in entry.runtime_data.coordinator.sources.chosen.source.directory.iterdir():
        path.unlink()
    result = await open_options(home, entry, "next_password")
    assert result["step_id"] == "next_password_unknown"


async def test_a_typed_password_is_the_one_that_the_flash_expects(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="sesame")})
    await submit(home, await open_options(home, entry, "next_password"), password="sesame")
    await install(home)
    assert entry.data["password"] == "sesame"
    assert entry.runtime_data.coordinator.record.next_passwords == {}
