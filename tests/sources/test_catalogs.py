"""What sources offer, looked up once for all boards, through whatever happens to a server."""

import asyncio
from datetime import timedelta
import gc
import hashlib

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources import chosen
from custom_components.mkr1000_ota.sources.catalogs import SERVER_INTERVAL, async_use_catalog
from custom_components.mkr1000_ota.sources.chosen import uploads_of
from tests.conftest import AddBoard
from tests.sources.conftest import IMAGE, SHA256, Follow, catalog_of, manifest
from tests.support.actions import FIRMWARE, OFFERED, choose, install, restart, shown, watching
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.web import Web


def serve_build(site: Web, version: str) -> None:
    """Offer a build of a version."""
    image = build_sketch(version=version)
    site.serve_json("/manifest.json", manifest(version, sha256=hashlib.sha256(image).hexdigest()))
    site.serve("/garden.bin", image)


async def test_a_hundred_boards_ask_once(home: HomeAssistant, site: Web) -> None:
    boards = [MockConfigEntry(domain=DOMAIN, title=f"Board {number}") for number in range(100)]
    url = str(site.serve_json("/manifest.json", manifest()))
    session = async_get_clientsession(home)
    uses = [async_use_catalog(home, ManifestSource(session, url), board, lambda: None) for board in boards]
    (catalog,) = {catalog for catalog, _ in uses}
    await catalog.first_refresh
    assert [release.version for release in catalog.data.releases] == ["2.0"]
    assert site.asked() == ["/manifest.json"]

    other, leave_other = async_use_catalog(
        home, ManifestSource(session, str(site.at("/other.json"))), boards[0], lambda: None
    )
    assert other is not catalog
    await other.first_refresh
    leave_other()
    for _, leave in uses:
        leave()
    again, leave = async_use_catalog(home, ManifestSource(session, url), boards[0], lambda: None)
    assert again is not catalog, "nobody used it any more"
    await again.first_refresh
    leave()


async def test_whatever_happens_to_the_server_the_last_good_catalog_stays(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong is said once, and so is that it is over."""
    site.serve_json("/manifest.json", manifest(), etag='"one"')
    site.serve("/garden.bin", IMAGE)
    catalog = catalog_of(await follow(board))
    good = catalog.data

    def offers_the_same() -> bool:
        return catalog.data == good and shown(home, FIRMWARE).attributes["latest_version"] == "2.0"

    await catalog.async_refresh()
    assert offers_the_same(), "304"
    assert [request.headers["If-None-Match"] for request in site.requests if "If-None-Match" in request.headers] == [
        '"one"'
    ]
    for trouble in (
        lambda: site.pages.pop("/manifest.json"),
        lambda: site.serve("/manifest.json", status=500),
        lambda: site.serve("/manifest.json", "<!doctype html>", Content_Type="text/html"),
        lambda: site.serve("/manifest.json", "{", Content_Type="application/json"),
        lambda: site.serve_json("/manifest.json", {"version": 2}),
        lambda: site.redirect("/manifest.json", "/manifest.json"),
    ):
        trouble()
        await catalog.async_refresh()
        assert not catalog.last_update_success
        assert offers_the_same()
    assert caplog.text.count("Error fetching") == 1
    assert "does not have this file (error 404)" in caplog.text

    serve_build(site, "3.0")
    await catalog.async_refresh()
    await settled(home)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "3.0"
    assert caplog.text.count("recovered") == 1


async def test_it_is_asked_every_hour_and_whenever_a_user_asks(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """The second is what the button on the page of updates does."""
    serve_build(site, "2.0")
    catalog = catalog_of(await follow(board))
    serve_build(site, "3.0")
    async_fire_time_changed(home, dt_util.utcnow() + SERVER_INTERVAL + timedelta(seconds=1))
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "3.0"

    serve_build(site, "4.0")
    assert await async_setup_component(home, "homeassistant", {})
    await home.services.async_call("homeassistant", "update_entity", {"entity_id": FIRMWARE}, blocking=True)
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, FIRMWARE).attributes["latest_version"] == "4.0"
    await catalog.async_shutdown()


async def test_another_file_than_was_announced_is_not_offered(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", manifest())
    site.serve("/garden.bin", build_sketch(version="2.0", seed=7))
    catalog = catalog_of(await follow(board))
    assert shown(home, FIRMWARE).state == "off"
    [finding] = catalog.data.findings
    assert finding.code == "sha256_mismatch"
    serve_build(site, "3.0")
    await catalog.async_refresh()
    await settled(home)
    await install(home)
    assert board.version == "3.0"
    assert not catalog.data.findings


async def test_a_server_whose_files_come_one_by_one(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", manifest())
    catalog = catalog_of(await follow(board))
    assert [finding.code for finding in catalog.data.findings] == ["not_found"]
    site.serve("/garden.bin", IMAGE)
    await catalog.async_refresh()
    await settled(home)
    assert not catalog.data.findings
    assert shown(home, FIRMWARE).attributes["latest_version"] == "2.0"


@pytest.mark.parametrize("facts", [{}, {"version": "2.0"}])
async def test_a_rebuild_that_only_its_content_tells(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, facts: dict[str, str]
) -> None:
    site.serve_json("/manifest.json", {"path": "garden.bin"} | facts)
    catalog, rebuilt = None, build_sketch(seed=1)
    for image in (build_sketch(), rebuilt):
        site.serve("/garden.bin", image)
        catalog = catalog or catalog_of(await follow(board))
        await catalog.async_refresh()
        await settled(home)
        assert shown(home, FIRMWARE).state == "on"
        await install(home)
        assert board.flashed[-1] == image
    assert catalog is not None
    site.serve("/garden.bin", status=404)
    await catalog.async_refresh()
    await settled(home)
    assert not catalog.data.findings
    assert shown(home, FIRMWARE).state == "off"


async def test_a_version_that_was_chosen_is_offered_after_a_restart(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """The server does not say which content it is, and what is newer must not take its place, for automations above all."""
    versions = ("1.0", "2.0", "3.0")
    images = {version: build_sketch(password=version, version=version) for version in versions}
    for version, image in images.items():
        site.serve(f"/{version}.bin", image)
    site.serve_json("/manifest.json", {"releases": [{"version": one, "path": f"{one}.bin"} for one in versions]})
    entry = await follow(board)
    await install(home, "2.0")
    await choose(home, "1.0")
    await settled(home)
    with watching(home, FIRMWARE) as states:
        await restart(home, entry)
        await settled(home)
    assert shown(home, OFFERED).state == "1.0"
    assert {each.attributes["latest_version"] for each in states if each.state != "unavailable"} == {"1.0"}
    await install(home)
    assert board.flashed == [images["2.0"], images["1.0"]]


async def test_what_a_server_had_once_is_forgotten(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """Hour by hour it may have something else, with notes as long as a book."""
    site.serve("/garden.bin", IMAGE)
    catalog = None
    for hour in range(12):
        site.serve_json("/manifest.json", manifest(f"{hour}.0", notes="Once upon a time", sha256=None))
        catalog = catalog or catalog_of(await follow(board))
        await catalog.async_refresh()
        await settled(home)
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, Release) and one.notes == "Once upon a time"]
    assert 0 < len(kept) < 8
    assert catalog is not None


async def test_how_many_more_cannot_be_offered_is_said_truly(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", {"releases": [{"version": "1.0"}] * 99 + [manifest()]})
    site.serve("/garden.bin", build_sketch(version="2.0", seed=7))
    findings = catalog_of(await follow(board)).data.findings
    assert [findings[0].code, findings[-1].message] == ["sha256_mismatch", "79 more files cannot be offered"]


@pytest.mark.slow
async def test_nobody_waits_for_a_server_that_holds_a_sketch_back(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web
) -> None:
    """Neither the start nor the stop of Home Assistant."""
    site.hang("/garden.bin")
    await add_board(board, source="manifest", manifest_url=str(site.serve_json("/manifest.json", manifest())))
    async with asyncio.timeout(10):
        while "/garden.bin" not in site.asked():
            await asyncio.sleep(0)
        await home.async_block_till_done()
    assert not site.closing.is_set()
    site.closing.set()
    await settled(home)


async def test_a_sketch_that_turns_out_to_be_a_bad_one_is_not_offered(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    """A server is believed about its sketches only until one is downloaded."""
    site.serve_json("/manifest.json", {"version": "2.0", "path": "garden.bin"})
    site.serve("/garden.bin", build_sketch(quirks=Quirks(poll=False)))
    catalog = catalog_of(await follow(board))
    assert shown(home, FIRMWARE).state == "off"
    assert [finding.code for finding in catalog.data.findings] == ["no_ota"]


@pytest.mark.slow
async def test_the_release_notes_are_shown(home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web) -> None:
    notes = "Waters the garden. " * 30 + "Done."
    page = "https://example.com/2.0"
    site.serve_json("/manifest.json", manifest(notes=notes, url=page))
    site.serve("/garden.bin", IMAGE)
    entry = await follow(board)
    attributes = shown(home, FIRMWARE).attributes
    assert attributes["title"] == "Garden"
    assert attributes["release_url"] == page
    assert attributes["release_summary"] == notes[:255]
    entity = home.data["entity_components"]["update"].get_entity(FIRMWARE)
    assert await entity.async_release_notes() == notes
    await catalog_of(entry).async_shutdown()


async def test_releases_on_github(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "API", str(site.at("/api")))
    asset = {"id": 7, "name": "garden.bin", "size": len(IMAGE), "state": "uploaded", "digest": f"sha256:{SHA256}"}
    asset |= {"url": "http://127.0.0.1:1/", "browser_download_url": "http://127.0.0.1:1/"}
    release = {"tag_name": "v2.0", "name": "Garden 2.0", "body": "More water.", "draft": False, "prerelease": False}
    release |= {"html_url": "https://example.com/2.0", "published_at": "2026-11-22T07:00:00Z", "assets": [asset]}
    site.serve_json("/api/repos/owner/garden/releases", [release])
    site.serve("/api/repos/owner/garden/releases/assets/7", IMAGE)
    options = {"source": "github", "repository": "owner/garden", "asset": "*.bin", "prereleases": False}
    await add_board(board, **options)
    await settled(home)
    await install(home)
    assert board.flashed == [IMAGE]


async def test_a_sketch_that_was_uploaded(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    entry = await add_board(board)
    await uploads_of(home, entry.entry_id).store(IMAGE, "garden.bin")
    await entry.runtime_data.coordinator.sources.uploads.async_refresh()
    await install(home)
    assert board.flashed == [IMAGE]
    assert await home.config_entries.async_remove(entry.entry_id)
    assert not (await uploads_of(home, entry.entry_id).catalog()).releases
