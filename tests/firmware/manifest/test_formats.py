"""What a manifest may look like, and what is read out of it."""

from datetime import UTC, datetime

import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release
from tests.firmware.manifest.conftest import IMAGE, SHA256, catalog_of
from tests.web import Web

EVERYTHING = {
    "version": "v1.2.0",
    "path": "blinds.bin",
    "title": "Blinds",
    "board": "arduino:samd:mkrwifi1010",
    "size": len(IMAGE),
    "sha256": SHA256.upper(),
    "password": "pä ß:x",
    "notes": "# Faster",
    "url": "https://example.com/1.2.0",
    "published": "2026-11-22T07:00:00Z",
    "signature": "signatures/blinds.minisig",
}


async def test_all_that_can_be_said_of_a_release(site: Web, source: ManifestSource) -> None:
    assert await catalog_of(site, source, EVERYTHING) == Catalog(
        (
            Release(
                version="1.2.0",
                identifier=str(site.at("/firmware/blinds.bin")),
                file="blinds.bin",
                title="Blinds",
                board="mkrwifi1010",
                size=len(IMAGE),
                sha256=SHA256,
                password="pä ß:x",
                notes="# Faster",
                url="https://example.com/1.2.0",
                published=datetime(2026, 11, 22, 7, tzinfo=UTC),
                signature=str(site.at("/firmware/signatures/blinds.minisig")),
            ),
        )
    )


async def test_a_path_is_enough(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, {"path": "garden.bin", "password": None})
    assert catalog == Catalog((Release(identifier=str(site.at("/firmware/garden.bin")), file="garden.bin"),))
    (release,) = (await catalog_of(site, source, {"path": "v7/garden-1.2.3.bin"})).releases
    assert release.version == "1.2.3"


async def test_what_several_releases_have_in_common_stands_once(site: Web, source: ManifestSource) -> None:
    releases = [
        {"version": "1.10.0", "path": "../ten.bin", "password": "", "board": "nano_33_iot", "title": "Other"},
        {"version": "1.2.0", "path": "two.bin", "name": "New"},
        {"version": "1.1.0", "path": "one.bin"},
    ]
    common = {"name": "Blinds", "board": "mkr1000", "password": "common"}
    found = (await catalog_of(site, source, common | {"releases": releases})).releases
    assert [(one.title, one.board, one.password) for one in found] == [
        ("Other", "nano_33_iot", ""),
        ("New", "mkr1000", "common"),
        ("Blinds", "mkr1000", "common"),
    ]
    assert found[0].identifier == str(site.at("/ten.bin"))


async def test_paths_are_relative_to_where_the_manifest_is_in_the_end(
    site: Web, other_site: Web, source: ManifestSource
) -> None:
    target = other_site.serve_json("/v2/manifest.json", {"version": "2", "path": "blinds.bin?token=1"})
    site.redirect("/firmware/manifest.json", target)
    (release,) = (await source.catalog()).releases
    other_site.serve("/v2/blinds.bin", IMAGE)
    assert await source.image(release) == IMAGE
    assert other_site.asked() == ["/v2/manifest.json", "/v2/blinds.bin?token=1"]
    assert release.file == "blinds.bin"


async def test_an_address_with_odd_characters_is_fetched_as_written(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "ö b%2Fc.bin"})).releases
    site.serve(URL(release.identifier, encoded=True).path, IMAGE)
    assert await source.image(release) == IMAGE
    assert site.requests[-1].raw_path == "/firmware/%C3%B6%20b%2Fc.bin"


@pytest.mark.parametrize("key", ["title", "notes", "path"])
async def test_foreign_text_is_fit_to_be_shown(site: Web, source: ManifestSource, key: str) -> None:
    hostile = "a\u202eb\u200bc\x1b\0d"
    (release,) = (await catalog_of(site, source, {"path": "a.bin", key: hostile})).releases
    shown = {release.title, release.notes, release.file}
    assert "abc d" in shown or "abc  d" in shown
    assert hostile not in shown
