"""A server that is down while Home Assistant starts: what it offered before stays on offer, and nothing is pretended."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
import hashlib
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mkr1000_ota.arduino_ota.flash.stored import to_json
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import FIRMWARE, OFFERED, choose, install, issues, shown, watching
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web, running

SECRET = "Zq7-hush"
PATH = "/manifest.json"
PAGE = "https://example.com/2.0"

type Follow = Callable[..., Awaitable[ConfigEntry]]

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


def image(version: str) -> bytes:
    """Return the sketch of a version."""
    return build_sketch(name="Garden", password="sesame", version=version)


def release(version: str, **facts: Any) -> dict[str, Any]:
    """Return what a manifest says of a sketch."""
    return {
        "version": version,
        "path": f"garden-{version}.bin?token={SECRET}",
        "sha256": hashlib.sha256(image(version)).hexdigest(),
        "title": "Garden",
        "url": PAGE,
        **facts,
    }


def serve(site: Web, *versions: str, **facts: Any) -> None:
    """Offer versions."""
    site.serve_json(PATH, {"name": "Garden", "releases": [release(version, **facts) for version in versions]})
    for version in versions:
        site.serve(f"/garden-{version}.bin", image(version))


@pytest.fixture
def follow(home: HomeAssistant, add_board: AddBoard, site: Web) -> Follow:
    """Set up a board whose sketches come from the web server."""

    async def follow(board: VirtualBoard, **options: Any) -> ConfigEntry:
        entry = await add_board(board, **{"source": "manifest", "manifest_url": str(site.at(PATH))} | options)
        await settled(home)
        return entry

    return follow


async def restart(home: HomeAssistant, *entries: ConfigEntry, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Set entries up again with no more than what is on the disk about them."""
    await home.async_block_till_done(wait_background_tasks=True)
    for entry in entries:
        assert await home.config_entries.async_unload(entry.entry_id)
    meanwhile()
    for entry in entries:
        assert await home.config_entries.async_setup(entry.entry_id)


def goes_down(site: Web) -> Callable[[], object]:
    """Return what takes a server down."""
    return lambda: site.serve(PATH, status=503)


async def test_what_was_offered_stays_on_offer(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """All the time: otherwise it would look as if an update had just come out when the server is back."""
    serve(site, "1.0", "2.0")
    entry = await follow(board)
    before = shown(home, FIRMWARE)
    with watching(home, FIRMWARE) as states:
        await restart(home, entry, meanwhile=goes_down(site))
        serve(site, "1.0", "2.0")
        await entry.runtime_data.coordinator.sources.chosen.async_refresh()
        await settled(home)
    told = [state for state in states if state.state != "unavailable"]
    assert told
    for state in told:
        assert state.state == before.state == "on"
        for fact in ("latest_version", "title", "release_url"):
            assert state.attributes[fact] == before.attributes[fact]
    assert before.attributes["release_url"] == PAGE


async def test_installing_it_says_that_the_server_cannot_be_reached(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    async with running() as site:
        serve(site, "2.0")
        entry = await add_board(board, source="manifest", manifest_url=str(site.at(PATH)))
        await settled(home)
    await restart(home, entry)
    assert shown(home, FIRMWARE).state == "on"
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "source_unreachable"
    assert not any(request.body_bytes for request in board.requests)


async def test_as_soon_as_the_server_is_back_it_is_installed(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """Without waiting for the next look; and with the password that only the server knows."""
    serve(site, "2.0")
    entry = await follow(board)
    await restart(home, entry, meanwhile=goes_down(site))
    await entry.runtime_data.coordinator.sources.chosen.first_refresh
    serve(site, "2.0")
    await install(home)
    assert board.flashed == [image("2.0")]


async def test_what_is_withdrawn_meanwhile_is_not_installed(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    serve(site, "1.0", "2.0")
    entry = await follow(board)
    await restart(home, entry, meanwhile=goes_down(site))
    await entry.runtime_data.coordinator.sources.chosen.first_refresh
    serve(site, "1.0")
    with pytest.raises(ServiceValidationError) as error:
        await install(home, "2.0")
    assert error.value.translation_key == "version_not_offered"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    assert not board.flashed


@pytest.mark.slow
async def test_what_is_archived_needs_no_server(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    serve(site, "2.0")
    entry = await follow(board)
    await install(home)
    serve(site, "3.0")
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    await settled(home)
    await restart(home, entry, meanwhile=goes_down(site))
    assert shown(home, FIRMWARE).attributes["latest_version"] == "3.0"
    await install(home, "2.0")
    assert board.flashed == [image("2.0"), image("2.0")]


async def test_it_outlives_several_restarts(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    serve(site, "2.0")
    entry = await follow(board)
    await restart(home, entry, meanwhile=goes_down(site))
    await restart(home, entry)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"


async def test_each_board_remembers_what_was_chosen_for_it(
    home: HomeAssistant, follow: Follow, start_board: StartBoard, site: Web
) -> None:
    serve(site, "1.0", "2.0")
    entries = [await follow(await start_board())]
    entries.append(await follow(await start_board(name="Barn", address="127.0.0.8")))
    await choose(home, "1.0")
    await restart(home, *entries, meanwhile=goes_down(site))
    assert shown(home, FIRMWARE).attributes["latest_version"] == "1.0"
    assert shown(home, OFFERED).state == "1.0"
    assert shown(home, "update.barn_firmware").attributes["latest_version"] == "2.0"


async def test_a_server_that_hangs_is_not_waited_for(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it offered is there at once; what it offers, when it says so."""
    monkeypatch.setattr("custom_components.mkr1000_ota.FIRST_REFRESH_TIMEOUT", 0.1)
    serve(site, "2.0")
    entry = await follow(board)

    async def answer_late(_: web.Request) -> web.Response:
        await site.closing.wait()
        site.serve("/garden-3.0.bin", image("3.0"))
        return web.json_response(release("3.0"))

    def hangs() -> None:
        site.pages[PATH] = answer_late

    await restart(home, entry, meanwhile=hangs)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    site.closing.set()
    await settled(home)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "3.0"


@pytest.mark.slow
async def test_an_install_waits_for_a_refresh_that_is_under_way(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.mkr1000_ota.FIRST_REFRESH_TIMEOUT", 0.1)
    serve(site, "2.0")
    good = site.pages[PATH]

    async def answer_late(request: web.Request) -> web.StreamResponse:
        await site.closing.wait()
        return await good(request)

    site.pages[PATH] = answer_late
    await add_board(board, source="manifest", manifest_url=str(site.at(PATH)))
    home.loop.call_later(0.1, site.closing.set)
    await install(home, "2.0")
    assert board.flashed == [image("2.0")]
    assert site.asked().count(PATH) == 1


async def test_another_source_has_another_offer(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    serve(site, "2.0")
    entry = await follow(board)
    options = {**entry.options, "manifest_url": str(site.at("/other.json"))}
    await restart(home, entry, meanwhile=lambda: home.config_entries.async_update_entry(entry, options=options))
    assert shown(home, FIRMWARE).state == "off"


async def test_a_folder_that_cannot_be_read_at_start(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden.bin": image("2.0")})
    folder = Path(home.config.path(entry.options["folder"]))

    def vanishes() -> None:
        (folder / "garden.bin").unlink()
        folder.rmdir()
        folder.write_text("in the way")

    await restart(home, entry, meanwhile=vanishes)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "source_folder_unreadable"


async def test_what_was_removed_while_nobody_looked_is_not_offered(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, offer: Offer
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden.bin": image("2.0")})
    await restart(home, entry, meanwhile=Path(home.config.path(entry.options["folder"], "garden.bin")).unlink)
    await settled(home)
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "unknown"


async def test_a_network_drive_that_comes_late(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, offer: Offer
) -> None:
    """Nothing is put in its place, and what was skipped stays skipped."""
    drive = Path(home.config.path("drive"))
    (drive / "sketches").mkdir(parents=True)
    entry = await add_board(board, folder="drive/sketches")
    await offer(entry, {"garden.bin": image("2.0")})
    await home.services.async_call("update", "skip", {"entity_id": FIRMWARE}, blocking=True)

    def is_late() -> None:
        drive.rename(drive.with_name("elsewhere"))
        drive.mkdir()

    await restart(home, entry, meanwhile=is_late)
    await settled(home)
    assert list(drive.iterdir()) == []
    assert issues(home).keys() == {"folder_unusable"}
    drive.rmdir()
    drive.with_name("elsewhere").rename(drive)
    await entry.runtime_data.coordinator.sources.chosen.async_refresh()
    assert not issues(home)
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["skipped_version"] == "2.0"


@pytest.mark.parametrize("changes", [{"invented later": 1}, {"warnings": None, "title": None}], ids=["more", "null"])
async def test_what_another_version_has_remembered_stands_in_nobodys_way(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, changes: dict[str, Any]
) -> None:
    """Somebody has gone back a release."""
    serve(site, "2.0")
    entry = await follow(board)
    path = entry.runtime_data.coordinator.store.path

    def remember() -> None:
        site.serve(PATH, status=503)
        stored = json.loads(path.read_bytes())
        stored["data"]["source_memory"]["release"].update(changes)
        path.write_text(json.dumps(stored))

    await restart(home, entry, meanwhile=remember)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"


async def test_nothing_secret_is_remembered(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """Neither where the sketch is, nor its password, nor the address of the manifest."""
    serve(site, "2.0", password=SECRET)
    url = site.at(PATH).with_user("me").with_password(SECRET).with_query(token=SECRET)
    entry = await follow(board, manifest_url=str(url))
    await restart(home, entry, meanwhile=goes_down(site))
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    kept = json.dumps(to_json(entry.runtime_data.coordinator.record.source_memory))
    assert "2.0" in kept
    assert SECRET not in kept


async def test_after_a_start_without_it_a_server_is_asked_again_soon(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, start_board: StartBoard, site: Web
) -> None:
    """After a power cut Home Assistant is often there before the network is, and before all boards are set up."""
    site.serve(PATH, status=503)
    entry = await follow(board)
    await follow(await start_board(name="Pump", address="127.0.0.20"))
    serve(site, "2.0")
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"
    site.requests.clear()
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=20))
    await home.async_block_till_done(wait_background_tasks=True)
    assert not site.requests, "it is there, and not asked more often than once an hour"
    await entry.runtime_data.coordinator.sources.chosen.async_shutdown()
