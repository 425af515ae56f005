"""The images that a board was flashed with, kept so that there is a way back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
import hashlib
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from ..const import DOMAIN
from .files import remove, to_the_end, write_private

# Images of one board, the running one included: at most 1.2 MB.
KEPT_IMAGES = 5


class ImageLost(Exception):
    """An archived image is not there anymore, or is not what it was."""


class Images:
    """The folder of one board's images, each under its SHA-256.

    It lies where Home Assistant keeps its secrets, because an image holds the passwords of its sketch in clear.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._folder = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry_id))
        self.sha256s: frozenset[str] = frozenset()
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Look at what is there."""
        paths = await self._hass.async_add_executor_job(lambda: list(self._folder.glob("*.bin")))
        self.sha256s = frozenset(path.stem for path in paths)

    async def store(self, sha256: str, image: bytes) -> None:
        """Keep an image. Raises OSError."""
        async with self.storing(sha256, image):
            pass

    @asynccontextmanager
    async def storing(self, sha256: str, image: bytes) -> AsyncIterator[None]:
        """Keep an image; none is removed before the end, when what needs it is written down. Raises OSError."""
        async with self._changing:
            await self._store(sha256, image)
            yield

    @to_the_end
    async def _store(self, sha256: str, image: bytes) -> None:
        await self._hass.async_add_executor_job(self._write, sha256, image)
        self.sha256s |= {sha256}

    async def load(self, sha256: str) -> bytes:
        """Return an image. Raises ImageLost."""
        try:
            image = await self._hass.async_add_executor_job(self._path(sha256).read_bytes)
        except OSError as err:
            raise ImageLost from err
        if hashlib.sha256(image).hexdigest() != sha256:
            raise ImageLost
        return image

    async def keep(self, needed: Callable[[], Collection[str]]) -> None:
        """Remove every image but those that are needed."""
        async with self._changing:
            await self._remove(self.sha256s.difference(needed()))

    @to_the_end
    async def _remove(self, sha256s: frozenset[str]) -> None:
        await self._hass.async_add_executor_job(remove, *map(self._path, sha256s))
        self.sha256s -= sha256s

    async def remove(self) -> None:
        async with self._changing:
            self.sha256s = frozenset()
            await self._hass.async_add_executor_job(remove, self._folder)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.bin"

    def _write(self, sha256: str, image: bytes) -> None:
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path(sha256), image)
