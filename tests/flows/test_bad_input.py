"""Whatever is entered in a form, what is wrong with it is said there, and nothing is lost or stored that is no good."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources import chosen
from tests.conftest import AddBoard, Upload
from tests.support.mending import reauthenticate, reconfigure, settle
from tests.support.options import open_options
from tests.support.steps import Result, begin, passwords_sent_to, pick, typed
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")

type Submit = Callable[[Result, dict[str, Any]], Awaitable[Any]]

BAD = ["", "   ", "x" * 10_000, "🌱🪴", "a\0b", "a\r\nb", "\u202egarden", "gar\u200bden"]

GITHUB = {"repository": "me/garden", "asset": "*.bin", "prereleases": False}
HEALTH = {"health_within": 60}
OPTIONS: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
    (("source", "folder"), "folder", {}),
    (("source", "manifest"), "manifest_url", {}),
    (("source", "github"), "repository", GITHUB),
    (("source", "github"), "asset", GITHUB),
    (("source", "github"), "token", GITHUB),
    (("signing",), "public_key", {}),
    (("health",), "health_url", HEALTH),
    (("health",), "health_entity", HEALTH),
    (("health",), "health_within", {}),
    (("storage",), "storage", {}),
    (("waiting",), "wait_minutes", {}),
]


@pytest.fixture
async def submit(home: HomeAssistant, hass_client: Callable[..., Awaitable[TestClient[Any, Any]]]) -> Submit:
    """Submit a form as the frontend does; return what it gets, None where Home Assistant itself refuses the form."""
    assert await async_setup_component(home, "config", {})

    async def submit(result: Result, entered: dict[str, Any]) -> Any:
        kind = "flow" if result["handler"] == DOMAIN else "options/flow"
        client = await hass_client()
        answer = await client.post(f"/api/config/config_entries/{kind}/{result['flow_id']}", json=entered)
        assert answer.status in (200, 400)
        return await answer.json() if answer.status == 200 else None

    return submit


def kept(answer: Any) -> dict[str, Any]:
    """Return what is in the fields of a form that is shown again."""
    fields = ((field["name"], field.get("description", {})) for field in answer["data_schema"])
    return {name: described["suggested_value"] for name, described in fields if "suggested_value" in described}


@pytest.mark.parametrize(("steps", "field", "others"), OPTIONS, ids=[field for _, field, _ in OPTIONS])
async def test_in_the_options(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    submit: Submit,
    site: Web,
    monkeypatch: pytest.MonkeyPatch,
    steps: tuple[str, ...],
    field: str,
    others: dict[str, Any],
) -> None:
    site.serve_json("/repos/me/garden/releases", [])
    monkeypatch.setattr(chosen, "API", site.origin)
    entry = await add_board(board)
    before = dict(entry.options)
    for bad in BAD:
        entered = others | {field: bad}
        answer = await submit(await open_options(home, entry, *steps), entered)
        if answer is None or answer["type"] == "form":
            assert entry.options == before
        if answer is not None and answer["type"] == "form":
            assert set(answer["errors"]) <= {field, "base"}
            assert answer["errors"]
            assert kept(answer).items() >= {field: bad}.items()
        stored = entry.options.get(field, "")
        assert stored in (before.get(field), "", "🌱🪴", "*.bin")
        home.config_entries.async_update_entry(entry, options=before)


@pytest.mark.parametrize("field", ["version", "password", "notes"])
async def test_in_an_upload(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, submit: Submit, upload: Upload, field: str
) -> None:
    entry = await add_board(board)
    for bad in BAD:
        file = await upload(build_sketch(version="1.0"), "garden.bin")
        answer = await submit(await open_options(home, entry, "upload"), {"sketch": file, field: bad})
        assert answer["step_id"] == "confirm_upload" or (list(answer["errors"]), kept(answer)) == (
            [field],
            {field: bad},
        )


async def test_a_file_that_is_no_sketch_at_all(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, submit: Submit, upload: Upload
) -> None:
    entry = await add_board(board)
    for content, name in ((bytes(50_000_000), "large.bin"), (b"", "empty.bin"), (b"\xff", "🌱\u202e.bin")):
        file = await upload(content, name)
        answer = await submit(await open_options(home, entry, "upload"), {"sketch": file, "notes": "Waters less."})
        assert answer["errors"] == {"sketch": "problem"}
        assert kept(answer) == {"notes": "Waters less."}
        assert "\u202e" not in answer["description_placeholders"]["problem"]


@pytest.mark.parametrize("form", ["address", "reconfigure"])
async def test_as_an_address(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, submit: Submit, form: str
) -> None:
    if form == "address":
        menu = await begin(home)
        result = await home.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": "address"})
    else:
        result = await reconfigure(home, await add_board(board))
    # What can be a name is looked up, which tests do not do.
    for bad in (one for one in BAD if one not in ("🌱🪴", "gar\u200bden")):
        answer = await submit(result, {"host": bad})
        assert answer["errors"] == {"host": "bad_address"}
        assert kept(answer)["host"] == bad


@pytest.mark.parametrize("form", ["add", "reauth", "reconfigure"])
async def test_as_a_password(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, submit: Submit, form: str
) -> None:
    """A board gets no text that fills its memory."""
    others: dict[str, Any] = {"host": typed(board)} if form == "reconfigure" else {}
    if form == "add":
        result = await pick(home, await begin(home), typed(board))
    else:
        entry = await add_board(board)
        await settle(home, board)
        result = await (reauthenticate if form == "reauth" else reconfigure)(home, entry)
    for bad in BAD:
        answer = await submit(result, others | {"password": bad})
        assert answer["errors"] == {"password": "wrong_password"}
    assert max(map(len, passwords_sent_to(board))) < 100
