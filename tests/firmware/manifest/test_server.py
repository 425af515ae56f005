"""The server of a manifest: asked again, failing, elsewhere."""

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.manifest.conftest import IMAGE, catalog_of, refusal
from tests.web import Web


async def test_a_change_is_noticed_and_its_absence_costs_nothing(site: Web, source: ManifestSource) -> None:
    site.serve_json("/firmware/manifest.json", {"version": "1", "path": "a.bin"}, etag='"1"')
    first = await source.catalog()
    assert await source.catalog() is first
    assert site.requests[-1].headers["If-None-Match"] == '"1"'
    site.serve_json("/firmware/manifest.json", {"version": "2", "path": "a.bin"}, etag='"2"')
    assert [release.version for release in (await source.catalog()).releases] == ["2"]


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
    assert (await refusal(source)).reason is Reason.BAD_MANIFEST
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


async def test_a_login_in_the_address_is_used_and_kept_secret(
    site: Web, other_site: Web, session: aiohttp.ClientSession
) -> None:
    url = site.at("/manifest.json").with_user("me").with_password("s3cret")
    source = ManifestSource(session, str(url))
    elsewhere = other_site.serve("/two.bin", IMAGE)
    releases = [{"version": "1", "path": "one.bin"}, {"version": "2", "path": str(elsewhere)}]
    site.serve_json("/manifest.json", {"releases": releases})
    site.serve("/one.bin", IMAGE)
    catalog = await source.catalog()
    for release in catalog.releases:
        assert await source.image(release) == IMAGE
    assert site.came_with() == ["Basic bWU6czNjcmV0"] * 2
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
    document = {"version": "1", "path": "a.bin", "notes": "x" * (1024 * 1024 - 50)}
    (release,) = (await catalog_of(site, source, document)).releases
    assert release.notes and len(release.notes) == 64 * 1024
    site.serve("/firmware/manifest.json", b" " * (1024 * 1024 + 1))
    assert (await refusal(source)).reason is Reason.ANSWER_TOO_LARGE
