"""A manifest on a web server on this machine."""

import hashlib
from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Release, SourceError
from tests.web import Web

IMAGE = bytes(range(256)) * 4
SHA256 = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def source(site: Web, session: aiohttp.ClientSession) -> ManifestSource:
    """The manifest of the web server."""
    return ManifestSource(session, str(site.at("/firmware/manifest.json")))


async def catalog_of(site: Web, source: ManifestSource, document: Any) -> Catalog:
    """Let the server offer a manifest, and look at it."""
    site.serve_json("/firmware/manifest.json", document)
    return await source.catalog()


async def refusal(source: ManifestSource, release: Release | None = None) -> SourceError:
    """Return why there is no catalog, or no image."""
    with pytest.raises(SourceError) as refused:
        await (source.image(release) if release else source.catalog())
    return refused.value
