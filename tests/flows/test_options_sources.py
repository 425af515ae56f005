"""The options of a board: where its sketches come from."""

import hashlib
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.flows.forms import UNCHANGED
from custom_components.mkr1000_ota.sources import chosen
from tests.conftest import AddBoard
from tests.support.flow_texts import says
from tests.support.options import open_options, shown, submit
from tests.support.steps import update_state
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
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
    assert Path(home.config.path("firmware/garden")).is_dir()
    assert entry.runtime_data.coordinator.sources.chosen.source.directory == Path(home.config.path("firmware/garden"))


async def test_a_whole_path_in_the_configuration_directory_is_made_relative(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "folder")
    await submit(home, result, folder=home.config.path("firmware"))
    assert entry.options["folder"] == "firmware"


async def test_a_folder_may_be_written_as_on_windows(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "folder")
    await submit(home, result, folder=r"mkr1000_ota\garden")
    assert entry.options["folder"] == "mkr1000_ota/garden"
    assert Path(home.config.path("mkr1000_ota", "garden")).is_dir()


ELSEWHERE = ["", ".", "/", "/etc", "..", "a/../..", "../elsewhere", "link"]
# As people write them who see the directory from another computer.
ELSEWHERE += [r"\\ha\config\x", r"Z:\x", "smb://ha/config/x", "~/x", "~nobody-at-all/x"]


@pytest.mark.parametrize("folder", ELSEWHERE)
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
    assert result["errors"] == {"base": "problem"}
    assert says(result, "source_folder_unreadable")


async def test_a_manifest_is_asked_for_before_it_is_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Web
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    result = await submit(home, result, manifest_url=str(site.at("/manifest.json")))
    assert result["errors"] == {"base": "problem"}
    assert says(result, "source_not_found")

    site.serve_json("/manifest.json", {"builds": "none"})
    result = await submit(home, result, manifest_url=str(site.at("/manifest.json")))
    assert says(result, "source_bad_manifest")

    image = build_sketch(name="Arduino", version="2.0")
    site.serve("/garden-2.0.bin", image)
    offered = {"version": "2.0", "path": "garden-2.0.bin", "sha256": hashlib.sha256(image).hexdigest()}
    site.serve_json("/manifest.json", {"releases": [offered, *manifest("1.0")["releases"]]})
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
    assert result["errors"] == {"base": "problem"}
    assert says(result, "source_bad_url")


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
    site.requests.clear()
    result = await submit(home, result, manifest_url=f"{site.origin.replace('//', f'//me:{UNCHANGED}@')}/m.json")
    assert result["errors"] == {"manifest_url": "password_again"}
    assert not site.requests


@pytest.fixture
def github(site: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    """What stands in for GitHub."""
    monkeypatch.setattr(chosen, "API", site.origin)
    return site


async def test_releases_of_a_repository_are_asked_for_before_they_are_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, github: Web
) -> None:
    entry = await add_board(board)
    entered = {"repository": "me/garden", "asset": "*.bin", "prereleases": True, "token": "t0ken"}
    result = await open_options(home, entry, "source", "github")
    result = await submit(home, result, **entered | {"repository": "garden"})
    assert says(result, "source_bad_repository")
    result = await submit(home, result, **entered)
    assert says(result, "source_no_repository")

    github.serve_json("/repos/me/garden/releases", [])
    result = await submit(home, result, **entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options.items() >= (entered | {"folder": "mkr1000_ota/127.0.0.7", "source": "github"}).items()
    assert github.came_with()[-1] == "Bearer t0ken"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://github.com/me/garden",
        "https://github.com/me/garden/",
        "https://github.com/me/garden.git",
        "https://github.com/me/garden/releases",
        "github.com/me/garden/releases/tag/v1",
        "me/garden/",
        "git@github.com:me/garden.git",
        " me/garden ",
    ],
)
async def test_the_address_of_a_repository_is_understood(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, github: Web, pasted: str
) -> None:
    github.serve_json("/repos/me/garden/releases", [])
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "github")
    await submit(home, result, repository=pasted, asset="*.bin", prereleases=False)
    assert entry.options["repository"] == "me/garden"


async def test_a_token_is_kept_and_not_shown_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, github: Web
) -> None:
    github.serve_json("/repos/me/garden/releases", [])
    entered = {"repository": "me/garden", "asset": "*.bin", "prereleases": False}
    entry = await add_board(board, source="github", token="t0ken", **entered)
    result = await open_options(home, entry, "source", "github")
    assert shown(result) == entered | {"token": UNCHANGED}
    await submit(home, result, **entered | {"token": UNCHANGED, "asset": "garden.bin"})
    assert entry.options["token"] == "t0ken"
    assert entry.options["asset"] == "garden.bin"

    result = await open_options(home, entry, "source", "github")
    await submit(home, result, **entered)
    assert "token" not in entry.options

    result = await open_options(home, entry, "source", "github")
    assert "token" not in shown(result)
    await submit(home, result, **entered | {"token": "another"})
    assert entry.options["token"] == "another"


@pytest.mark.parametrize(
    ("options", "marks"),
    [
        ({}, {"folder": "✓ mkr1000_ota/127.0.0.7", "manifest": "", "github": ""}),
        (
            {"source": "manifest", "manifest_url": "http://me:secret@example.com/m.json?key=secret"},
            {"folder": "", "manifest": "✓ example.com", "github": ""},
        ),
        (
            {"source": "github", "repository": "me/garden", "asset": "*.bin", "prereleases": False},
            {"folder": "", "manifest": "", "github": "✓ me/garden"},
        ),
    ],
)
async def test_the_current_source_is_marked(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, options: dict[str, Any], marks: dict[str, str]
) -> None:
    entry = await add_board(board, **options)
    assert (await open_options(home, entry, "source"))["description_placeholders"] == marks
    [shown] = [mark for mark in marks.values() if mark]
    assert (await open_options(home, entry))["description_placeholders"]["source"] == shown.removeprefix("✓ ")
