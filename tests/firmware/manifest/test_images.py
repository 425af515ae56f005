"""The image that a manifest announces, and its signature."""

from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware import signed
from tests.firmware.manifest.conftest import IMAGE, SHA256, catalog_of, refusal
from tests.web import Web


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sha256": "0" * 64}, Reason.SHA256_MISMATCH),
        ({"size": len(IMAGE) + 4}, Reason.SIZE_MISMATCH),
        ({"size": len(IMAGE) - 4}, Reason.ANSWER_TOO_LARGE),
    ],
)
async def test_an_image_that_is_not_the_announced_one_is_refused(
    site: Web, source: ManifestSource, facts: dict[str, Any], reason: Reason
) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin"} | facts)).releases
    site.serve("/firmware/a.bin", IMAGE)
    assert (await refusal(source, release)).reason is reason


async def test_an_image_is_never_larger_than_the_flash(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin"})).releases
    site.endless("/firmware/a.bin")
    error = await refusal(source, release)
    assert (error.reason, error.placeholders["limit"]) == (Reason.ANSWER_TOO_LARGE, "262144")


async def test_a_page_in_the_place_of_an_image_is_refused(site: Web, source: ManifestSource) -> None:
    (release,) = (await catalog_of(site, source, {"version": "1", "path": "a.bin"})).releases
    assert (await refusal(source, release)).reason is Reason.NOT_FOUND
    site.serve("/firmware/a.bin", "<html>Log in</html>", Content_Type="text/html")
    assert (await refusal(source, release)).reason is Reason.WRONG_CONTENT_TYPE


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
    site.serve("/firmware/a.bin.minisig", signed.SIGNATURE)
    key = PublicKey.parse(signed.KEY)
    for image, genuine in ((signed.PAYLOAD, True), (IMAGE, False)):
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
    source = ManifestSource(trusting_session, str(url))
    catalog = await source.catalog()
    assert [finding.code for finding in catalog.findings] == ["insecure_image"]
    assert [release.version for release in catalog.releases] == ["2"]
    assert await source.image(catalog.releases[0]) == IMAGE
