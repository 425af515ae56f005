"""A web server that is taken for GitHub."""

import hashlib
from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.github import GitHubSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release, SourceError
from tests.web import Web

IMAGE = bytes(range(256)) * 4
LIST = "/api/v3/repos/owner/blinds/releases"


def an_asset(number: int, name: str = "blinds.bin", **facts: Any) -> dict[str, Any]:
    """Return a file of a release, as the API shows it; number 7 is the image."""
    content = IMAGE if number == 7 else bytes(number)
    return {
        "id": number,
        "name": name,
        "size": len(IMAGE),
        "state": "uploaded",
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "url": "http://127.0.0.1:1/never-asked",
        "browser_download_url": "http://127.0.0.1:1/never-asked-either",
        "content_type": "application/octet-stream",
    } | facts


def a_release(tag: str, *assets: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Return a release, as the API shows it."""
    return {
        "tag_name": tag,
        "name": f"Blinds {tag}",
        "body": f"Notes of {tag}",
        "html_url": f"https://github.com/owner/blinds/releases/{tag}",
        "draft": False,
        "prerelease": False,
        "published_at": "2026-11-22T07:00:00Z",
        "assets": list(assets),
    } | facts


@pytest.fixture
def source(site: Web, session: aiohttp.ClientSession) -> GitHubSource:
    """The releases of owner/blinds."""
    return source_at(site, session)


def source_at(site: Web, session: aiohttp.ClientSession, **options: Any) -> GitHubSource:
    """Return a source that takes the web server for GitHub."""
    return GitHubSource(session, "owner/blinds", api=str(site.at("/api/v3")), **options)


async def catalog_of(site: Web, source: GitHubSource, *releases: dict[str, Any]) -> Catalog:
    """Publish releases, and look at them."""
    site.serve_json(LIST, list(releases))
    return await source.catalog()


async def refusal(source: GitHubSource, release: Release | None = None) -> SourceError:
    """Return why there is no catalog, or no image."""
    with pytest.raises(SourceError) as refused:
        await (source.image(release) if release else source.catalog())
    return refused.value
