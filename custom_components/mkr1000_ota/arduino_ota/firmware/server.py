"""What the sources on servers share: a document that says what there is, and the files that it names."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from yarl import URL

from .. import limits
from .fetcher import JSON, Fetcher, Response
from .release import Catalog, Release


class ServerSource:
    """A source whose requests all go through one fetcher."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._catalog = Catalog()
        self._last: Response | None = None

    async def image(self, release: Release) -> bytes:
        image = await self._get(release.identifier, release.size or limits.IMAGE)
        release.verify(image)
        return image

    async def signature(self, release: Release) -> str | None:
        if release.signature is None:
            return None
        return (await self._get(release.signature, limits.SIGNATURE)).decode(errors="replace")

    async def _get(self, address: str, limit: int) -> bytes:
        may_be_local = self._last is not None and self._last.is_local
        return (await self._fetcher.get(URL(address, encoded=True), limit=limit, may_be_local=may_be_local)).body

    async def _read(self, url: URL, limit: int, read: Callable[[bytes, URL], Catalog]) -> Catalog:
        """Ask the server what there is; an unchanged document costs it no body."""
        response = await self._fetcher.get(url, JSON, limit=limit, known=self._last)
        if response is not self._last:
            # One of the largest size would hold up the event loop noticeably.
            self._catalog = await asyncio.to_thread(read, response.body, response.url)
            self._last = replace(response, body=b"")
        return self._catalog
