"""What a manifest may look like, and what is read out of it."""

import hashlib

from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release
from tests.firmware.manifest.conftest import IMAGE, SHA256, catalog_of
from tests.web import Web

MD5 = hashlib.md5(IMAGE).hexdigest()
# The example of ESPHome's documentation, for this board.
ESPHOME = {
    "name": "Blinds",
    "version": "2024.6.1",
    "builds": [
        {
            "chipFamily": "SAMD21",
            "ota": {
                "md5": MD5,
                "path": "/local/blinds.bin",
                "release_url": "http://example.com/releases/10",
                "summary": "Another update",
            },
        }
    ],
}


async def test_a_manifest_for_esphome_will_do(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, ESPHOME)
    assert catalog == Catalog(
        (
            Release(
                version="2024.6.1",
                identifier=str(site.at("/local/blinds.bin")),
                file="blinds.bin",
                title="Blinds",
                notes="Another update",
                url="http://example.com/releases/10",
                md5=MD5,
            ),
        )
    )
    site.serve("/local/blinds.bin", IMAGE)
    assert await source.image(catalog.releases[0]) == IMAGE


async def test_a_manifest_of_esp_web_tools_will_do(site: Web, source: ManifestSource) -> None:
    document = {
        "name": "Blinds",
        "version": "1.0.0",
        "home_assistant_domain": "blinds",
        "new_install_prompt_erase": True,
        "builds": [
            {"chipFamily": "ESP32", "parts": [{"path": "esp32.bin", "offset": 65536}]},
            {"chipFamily": "SAMD21", "parts": [{"path": "samd21.bin", "offset": 8192}]},
        ],
    }
    catalog = await catalog_of(site, source, document)
    assert [release.identifier for release in catalog.releases] == [str(site.at("/firmware/samd21.bin"))]
    assert catalog.findings == ()


async def test_what_is_added_for_this_board(site: Web, source: ManifestSource) -> None:
    document = {
        "name": "Blinds",
        "board": "arduino:samd:mkr1000",
        "password": "common",
        "releases": [
            {
                "version": "v1.2.0",
                "path": "blinds-1.2.0.bin",
                "size": len(IMAGE),
                "sha256": SHA256.upper(),
                "password": "new",
                "notes": "# Faster",
                "summary": "Faster",
                "published": "2026-11-22T07:00:00Z",
                "signature": "signatures/blinds-1.2.0.minisig",
                "md5": None,
            },
            {"version": "1.10.0", "builds": [{"ota": {"path": "../ten.bin"}, "password": ""}]},
        ],
    }
    ten, two = (await catalog_of(site, source, document)).releases
    assert (ten.version, ten.identifier, ten.password) == ("1.10.0", str(site.at("/ten.bin")), "")
    assert (two.version, two.size, two.sha256, two.password) == ("1.2.0", len(IMAGE), SHA256, "new")
    assert (two.notes, two.board, two.title) == ("# Faster", "mkr1000", "Blinds")
    assert two.published and two.published.isoformat() == "2026-11-22T07:00:00+00:00"
    site.serve("/firmware/signatures/blinds-1.2.0.minisig", "a signature")
    assert await source.signature(two) == "a signature"


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
    catalog = await catalog_of(site, source, {"version": "1", "path": "ö b%2Fc.bin"})
    assert catalog.latest
    address = URL(catalog.latest.identifier, encoded=True)
    site.serve(address.path, IMAGE)
    assert await source.image(catalog.latest) == IMAGE
    assert site.requests[-1].raw_path == "/firmware/%C3%B6%20b%2Fc.bin"
