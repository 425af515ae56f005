"""The options of a board: what it can take, what keeps a bad sketch away, and when none is changed."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from tests.conftest import AddBoard
from tests.firmware.signed import KEY, KEY_FILE
from tests.support.options import open_options, shown, submit
from tests.virtual_board import VirtualBoard
from tests.web import Web

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


async def test_the_menu_leads_everywhere(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry)
    assert result["menu_options"] == ["source", "upload", "next_password", "safety", "board"]
    result = await open_options(home, entry, "source")
    assert result["menu_options"] == ["folder", "manifest", "github"]


async def test_what_is_left_empty_is_forgotten_and_all_else_is_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, wait_minutes=5)
    result = await open_options(home, entry, "safety")
    assert result["description_placeholders"] == {"host_placeholder": "{host}"}
    await submit(
        home,
        result,
        public_key=KEY_FILE,
        health_url="http://{host}/health",
        health_entity="sensor.garden",
        health_within=30,
    )
    assert entry.options["public_key"] == KEY
    assert entry.options["health_entity"] == "sensor.garden"

    result = await open_options(home, entry, "safety")
    assert shown(result) == {
        "public_key": KEY,
        "health_url": "http://{host}/health",
        "health_entity": "sensor.garden",
        "health_within": 30,
    }
    await submit(home, result, health_within=60)
    assert entry.options == {
        "storage": "internal",
        "folder": "mkr1000_ota/127.0.0.7",
        "wait_minutes": 5,
        "health_within": 60,
    }


@pytest.mark.parametrize(
    ("entered", "errors"),
    [
        ({"public_key": "RWT7"}, {"public_key": "bad_public_key"}),
        ({"health_url": "{host}/health"}, {"health_url": "source_bad_url"}),
        ({"health_url": "ftp://{host}/"}, {"health_url": "source_bad_url"}),
    ],
)
async def test_what_cannot_keep_anything_away_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, entered: dict[str, str], errors: dict[str, str]
) -> None:
    entry = await add_board(board)
    result = await submit(home, await open_options(home, entry, "safety"), health_within=60, **entered)
    assert result["errors"] == errors
    assert shown(result) == entered | {"health_within": 60}
    assert "health_within" not in entry.options


async def test_the_storage_and_the_wait_are_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    result = await submit(home, await open_options(home, entry, "board"), storage="sd", wait_minutes=90.0)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["storage"] == "sd"
    assert entry.options["wait_minutes"] == 90
    assert entry.runtime_data.coordinator.storage_size == 253_952


@pytest.mark.parametrize(
    ("steps", "entered"),
    [
        (("source", "folder"), {"folder": "firmware"}),
        (("source", "manifest"), {"manifest_url": "{site}/manifest.json"}),
        (("source", "github"), {"repository": "me/garden", "asset": "*", "prereleases": False, "base_url": "{site}"}),
        (("upload",), {"file": "0" * 32, "version": "1.0"}),
        (("safety",), {"health_within": 60}),
        (("board",), {"storage": "sd", "wait_minutes": 0}),
    ],
)
async def test_no_option_is_changed_in_the_middle_of_a_flash(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    site: Web,
    steps: tuple[str, ...],
    entered: dict[str, Any],
) -> None:
    """The reload would break off the upload."""
    site.serve_json("/manifest.json", {"version": "1.0", "path": "garden.bin"})
    site.serve_json("/repos/me/garden/releases", [])
    entered = {
        name: value.replace("{site}", site.origin) if isinstance(value, str) else value
        for name, value in entered.items()
    }
    entry = await add_board(board)
    before = dict(entry.options)
    coordinator = entry.runtime_data.coordinator
    result = await open_options(home, entry, *steps)
    coordinator.set_state(InstallState(Stage.UPLOADING, "1.0", 1, 2))
    result = await submit(home, result, **entered)
    assert result["errors"] == {"base": "already_installing"}
    assert shown(result).items() <= entered.items()
    assert entry.options == before
    assert entry.runtime_data.coordinator is coordinator
    coordinator.set_state(IDLE)


async def test_an_install_that_waits_for_its_board_does_not_keep_options_away(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    entry.runtime_data.coordinator.set_state(InstallState(Stage.WAITING, "1.0"))
    result = await submit(home, await open_options(home, entry, "board"), storage="sd", wait_minutes=0)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["storage"] == "sd"
