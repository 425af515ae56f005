"""Manifests that are wrong, as a whole or for one version."""

from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from tests.firmware.manifest.conftest import SHA256, catalog_of, refusal
from tests.web import Web


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
