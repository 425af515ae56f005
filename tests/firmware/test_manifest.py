"""Sketches that a manifest offers, from a web server on this machine."""

import hashlib
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.mkr1000_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.firmware.minisign import PublicKey, SignatureRefused
from custom_components.mkr1000_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.firmware.release import Catalog, Release, SourceError
from tests.web import Web

from . import test_minisign
from .conftest import SHORT

IMAGE = bytes(range(256)) * 4
SHA256 = hashlib.sha256(IMAGE).hexdigest()
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


@pytest.fixture
def source(site: Web, session: aiohttp.ClientSession) -> ManifestSource:
    """The manifest of the web server."""
    return ManifestSource(session, str(site.at("/firmware/manifest.json")), patience=SHORT)


async def catalog_of(site: Web, source: ManifestSource, document: Any) -> Catalog:
    """Let the server offer a manifest, and look at it."""
    site.serve_json("/firmware/manifest.json", document)
    return await source.catalog()


async def refusal(source: ManifestSource, release: Release | None = None) -> SourceError:
    """Return why there is no catalog, or no image."""
    with pytest.raises(SourceError) as refused:
        await (source.image(release) if release else source.catalog())
    return refused.value


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


async def test_a_change_is_noticed_and_its_absence_costs_nothing(site: Web, source: ManifestSource) -> None:
    site.serve_json("/firmware/manifest.json", {"version": "1", "path": "a.bin"}, etag='"1"')
    first = await source.catalog()
    assert await source.catalog() is first
    assert site.requests[-1].headers["If-None-Match"] == '"1"'
    site.serve_json("/firmware/manifest.json", {"version": "2", "path": "a.bin"}, etag='"2"')
    latest = (await source.catalog()).latest
    assert latest and latest.version == "2"


async def test_a_date_will_do_where_there_is_no_tag(site: Web, source: ManifestSource) -> None:
    date = "Sun, 22 Nov 2026 07:00:00 GMT"
    site.serve_json("/firmware/manifest.json", {"version": "1", "path": "a.bin"}, Last_Modified=date)
    first = await source.catalog()
    site.serve("/firmware/manifest.json", status=304)
    assert await source.catalog() is first
    assert site.requests[-1].headers["If-Modified-Since"] == date


async def test_an_error_loses_nothing(site: Web, source: ManifestSource) -> None:
    site.serve_json("/firmware/manifest.json", {"version": "1", "path": "a.bin"}, etag='"1"')
    first = await source.catalog()
    site.serve("/firmware/manifest.json", status=500)
    assert (await refusal(source)).reason is Reason.HTTP_STATUS
    site.serve("/firmware/manifest.json", b"{", etag='"2"')
    assert (await refusal(source)).reason is Reason.NOT_JSON
    site.serve_json("/firmware/manifest.json", {"version": "1", "path": "a.bin"}, etag='"1"')
    assert await source.catalog() is first


async def test_every_way_a_server_can_fail(site: Web, source: ManifestSource) -> None:
    path = "/firmware/manifest.json"
    assert (await refusal(source)).reason is Reason.NOT_FOUND
    site.serve(path, "<html>Log in</html>", Content_Type="text/html")
    assert (await refusal(source)).reason is Reason.WRONG_CONTENT_TYPE
    site.redirect(path, path)
    assert (await refusal(source)).reason is Reason.TOO_MANY_REDIRECTS
    site.hang(path)
    assert (await refusal(source)).reason is Reason.TIMED_OUT
    site.endless(path)
    assert (await refusal(source)).reason is Reason.ANSWER_TOO_LARGE
    site.cut(path, b'{"version": "1"')
    assert (await refusal(source)).reason is Reason.ANSWER_CUT


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"version: 1", id="another format"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"9" * 5000, id="a number too large"),
    ],
)
async def test_what_is_not_json_is_refused(site: Web, source: ManifestSource, body: bytes) -> None:
    site.serve("/firmware/manifest.json", body)
    error = await refusal(source)
    assert error.reason is Reason.NOT_JSON
    assert error.placeholders == {"host": site.url.host_port_subcomponent}


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        ([], "its beginning", "expected a mapping"),
        ({}, "version", "required key not provided"),
        ({"version": 1.2}, "version", 'expected a version such as "1.2.3"'),
        ({"version": "not a version"}, "version", 'expected a version such as "1.2.3"'),
        ({"version": "1", "builds": {}}, "builds", "expected a list"),
        ({"version": "1", "builds": [{"ota": {"md5": "zz"}}]}, "builds[0].ota.md5", "expected 32 hexadecimal digits"),
        ({"version": "1", "sha256": SHA256[1:]}, "sha256", "expected 64 hexadecimal digits"),
        ({"version": "1", "size": "12"}, "size", "expected a number of bytes"),
        ({"version": "1", "size": True}, "size", "expected a number of bytes"),
        ({"version": "1", "size": 0}, "size", "expected a number of bytes"),
        ({"version": "1", "password": 1234}, "password", "expected a text of at most 256 characters"),
        ({"version": "1", "password": "nul\0"}, "password", "expected a text of at most 256 characters"),
        ({"version": "1", "release_url": "javascript:alert()"}, "release_url", "expected an http or https address"),
        ({"version": "1", "published": "yesterday"}, "published", "expected a date and time of ISO 8601"),
        ({"version": "1", "published": 5}, "published", "expected a date and time of ISO 8601"),
        ({"releases": {}}, "releases", "expected a list"),
        ({"releases": [{"version": "1"}, {}]}, "releases[1].version", "required key not provided"),
        ({"releases": [{"version": "1"}] * 201}, "releases", "length of value must be at most 200"),
    ],
)
async def test_a_manifest_that_is_wrong_says_where(
    site: Web, source: ManifestSource, document: Any, path: str, problem: str
) -> None:
    site.serve_json("/firmware/manifest.json", document)
    error = await refusal(source)
    assert error.reason is Reason.BAD_MANIFEST
    assert error.placeholders == {"host": site.url.host_port_subcomponent, "path": path, "problem": problem}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "no_image"),
        ({"path": "http://host:99999/x.bin"}, "no_image"),
        ({"path": "file:///etc/passwd"}, "no_image"),
        ({"builds": [{"parts": [{"path": "a.bin"}, {"path": "b.bin"}]}]}, "no_image"),
        ({"path": "a.bin", "size": 300_000}, "file_too_large"),
        ({"path": "a.bin", "board": "mkr1010"}, "declared_for_other_board"),
        ({"builds": [{"chipFamily": "ESP32", "ota": {"path": "a.bin"}}]}, "declared_for_other_board"),
        ({"builds": [{"chipFamily": "SAMD21", "board": "zero", "path": "a.bin"}]}, "declared_for_other_board"),
        ({"builds": [{"chipFamily": "SAMD21", "ota": {"board": "zero", "path": "a"}}]}, "declared_for_other_board"),
        ({"builds": [{"path": "a.bin"}, {"path": "b.bin"}]}, "duplicate_version"),
    ],
)
async def test_a_version_that_cannot_be_had_does_not_spoil_the_others(
    site: Web, source: ManifestSource, entry: dict[str, Any], reason: str
) -> None:
    releases = [{"name": "Blinds", "version": "2"} | entry, {"version": "1", "path": "one.bin"}]
    catalog = await catalog_of(site, source, {"releases": releases})
    assert [release.version for release in catalog.releases] == ["1"]
    assert {finding.reason for finding in catalog.findings} == {reason}
    assert {finding.file for finding in catalog.findings} <= {"Blinds 2", "a.bin", "b.bin"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sha256": "0" * 64}, Reason.SHA256_MISMATCH),
        ({"md5": "0" * 32}, Reason.MD5_MISMATCH),
        ({"size": len(IMAGE) + 4}, Reason.SIZE_MISMATCH),
        ({"size": len(IMAGE) - 4}, Reason.ANSWER_TOO_LARGE),
    ],
)
async def test_an_image_that_is_not_the_announced_one_is_refused(
    site: Web, source: ManifestSource, facts: dict[str, Any], reason: Reason
) -> None:
    catalog = await catalog_of(site, source, {"version": "1", "path": "a.bin"} | facts)
    site.serve("/firmware/a.bin", IMAGE)
    assert (await refusal(source, catalog.latest)).reason is reason


async def test_an_image_is_never_larger_than_the_flash(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, {"version": "1", "path": "a.bin"})
    site.endless("/firmware/a.bin")
    error = await refusal(source, catalog.latest)
    assert (error.reason, error.placeholders["limit"]) == (Reason.ANSWER_TOO_LARGE, "262144")


async def test_a_page_in_the_place_of_an_image_is_refused(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, {"version": "1", "path": "a.bin"})
    assert (await refusal(source, catalog.latest)).reason is Reason.NOT_FOUND
    site.serve("/firmware/a.bin", "<html>Log in</html>", Content_Type="text/html")
    assert (await refusal(source, catalog.latest)).reason is Reason.WRONG_CONTENT_TYPE


async def test_a_signature_lies_where_minisign_puts_it(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin?token=1"})).releases
    assert await source.signature(release) is None
    site.serve("/firmware/a.bin.minisig", status=403)
    assert await source.signature(release) is None
    site.serve("/firmware/a.bin.minisig", "a signature")
    assert await source.signature(release) == "a signature"
    assert site.asked()[-1] == "/firmware/a.bin.minisig?token=1"
    site.serve("/firmware/a.bin.minisig", status=500)
    with pytest.raises(SourceError):
        await source.signature(release)


async def test_a_signature_that_was_promised_must_be_there(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin", "signature": "s"})).releases
    with pytest.raises(SourceError) as refused:
        await source.signature(release)
    assert refused.value.reason is Reason.NOT_FOUND


async def test_a_signature_proves_who_made_the_image_wherever_it_comes_from(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin"})).releases
    site.serve("/firmware/a.bin.minisig", test_minisign.SIGNATURE)
    key = PublicKey.parse(test_minisign.KEY)
    for image, genuine in ((test_minisign.PAYLOAD, True), (IMAGE, False)):
        site.serve("/firmware/a.bin", image)
        fetched, signature = await source.image(release), await source.signature(release)
        assert signature
        if genuine:
            assert key.verify(fetched, signature) == "blinds 1.2.3 ✓"
        else:
            with pytest.raises(SignatureRefused):
                key.verify(fetched, signature)


async def test_without_tls_only_a_sum_protects_an_image(
    site: Web, tls_site: Web, trusting_session: aiohttp.ClientSession
) -> None:
    plain = str(site.serve("/a.bin", IMAGE))
    releases = [{"version": "1", "path": plain}, {"version": "2", "path": plain, "sha256": SHA256}]
    url = tls_site.serve_json("/manifest.json", {"releases": releases})
    source = ManifestSource(trusting_session, str(url), patience=SHORT)
    catalog = await source.catalog()
    assert [finding.reason for finding in catalog.findings] == ["insecure_image"]
    assert [release.version for release in catalog.releases] == ["2"]
    assert await source.image(catalog.releases[0]) == IMAGE


async def test_a_login_in_the_address_is_used_and_kept_secret(
    site: Web, other_site: Web, session: aiohttp.ClientSession
) -> None:
    url = site.at("/manifest.json").with_user("me").with_password("s3cret")
    source = ManifestSource(session, str(url), patience=SHORT)
    elsewhere = other_site.serve("/two.bin", IMAGE)
    releases = [{"version": "1", "path": "one.bin"}, {"version": "2", "path": str(elsewhere)}]
    site.serve_json("/manifest.json", {"releases": releases})
    site.serve("/one.bin", IMAGE)
    catalog = await source.catalog()
    for release in catalog.releases:
        assert await source.image(release) == IMAGE
    assert [request.headers.get("Authorization") for request in site.requests] == ["Basic bWU6czNjcmV0"] * 2
    assert "Authorization" not in other_site.requests[0].headers
    site.pages.clear()
    assert "s3cret" not in str(await refusal(source)) + repr(catalog)


async def test_sources_of_one_address_are_the_same(session: aiohttp.ClientSession) -> None:
    first, second, other = (
        ManifestSource(session, url) for url in ("http://host/a.json", " http://host/a.json", "http://host/b.json")
    )
    assert first.key == second.key
    assert first.key != other.key
    with pytest.raises(SourceError) as refused:
        ManifestSource(session, "host/a.json")
    assert refused.value.reason is Reason.BAD_URL


async def test_the_largest_manifest(site: Web, source: ManifestSource) -> None:
    document = {"version": "1", "path": "a.bin", "padding": "x" * (1024 * 1024 - 50)}
    assert (await catalog_of(site, source, document)).latest
    site.serve("/firmware/manifest.json", b" " * (1024 * 1024 + 1))
    assert (await refusal(source)).reason is Reason.ANSWER_TOO_LARGE


async def test_an_address_with_odd_characters_is_fetched_as_written(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, {"version": "1", "path": "ö b%2Fc.bin"})
    assert catalog.latest
    address = URL(catalog.latest.identifier, encoded=True)
    site.serve(address.path, IMAGE)
    assert await source.image(catalog.latest) == IMAGE
    assert site.requests[-1].raw_path == "/firmware/%C3%B6%20b%2Fc.bin"
