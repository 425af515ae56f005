"""A server that does not say what it offers: told at once if only a person can mend that, after a day if it may pass."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from pathlib import Path
import socket
from threading import Thread
from typing import Any
from unittest.mock import AsyncMock

from aiohttp import web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources import chosen
from tests.conftest import AddBoard, StartBoard
from tests.firmware.conftest import certificate  # noqa: F401  # the fixture
from tests.firmware.tls import serving
from tests.support.flow_texts import ENGLISH
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web

SECRET = "Zq7-hush"
PATH = "/manifest.json"
IMAGE = build_sketch(version="2.0")
GOOD = {"version": "2.0", "path": "garden.bin", "sha256": hashlib.sha256(IMAGE).hexdigest()}

type Follow = Callable[..., Awaitable[ConfigEntry]]

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


def told(home: HomeAssistant) -> Iterator[tuple[str, str]]:
    """Return title and description of what there is to repair, as a person reads it."""
    for issue in ir.async_get(home).issues.values():
        if issue.domain == DOMAIN and issue.active:
            assert SECRET not in repr(issue)
            texts = ENGLISH["issues"][issue.translation_key]
            placeholders = issue.translation_placeholders or {}
            yield texts["title"].format_map(placeholders), texts["description"].format_map(placeholders)


def the_only(home: HomeAssistant) -> str:
    """Return the whole text of the only repair."""
    [(title, description)] = told(home)
    return f"{title}\n{description}"


@dataclass
class Clock:
    """Time passes only as a test lets it pass, for those who ask how long something has lasted."""

    now: datetime = field(default_factory=dt_util.utcnow)

    def time(self) -> float:
        """Return what time it is, in seconds since the epoch."""
        return self.now.timestamp()

    def hours_pass(self, hours: float) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Keep the time: a clock that stands still for all would stop servers and boards, too."""
    clock = Clock()
    monkeypatch.setattr("custom_components.mkr1000_ota.sources.source_issues.time", clock)
    return clock


@pytest.fixture
def follow(add_board: AddBoard, site: Web) -> Follow:
    """Set up a board whose sketches come from a manifest, by default on the web server, with secrets in its address."""

    async def follow(board: VirtualBoard, url: URL | None = None) -> ConfigEntry:
        address = (url or site.at(PATH)).with_user("me").with_password(SECRET).with_query(token=SECRET)
        return await add_board(board, source="manifest", manifest_url=str(address))

    return follow


async def look(entry: ConfigEntry) -> None:
    """Look at the source of a board, as once an hour."""
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()


MISTAKES: dict[str, Callable[[Web], Any]] = {
    "have this file (error 404)": lambda site: site.pages.clear(),
    "denied access (error 401)": lambda site: site.serve(PATH, status=401),
    "denied access (error 403)": lambda site: site.serve(PATH, status=403),
    "redirected more than 5 times": lambda site: site.redirect(PATH, PATH),
    "redirected to a URL that isn't followed": lambda site: site.redirect(PATH, "ftp://127.0.0.1/"),
    "sent a web page instead": lambda site: site.serve(PATH, "<!doctype html>", Content_Type="text/html"),
    "it is not valid JSON": lambda site: site.serve(PATH, "{", Content_Type="application/json"),
    "is invalid (version: ": lambda site: site.serve_json(PATH, {"version": 2, "path": "garden.bin"}),
    "is larger than 1048576 bytes": lambda site: site.serve(PATH, bytes(1048577), Content_Type="application/json"),
}


@pytest.mark.parametrize("words", MISTAKES)
async def test_what_only_a_person_can_mend_is_told_at_once(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, words: str
) -> None:
    """Until it is mended."""
    MISTAKES[words](site)
    entry = await follow(board)
    text = the_only(home)
    assert words in text
    assert f"{site.url.host}:{site.url.port}" in text
    assert "Arduino" in text
    assert "manifest.json" not in text

    site.serve_json(PATH, GOOD)
    await look(entry)
    assert not [*told(home)]


@pytest.fixture
def untrusted(socket_enabled: None, certificate: Path) -> Iterator[URL]:  # noqa: F811  # the fixture
    """A server that nobody vouches for, in a thread: what asyncio says of a broken handshake fails a test."""
    tls = serving(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), tls.wrap_socket(connection, server_side=True):
                        pass

        thread = Thread(target=serve)
        thread.start()
        yield URL(f"https://127.0.0.1:{listener.getsockname()[1]}{PATH}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


async def test_a_certificate_that_nobody_trusts(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, untrusted: URL
) -> None:
    await follow(board, untrusted)
    assert "isn't trusted" in the_only(home)


async def test_a_clock_that_is_not_set_yet_makes_no_certificate_bad(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be years behind or ahead after a power cut, until the network is there."""
    error = SourceError(Reason.BAD_CERTIFICATE, host="a.b", error="certificate is not yet valid")
    monkeypatch.setattr(ManifestSource, "catalog", AsyncMock(side_effect=error))
    clock.hours_pass(100_000)
    entry = await follow(board)
    assert not [*told(home)]
    clock.hours_pass(-100_000)
    await look(entry)
    assert not [*told(home)]
    clock.hours_pass(25)
    await look(entry)
    assert "not yet valid" in the_only(home)


OUTAGES: dict[str, Callable[[Web], Any]] = {
    "returned error 500": lambda site: site.serve(PATH, status=500),
    "before the transfer was complete": lambda site: site.cut(PATH, b"{"),
}


@pytest.mark.parametrize("words", OUTAGES)
async def test_what_may_pass_is_told_after_a_day(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, clock: Clock, words: str
) -> None:
    OUTAGES[words](site)
    entry = await follow(board)
    clock.hours_pass(23)
    await look(entry)
    assert not [*told(home)]
    clock.hours_pass(2)
    await look(entry)
    assert words in the_only(home)

    site.serve_json(PATH, GOOD)
    site.serve("/garden.bin", IMAGE)
    clock.hours_pass(25)
    await look(entry)
    assert not [*told(home)]
    site.serve(PATH, status=500)
    await look(entry)
    assert not [*told(home)], "it is another day"


async def test_a_server_that_wants_to_be_left_alone(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, clock: Clock
) -> None:
    site.serve(PATH, status=429, Retry_After="60")
    entry = await follow(board)
    assert not [*told(home)]
    clock.hours_pass(25)
    await look(entry)
    assert "accept more requests until" in the_only(home)


async def test_a_server_that_is_not_there(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, clock: Clock
) -> None:
    entry = await follow(board, URL("http://127.0.0.96:9/m.json"))
    assert not [*told(home)]
    clock.hours_pass(25)
    await look(entry)
    assert "connect to 127.0.0.96:9" in the_only(home)


async def test_a_day_has_passed_also_if_home_assistant_was_restarted_in_between(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, clock: Clock
) -> None:
    site.serve(PATH, status=500)
    entry = await follow(board)
    clock.hours_pass(15)
    await home.config_entries.async_reload(entry.entry_id)
    assert not [*told(home)]
    clock.hours_pass(15)
    await home.config_entries.async_reload(entry.entry_id)
    assert "error 500" in the_only(home)


async def test_once_it_is_told_it_is_told_what_is_wrong_now(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    entry = await follow(board)
    assert "(error 404)" in the_only(home)
    site.serve(PATH, status=500)
    await look(entry)
    assert "error 500" in the_only(home)


async def test_one_source_is_one_issue_that_names_its_boards(
    home: HomeAssistant, follow: Follow, start_board: StartBoard
) -> None:
    """Those that use it now."""
    rose, tulip = [
        await follow(await start_board(name=name, address=f"127.0.0.{last}"))
        for name, last in (("Rose", 20), ("Tulip", 21))
    ]
    assert "Rose, Tulip" in the_only(home)
    await home.config_entries.async_unload(rose.entry_id)
    assert "Rose" not in the_only(home)
    assert "Tulip" in the_only(home)
    await home.config_entries.async_remove(tulip.entry_id)
    assert not [*told(home)]
    await home.config_entries.async_setup(rose.entry_id)
    assert "Rose" in the_only(home)


async def test_of_a_crowd_of_boards_some_are_named(
    home: HomeAssistant, follow: Follow, start_board: StartBoard
) -> None:
    for number in range(12):
        await follow(await start_board(name=f"Board {number:02}", address=f"127.0.0.{20 + number}"))
    text = the_only(home)
    assert "Board 09, …" in text
    assert "Board 10" not in text


async def test_another_source_takes_it_back(home: HomeAssistant, follow: Follow, board: VirtualBoard) -> None:
    entry = await follow(board)
    assert the_only(home)
    flow = await home.config_entries.options.async_init(entry.entry_id)
    for step in ({"next_step_id": "source"}, {"next_step_id": "folder"}, {"folder": "mine"}):
        flow = await home.config_entries.options.async_configure(flow["flow_id"], step)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert not [*told(home)]


@pytest.mark.parametrize("is_used_again", [False, True])
async def test_a_look_that_ends_when_nobody_uses_its_source_any_more_tells_nothing(
    home: HomeAssistant,
    follow: Follow,
    board: VirtualBoard,
    site: Web,
    monkeypatch: pytest.MonkeyPatch,
    is_used_again: bool,
) -> None:
    """Nor does it take back what another one has told since."""
    monkeypatch.setattr("custom_components.mkr1000_ota.FIRST_REFRESH_TIMEOUT", 0.1)

    async def answer_late(_: web.Request) -> web.Response:
        await site.closing.wait()
        return web.Response(status=404)

    site.pages[PATH] = answer_late
    entry = await follow(board)
    catalog = entry.runtime_data.coordinator.sources.chosen
    await home.config_entries.async_unload(entry.entry_id)
    if is_used_again:
        site.serve(PATH, status=403)
        await home.config_entries.async_setup(entry.entry_id)
        await entry.runtime_data.coordinator.sources.chosen.first_refresh
    before = [*told(home)]
    assert bool(before) is is_used_again
    site.closing.set()
    await catalog.first_refresh
    assert not catalog.last_update_success
    assert [*told(home)] == before


async def test_a_repository_is_named_without_its_token(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "API", str(site.at("/api")))
    options = {"source": "github", "repository": "owner/garden", "asset": "*.bin", "prereleases": False}
    await add_board(board, **options, token=SECRET)
    assert "owner/garden" in the_only(home)
