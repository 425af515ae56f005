"""Manifests that are wrong, as a whole or for one release."""

from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from tests.firmware.manifest.conftest import SHA256, catalog_of, refusal
from tests.web import Web


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"", "it is not valid JSON", id="empty"),
        pytest.param(b"{", "it is not valid JSON", id="cut"),
        pytest.param(b"version: 1", "it is not valid JSON", id="another format"),
        pytest.param(b"\xff\xfe\x00", "it is not valid JSON", id="no text"),
        pytest.param(b"[" * 100_000, "it is not valid JSON", id="too deep for anybody"),
        pytest.param(b"[" * 40 + b"]" * 40, "it is nested more than 32 levels deep", id="too deep"),
        pytest.param(b"9" * 5000, "it is not valid JSON", id="a number too large"),
        pytest.param(b'{"size": NaN}', "it is not valid JSON", id="no number"),
        pytest.param(
            rb'{"notes": "\ud800"}', "it has half of a surrogate pair, which is no valid Unicode", id="surrogate"
        ),
        pytest.param(
            rb'{"\udfff": 1}', "it has half of a surrogate pair, which is no valid Unicode", id="surrogate in a key"
        ),
        pytest.param(
            b'{"notes": "\xed\xa0\x80"}', "it has half of a surrogate pair, which is no valid Unicode", id="in bytes"
        ),
    ],
)
async def test_what_is_not_json_is_refused(site: Web, source: ManifestSource, body: bytes, problem: str) -> None:
    site.serve("/firmware/manifest.json", body)
    error = await refusal(source)
    assert error.reason is Reason.BAD_MANIFEST
    assert error.placeholders["problem"] == problem


async def test_a_pair_of_surrogates_is_a_character(site: Web, source: ManifestSource) -> None:
    site.serve("/firmware/manifest.json", rb'{"path": "a.bin", "title": "\ud83c\udf31"}')
    (release,) = (await source.catalog()).releases
    assert release.title == "🌱"


WRONG = [
    ([], "", "expected an object"),
    ({"version": 1.2}, "version", 'expected a version such as "1.2.3"'),
    ({"version": "not a version"}, "version", 'expected a version such as "1.2.3"'),
    ({"pasword": "x"}, "pasword", 'unknown key, did you mean "password"?'),
    ({"builds": []}, "builds", "unknown key"),
    ({"md5": "0" * 32}, "md5", "unknown key"),
    ({"a\u202e" + "b" * 99: 1}, "a" + "b" * 38 + "…", "unknown key"),
    ({"sha256": SHA256[1:]}, "sha256", "expected 64 hexadecimal digits"),
    ({"sha256": 1}, "sha256", "expected 64 hexadecimal digits"),
    ({"size": "12"}, "size", "expected a number"),
    ({"size": True}, "size", "expected a number"),
    ({"size": -1}, "size", "expected a number"),
    ({"size": 10**30}, "size", "expected a number"),
    ({"password": 1234}, "password", "expected a text of at most 256 characters"),
    ({"password": "nul\0"}, "password", "expected a text of at most 256 characters"),
    ({"password": "x" * 257}, "password", "expected a text of at most 256 characters"),
    ({"path": "x" * 2049}, "path", "expected a text of at most 2048 characters"),
    ({"url": "javascript:alert()"}, "url", "expected an http or https URL"),
    ({"url": "https://a b"}, "url", "expected an http or https URL"),
    ({"url": "https://a\u202eb"}, "url", "expected an http or https URL"),
    ({"published": "yesterday"}, "published", "expected a date and time of ISO 8601"),
    ({"published": 5}, "published", "expected a date and time of ISO 8601"),
    ({"published": "0001-01-01T00:00+14:00"}, "published", "expected a date of these times"),
]


@pytest.mark.parametrize(("document", "path", "problem"), WRONG)
async def test_a_manifest_that_is_wrong_says_where(
    site: Web, source: ManifestSource, document: Any, path: str, problem: str
) -> None:
    site.serve_json("/firmware/manifest.json", document)
    error = await refusal(source)
    assert error.reason is Reason.BAD_MANIFEST
    host = site.url.host_port_subcomponent
    assert error.placeholders == {"host": host, "path": path or "its beginning", "problem": problem}


@pytest.mark.parametrize(("document", "path", "problem"), WRONG)
async def test_a_release_that_is_wrong_does_not_spoil_the_others(
    site: Web, source: ManifestSource, document: Any, path: str, problem: str
) -> None:
    catalog = await catalog_of(site, source, {"releases": [{"path": "one.bin"}, document]})
    assert [release.file for release in catalog.releases] == ["one.bin"]
    (finding,) = catalog.findings
    assert (finding.file, finding.code) == ("releases[1]", "bad_sidecar")
    assert finding.placeholders["path"] == f"releases[1].{path}".rstrip(".")
    assert finding.placeholders["problem"] == problem


@pytest.mark.parametrize(
    ("document", "path"), [({"releases": {}}, "releases"), ({"pasword": "x", "releases": []}, "pasword")]
)
async def test_what_is_wrong_for_all_is_wrong(site: Web, source: ManifestSource, document: Any, path: str) -> None:
    site.serve_json("/firmware/manifest.json", document)
    error = await refusal(source)
    assert (error.reason, error.placeholders["path"]) == (Reason.BAD_MANIFEST, path)


async def test_an_address_is_not_shown(site: Web, source: ManifestSource) -> None:
    catalog = await catalog_of(site, source, {"releases": [{"path": "ftp://me:s3cret@host/a.bin?token=s3cret"}]})
    assert "s3cret" not in repr(catalog)
    assert [finding.file for finding in catalog.findings] == ["releases[0]"]


@pytest.mark.parametrize(
    ("entry", "code", "model"),
    [
        ({}, "no_image", None),
        ({"path": "http://host:99999/x.bin"}, "no_image", None),
        ({"path": "http://[::1"}, "no_image", None),
        ({"path": "file:///etc/passwd"}, "no_image", None),
        ({"path": "a.bin", "signature": "file:///etc/passwd"}, "no_image", None),
        ({"path": "a.bin", "size": 300_000, "board": "nano_33_iot"}, "file_too_large", "nano_33_iot"),
        ({"path": "a.bin", "board": "esp32"}, "unsupported_board", None),
    ],
)
async def test_a_release_that_cannot_be_had_is_reported(
    site: Web, source: ManifestSource, entry: dict[str, Any], code: str, model: str | None
) -> None:
    releases = [{"name": "Blinds", "version": "2"} | entry, {"version": "1", "path": "one.bin"}]
    catalog = await catalog_of(site, source, {"releases": releases})
    assert [release.version for release in catalog.releases] == ["1"]
    (finding,) = catalog.findings
    assert (finding.file, finding.code, finding.model) == ("Blinds 2", code, model)


@pytest.mark.parametrize("entry", [{"path": "a"}, {"path": 5}, {}])
async def test_any_number_of_releases_ends_at_once_with_one_finding_that_counts(
    site: Web, source: ManifestSource, entry: dict[str, Any]
) -> None:
    site.serve_json("/firmware/manifest.json", {"releases": [entry] * 58_000})
    catalog = await source.catalog()
    assert len(catalog.releases) <= 100
    assert len(catalog.findings) <= 21
    assert (
        catalog.findings[0].message
        == f"{site.url.host_port_subcomponent} contains 58000 entries, of which only 100 are used"
    )
