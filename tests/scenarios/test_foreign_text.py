"""Whoever has written a name, it is fit to be stored and shown wherever it comes up, and does nothing there."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
import json
import logging
from pathlib import Path
import re
from typing import Any
import unicodedata

from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources import chosen
from tests.conftest import AddBoard, Hear, Offer, Upload
from tests.support.actions import FIRMWARE, install
from tests.support.looking import settled
from tests.support.options import open_options, submit
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")

PICTURE = "![x](http://a.b/c)"
HOSTILE = f"{PICTURE} \u202eGar\u200bden\x1b[31m <b>\u2066 @all"
# What a file can be called.
FILE = HOSTILE.replace("/", "\u2028")
IMAGE = build_sketch(version="2.0", password="sesame")
ELF = b"\x7fELF" + bytes(100)


@dataclass
class World:
    """What somebody who writes a name can reach."""

    home: HomeAssistant
    add_board: AddBoard
    board: VirtualBoard
    offer: Offer
    site: Web
    hear: Hear
    upload: Upload
    # What is shown while they do, as Markdown.
    rendered: list[str] = field(default_factory=list)


@pytest.fixture
async def world(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    offer: Offer,
    site: Web,
    hear: Hear,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """A board, and all that can say something about it; the web server is taken for GitHub, too."""
    monkeypatch.setattr(chosen, "API", str(site.at("/api")))
    return World(home, add_board, board, offer, site, hear, upload)


async def in_a_folder(world: World) -> None:
    entry = await world.add_board(world.board)
    said = json.dumps({"title": HOSTILE, "notes": HOSTILE}).encode()
    await world.offer(entry, {f"{FILE}-2.0.bin": IMAGE, f"{FILE}-2.0.json": said, f"{FILE}-3.bin": ELF})


async def on_a_server(world: World) -> None:
    good = {"version": "2.0", "path": "garden.bin", "title": HOSTILE, "notes": HOSTILE}
    bad = {"version": "3.0", "path": "bad.bin", "title": HOSTILE, HOSTILE: 1}
    world.site.serve_json("/manifest.json", {"name": HOSTILE, "releases": [good, bad]})
    world.site.serve("/garden.bin", IMAGE)
    await world.add_board(world.board, source="manifest", manifest_url=str(world.site.at("/manifest.json")))


async def on_github(world: World) -> None:
    """A name without a slash is a file's; GitHub itself allows fewer."""
    page = {"html_url": "https://example.com/", "published_at": "2026-11-22T07:00:00Z"}
    releases = [
        {"tag_name": f"{HOSTILE}-v{number}.0", "name": HOSTILE, "body": HOSTILE, "assets": [an_asset(number, image)]}
        | page
        for number, image in ((2, IMAGE), (3, ELF))
    ]
    world.site.serve_json("/api/repos/owner/garden/releases", releases)
    world.site.serve("/api/repos/owner/garden/releases/assets/2", IMAGE)
    world.site.serve("/api/repos/owner/garden/releases/assets/3", ELF)
    await world.add_board(world.board, source="github", repository="owner/garden")


def an_asset(number: int, image: bytes) -> dict[str, Any]:
    return {"id": number, "name": f"{FILE}.bin", "size": len(image), "state": "uploaded"}


async def in_an_upload(world: World) -> None:
    entry = await world.add_board(world.board)
    for name, image in ((f"{FILE}-3.bin", ELF), (f"{FILE}-2.0.bin", IMAGE)):
        form = await open_options(world.home, entry, "upload")
        # No client sends controls in the name of a file.
        file = await world.upload(image, name.replace("\x1b", ""))
        result = await submit(world.home, form, sketch=file, notes=HOSTILE)
        world.rendered += (result["description_placeholders"] or {}).values()
        if result["type"] is FlowResultType.FORM and result["step_id"] == "confirm_upload":
            await submit(world.home, result)
        else:
            world.home.config_entries.options.async_abort(result["flow_id"])


async def in_a_sketch(world: World) -> None:
    entry = await world.add_board(world.board)
    image = build_sketch(name=f"{PICTURE} Garden <b> @all", version="2.0", password="sesame")
    await world.offer(entry, {"garden.bin": image})


async def announced(world: World) -> None:
    entry = await world.add_board(world.board)
    await world.offer(entry, {"garden-2.0.bin": IMAGE})
    await world.hear(world.board, name=HOSTILE[:40])


WRITERS = [in_a_folder, on_a_server, on_github, in_an_upload, in_a_sketch, announced]


@pytest.mark.slow
@pytest.mark.parametrize("written", WRITERS, ids=lambda one: one.__name__)
async def test_names_are_text_wherever_they_come_up(
    home: HomeAssistant, world: World, caplog: pytest.LogCaptureFixture, written: Callable[[World], Awaitable[None]]
) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []

    @callback
    def listen(event: Event[Any]) -> None:
        told.append(json_dumps(event.as_dict()))

    home.bus.async_listen(MATCH_ALL, listen)
    await written(world)
    await settled(home)
    [entry] = home.config_entries.async_entries(DOMAIN)
    form = await open_options(home, entry)
    rendered = [*world.rendered, *form["description_placeholders"].values(), *summaries(home)]
    home.config_entries.options.async_abort(form["flow_id"])
    with suppress(HomeAssistantError):  # nobody knows who it is that has another name now
        await install(home)
    await settled(home)
    rendered += [*summaries(home)]
    told += rendered
    told += [record.getMessage() for record in caplog.records if record.name.startswith(f"custom_components.{DOMAIN}")]
    told += [json_dumps([dict(entry.data), dict(entry.options), entry.title])]
    told += [str(device.name) for device in dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)]
    told += [path.name for path in (Path(home.config.config_dir) / ".storage").rglob("*")]
    told += [
        path.read_text() for path in (Path(home.config.config_dir) / ".storage").glob(f"{DOMAIN}.*") if path.is_file()
    ]
    unfit = [text for text in told if not all(is_fit(one) for one in (text, unescaped(text)))]
    assert not unfit
    assert "Garden" in "".join(told), "it came up"
    active = [text for text in rendered if re.search(r"(?<!\\)!\[", text)]
    assert not active


def summaries(home: HomeAssistant) -> Iterator[str]:
    """Return what the frontend renders as Markdown; a release's own notes are meant to be that."""
    notes = (home.states.get(FIRMWARE) or pytest.fail("no entity")).attributes["release_summary"] or ""
    yield from re.findall("<ha-alert.*?</ha-alert>", notes)
    for issue in ir.async_get(home).issues.values():
        if issue.domain == DOMAIN:
            yield from (issue.translation_placeholders or {}).values()


def unescaped(text: str) -> str:
    """Return what stands behind the escapes of JSON."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)


def is_fit(text: str) -> bool:
    """Return whether nothing in a text is invisible, turns it around, or steers a terminal."""
    return all(unicodedata.category(sign) not in ("Cc", "Cf", "Cs") or sign in "\n\t" for sign in text)
