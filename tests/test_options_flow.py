"""The options of a board: where its sketches come from, what it can take, what keeps a bad one away."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.activity import IDLE, Activity, Stage
from custom_components.mkr1000_ota.secrets_kept import UNCHANGED
from tests.conftest import AddBoard
from tests.firmware.signed import KEY, KEY_FILE
from tests.options import open_options, shown, submit
from tests.steps import update_state
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")


class Site:
    """A web server, and who came with which credentials."""

    def __init__(self) -> None:
        """Have nothing to offer yet."""
        self.pages: dict[str, web.Response | Any] = {}
        self.came_with: list[str | None] = []
        self.url = ""
        self.host = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Give what there is."""
        self.came_with.append(request.headers.get("Authorization"))
        page = self.pages.get(request.path)
        return web.Response(status=404) if page is None else web.json_response(page)


@pytest.fixture
async def site(loopback: None) -> AsyncIterator[Site]:
    """A web server."""
    site = Site()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", site.answer)
    async with TestServer(application, host="127.0.0.1") as server:
        site.url = str(server.make_url("/")).rstrip("/")
        site.host = f"127.0.0.1:{server.port}"
        yield site


def manifest(*versions: str) -> dict[str, Any]:
    """Return a manifest that offers versions."""
    return {"releases": [{"version": version, "path": "garden.bin", "sha256": "0" * 64} for version in versions]}


async def test_the_menu_leads_everywhere(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry)
    assert result["menu_options"] == ["source", "upload", "next_password", "safety", "board"]
    result = await open_options(home, entry, "source")
    assert result["menu_options"] == ["folder", "manifest", "github"]


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
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    result = await submit(home, result, manifest_url=f"{site.url}/manifest.json")
    assert result["errors"] == {"base": "source_not_found"}
    assert result["description_placeholders"] == {"host": site.host, "status": "404"}

    site.pages["/manifest.json"] = {"builds": "none"}
    result = await submit(home, result, manifest_url=f"{site.url}/manifest.json")
    assert result["errors"] == {"base": "source_bad_manifest"}

    site.pages["/manifest.json"] = manifest("1.0", "2.0")
    result = await submit(home, result, manifest_url=f"{site.url}/manifest.json")
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
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    site.pages = {"/manifest.json": manifest("1.0"), "/other.json": manifest("1.0")}
    address = site.url.replace("//", "//me:s%40cret@")
    entry = await add_board(board)
    result = await open_options(home, entry, "source", "manifest")
    await submit(home, result, manifest_url=f"{address}/manifest.json")
    assert entry.options["manifest_url"] == f"{address}/manifest.json"

    result = await open_options(home, entry, "source", "manifest")
    [again] = shown(result).values()
    assert again == f"{site.url.replace('//', f'//me:{UNCHANGED}@')}/manifest.json"
    site.came_with.clear()
    await submit(home, result, manifest_url=again.replace("manifest.json", "other.json"))
    assert entry.options["manifest_url"] == f"{address}/other.json"
    assert set(site.came_with) == {"Basic bWU6c0BjcmV0"}


async def test_the_password_in_an_address_goes_to_no_other_server(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    site.pages["/m.json"] = manifest("1.0")
    entry = await add_board(board, source="folder", manifest_url="http://me:secret@127.0.0.99/m.json")
    result = await open_options(home, entry, "source", "manifest")
    await submit(home, result, manifest_url=f"{site.url.replace('//', f'//me:{UNCHANGED}@')}/m.json")
    assert "secret" not in entry.options["manifest_url"]


async def test_releases_of_a_repository_are_asked_for_before_they_are_chosen(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    entry = await add_board(board)
    chosen = {"repository": "me/garden", "asset": "*.bin", "prereleases": True, "token": "t0ken", "base_url": site.url}
    result = await open_options(home, entry, "source", "github")
    result = await submit(home, result, **chosen | {"repository": "garden"})
    assert result["errors"] == {"base": "source_bad_repository"}
    assert result["description_placeholders"] == {"repository": "garden"}
    result = await submit(home, result, **chosen)
    assert result["errors"] == {"base": "source_not_found"}

    site.pages["/repos/me/garden/releases"] = []
    result = await submit(home, result, **chosen)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == chosen | {"storage": "internal", "folder": "mkr1000_ota/127.0.0.7", "source": "github"}
    assert site.came_with[-1] == "Bearer t0ken"


async def test_a_token_is_kept_and_not_shown_again(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    site.pages["/repos/me/garden/releases"] = []
    chosen = {"repository": "me/garden", "asset": "*.bin", "prereleases": False, "base_url": site.url}
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
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, site: Site
) -> None:
    site.pages["/repos/me/garden/releases"] = []
    chosen = {"repository": "me/garden", "asset": "*.bin", "prereleases": False}
    entry = await add_board(board, source="folder", token="t0ken", base_url="http://127.0.0.99", **chosen)
    result = await open_options(home, entry, "source", "github")
    await submit(home, result, **chosen | {"base_url": site.url, "token": UNCHANGED})
    assert site.came_with[0] == f"Bearer {UNCHANGED}"
    assert entry.options["token"] == UNCHANGED


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
    site: Site,
    steps: tuple[str, ...],
    entered: dict[str, Any],
) -> None:
    """The reload would break off the upload."""
    site.pages = {"/manifest.json": manifest("1.0"), "/repos/me/garden/releases": []}
    entered = {
        name: value.replace("{site}", site.url) if isinstance(value, str) else value for name, value in entered.items()
    }
    entry = await add_board(board)
    before = dict(entry.options)
    coordinator = entry.runtime_data.coordinator
    result = await open_options(home, entry, *steps)
    coordinator.set_activity(Activity(Stage.UPLOADING, "1.0", 1, 2))
    result = await submit(home, result, **entered)
    assert result["errors"] == {"base": "already_installing"}
    assert shown(result).items() <= entered.items()
    assert entry.options == before
    assert entry.runtime_data.coordinator is coordinator
    coordinator.set_activity(IDLE)


async def test_an_install_that_waits_for_its_board_does_not_keep_options_away(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    entry.runtime_data.coordinator.set_activity(Activity(Stage.WAITING, "1.0"))
    result = await submit(home, await open_options(home, entry, "board"), storage="sd", wait_minutes=0)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["storage"] == "sd"
