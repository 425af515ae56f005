"""The options of a board: where its sketches come from."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.flows.masking import UNCHANGED
from tests.conftest import AddBoard
from tests.support.options import open_options, shown, submit
from tests.support.steps import update_state
from tests.virtual_board import VirtualBoard
from tests.web import Web

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


def manifest(*versions: str) -> dict[str, Any]:
    """Return a manifest that offers versions."""
    return {"releases": [{"version": version, "path": f"garden-{version}.bin"} for version in versions]}


async def test_a_folder_is_made_and_looked_at(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board, wait_minutes=7)
    result = await open_options(home, entry, "source", "folder")
    assert shown(result) == {"folder": "mkr1000_ota/127.0.0.7"}
    result = await submit(home, result, folder=" firmware/garden/ ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"storage": "internal", "folder": "firmware/garden", "source": "folder", "wait_minutes": 7}
    assert entry.state is ConfigEntryState.LOADED
    assert Path(home.config.path("firmware/garden")).is_dir()


async def test_a_whole_path_in_the_configuration_directory_is_made_relative(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "folder")
    await submit(home, result, folder=home.config.path("firmware"))
    assert entry.options["folder"] == "firmware"


@pytest.mark.parametrize("folder", ["", ".", "/", "/etc", "..", "a/../..", "../elsewhere", "a\0b", "link"])
async def test_a_folder_lies_inside_the_configuration_directory(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, folder: str
) -> None:
    entry = await add_board(board)
    Path(home.config.path("link")).symlink_to("/tmp")  # noqa: S108 (any directory outside)
    result = await open_options(home, entry, "source", "folder")
    result = await submit(home, result, folder=folder)
    assert result["errors"] == {"folder": "folder_outside"}
    assert shown(result) == {"folder": folder}
    assert not Path(home.config.path("../elsewhere")).exists()


async def test_a_folder_that_cannot_be_is_refused_with_the_reason(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    Path(home.config.path("file")).write_text("")
    result = await open_options(home, entry, "source", "folder")
    result = await submit(home, result, folder="file")
    assert result["errors"] == {"folder": "source_folder_unreadable"}
    assert result["description_placeholders"] == {"folder": "file", "error": "File exists"}


async def test_a_manifest_is_asked_for_before_it_is_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    result = await submit(home, result, manifest_url=str(site.at("/manifest.json")))
    assert result["errors"] == {"base": "source_not_found"}
    assert result["description_placeholders"] == {"host": site.url.host_port_subcomponent, "status": "404"}

    site.serve_json("/manifest.json", {"builds": "none"})
    result = await submit(home, result, manifest_url=str(site.at("/manifest.json")))
    assert result["errors"] == {"base": "source_bad_manifest"}

    site.serve_json("/manifest.json", manifest("1.0", "2.0"))
    result = await submit(home, result, manifest_url=str(site.at("/manifest.json")))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["source"] == "manifest"
    assert entry.options["folder"] == "mkr1000_ota/127.0.0.7"
    assert update_state(home).attributes["latest_version"] == "2.0"


@pytest.mark.parametrize("address", ["garden", "ftp://example.com/m.json", "http://", "http://["])
async def test_an_address_of_no_server_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, address: str
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    result = await submit(home, result, manifest_url=address)
    assert result["errors"] == {"base": "source_bad_url"}


async def test_the_password_in_an_address_is_kept_and_not_shown_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", manifest("1.0"))
    site.serve_json("/other.json", manifest("1.0"))
    address = site.origin.replace("//", "//me:s%40cret@")
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    await submit(home, result, manifest_url=f"{address}/manifest.json")
    assert entry.options["manifest_url"] == f"{address}/manifest.json"

    result = await open_options(home, entry, "source", "manifest")
    [again] = shown(result).values()
    assert again == f"{site.origin.replace('//', f'//me:{UNCHANGED}@')}/manifest.json"
    site.requests.clear()
    await submit(home, result, manifest_url=again.replace("manifest.json", "other.json"))
    assert entry.options["manifest_url"] == f"{address}/other.json"
    assert set(site.came_with()) == {"Basic bWU6c0BjcmV0"}


async def test_the_password_in_an_address_goes_to_no_other_server(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    site.serve_json("/m.json", manifest("1.0"))
    entry = await add_board(board, source="folder", manifest_url="http://me:secret@127.0.0.99/m.json")
    result = await open_options(home, entry, "source", "manifest")
    await submit(home, result, manifest_url=f"{site.origin.replace('//', f'//me:{UNCHANGED}@')}/m.json")
    assert "secret" not in entry.options["manifest_url"]


async def test_releases_of_a_repository_are_asked_for_before_they_are_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    entry = await add_board(board)
    chosen = {
        "repository": "me/garden",
        "asset": "*.bin",
        "prereleases": True,
        "token": "t0ken",
        "base_url": site.origin,
    }
    result = await open_options(home, entry, "source", "github")
    result = await submit(home, result, **chosen | {"repository": "garden"})
    assert result["errors"] == {"base": "source_bad_repository"}
    assert result["description_placeholders"] == {"repository": "garden"}
    result = await submit(home, result, **chosen)
    assert result["errors"] == {"base": "source_no_repository"}

    site.serve_json("/repos/me/garden/releases", [])
    result = await submit(home, result, **chosen)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == chosen | {"storage": "internal", "folder": "mkr1000_ota/127.0.0.7", "source": "github"}
    assert site.came_with()[-1] == "Bearer t0ken"


async def test_a_token_is_kept_and_not_shown_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    site.serve_json("/repos/me/garden/releases", [])
    chosen = {"repository": "me/garden", "asset": "*.bin", "prereleases": False, "base_url": site.origin}
    entry = await add_board(board, source="github", token="t0ken", **chosen)
    result = await open_options(home, entry, "source", "github")
    assert shown(result) == chosen | {"token": UNCHANGED}
    await submit(home, result, **chosen | {"token": UNCHANGED, "asset": "garden.bin"})
    assert entry.options["token"] == "t0ken"
    assert entry.options["asset"] == "garden.bin"

    result = await open_options(home, entry, "source", "github")
    await submit(home, result, **chosen)
    assert "token" not in entry.options

    result = await open_options(home, entry, "source", "github")
    assert "token" not in shown(result)
    await submit(home, result, **chosen | {"token": "another"})
    assert entry.options["token"] == "another"


async def test_a_token_goes_to_no_other_server(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    site.serve_json("/repos/me/garden/releases", [])
    chosen = {"repository": "me/garden", "asset": "*.bin", "prereleases": False}
    entry = await add_board(board, source="folder", token="t0ken", base_url="http://127.0.0.99", **chosen)
    result = await open_options(home, entry, "source", "github")
    await submit(home, result, **chosen | {"base_url": site.origin, "token": UNCHANGED})
    assert site.came_with()[0] == f"Bearer {UNCHANGED}"
    assert entry.options["token"] == UNCHANGED
