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
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware import limits
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources import chosen
from tests.conftest import AddBoard, Hear, Offer, StartBoard, Upload
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


@dataclass(frozen=True)
class World:
    """What somebody writes names into, and what a person has been shown of them as Markdown so far."""

    home: HomeAssistant
    add_board: AddBoard
    board: VirtualBoard
    offer: Offer
    site: Web
    hear: Hear
    upload: Upload
    told: list[str] = field(default_factory=list)
    rendered: list[str] = field(default_factory=list)


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
    files = {f"{FILE}-2.0.bin": len(IMAGE), f"{FILE}-3.bin": limits.IMAGE + 1, f"{FILE}.bin.minisig": 1}
    assets = [{"id": n, "name": name, "size": size} for n, (name, size) in enumerate(files.items())]
    release = {"tag_name": f"{HOSTILE}/v2.0", "name": HOSTILE, "body": HOSTILE, "assets": assets}
    world.site.serve_json("/repos/owner/garden/releases", [release])
    world.site.serve("/repos/owner/garden/releases/assets/0", IMAGE)
    await world.add_board(world.board, source="github", repository="owner/garden", asset="*.bin", prereleases=False)


async def uploaded(world: World) -> None:
    """It is refused for one reason and another before it is taken."""
    entry = await world.add_board(world.board)
    form = await open_options(world.home, entry, "upload")
    other = build_sketch(name="Arduino", version="2.0", password="sesame")
    for image, version in ((ELF, "2.0"), (IMAGE, HOSTILE), (other, "2.0")):
        sent = await world.upload(image, f"{FILE}.bin".replace("\x1b", ""))  # no browser sends it
        form = await submit(world.home, form, sketch=sent, version=version, notes=HOSTILE)
        facts = form["description_placeholders"]
        world.told.append(json_dumps([form["errors"], facts]))
    assert form["step_id"] == "confirm_upload"
    world.rendered.extend(facts.values())
    await submit(world.home, form)


async def in_a_sketch(world: World) -> None:
    entry = await world.add_board(world.board)
    image = build_sketch(name=f"{PICTURE} Garden <b> @all", version="2.0", password="sesame")
    await world.offer(entry, {"garden.bin": image})


async def announced(world: World) -> None:
    entry = await world.add_board(world.board)
    await world.offer(entry, {"garden-2.0.bin": IMAGE})
    await world.hear(world.board, name=HOSTILE[:40])


SOURCES = [in_a_folder, on_a_server, on_github, uploaded, in_a_sketch, announced]


@pytest.mark.parametrize("written", SOURCES, ids=lambda one: one.__name__)
async def test_names_are_text_wherever_they_come_up(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    offer: Offer,
    site: Web,
    hear: Hear,
    upload: Upload,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    written: Callable[[World], Awaitable[None]],
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(chosen, "API", str(site.at("/")))
    world = World(home, add_board, await start_board(), offer, site, hear, upload)
    told, rendered = world.told, world.rendered

    @callback
    def listen(event: Event[Any]) -> None:
        told.append(json_dumps(event.as_dict()))

    home.bus.async_listen(MATCH_ALL, listen)
    await written(world)
    await settled(home)
    [entry] = home.config_entries.async_entries(DOMAIN)
    form = await open_options(home, entry)
    # A label of a menu is no Markdown.
    told += [form["description_placeholders"].pop("upload")]
    rendered += [*form["description_placeholders"].values(), *summaries(home)]
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
    assert "Garden" in "".join(rendered), "it came up"
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
