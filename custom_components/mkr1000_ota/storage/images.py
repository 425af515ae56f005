"""The images that a board was flashed with, kept so that there is a way back."""

import asyncio
from collections.abc import Collection
import hashlib
from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from ..const import DOMAIN

# Images of one board, the running one included: at most 1.2 MB.
KEPT_IMAGES = 5


class ImageLost(Exception):
    """An archived image is not there any more, or is not what it was."""


class Images:
    """The folder of one board's images, each under its SHA-256.

    It lies where Home Assistant keeps its secrets, because an image holds the passwords of its sketch in clear.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the folder; nothing is read or written."""
        self._hass = hass
        self._folder = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.images", entry_id))
        self.sha256s: frozenset[str] = frozenset()
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Look at what is there."""
        self.sha256s = await self._hass.async_add_executor_job(self._list)

    async def store(self, sha256: str, image: bytes) -> None:
        """Keep an image. Raises OSError."""
        async with self._changing:
            await self._hass.async_add_executor_job(self._write, sha256, image)
            self.sha256s |= {sha256}

    async def load(self, sha256: str) -> bytes:
        """Return an image. Raises ImageLost."""
        return await self._hass.async_add_executor_job(self._read, sha256)

    async def keep(self, sha256s: Collection[str]) -> None:
        """Remove every image that is there now but some; what is stored meanwhile stays."""
        removed = self.sha256s.difference(sha256s)
        async with self._changing:
            await self._hass.async_add_executor_job(self._remove, removed)
            self.sha256s -= removed

    async def remove(self) -> None:
        """Remove the folder."""
        await self._hass.async_add_executor_job(lambda: shutil.rmtree(self._folder, ignore_errors=True))

    def _list(self) -> frozenset[str]:
        return frozenset(path.stem for path in self._folder.glob("*.bin"))

    def _write(self, sha256: str, image: bytes) -> None:
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{sha256}.bin"
        # Half an image under its full name would be offered as a way back.
        unfinished = path.with_suffix(".part")
        try:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(image)
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _read(self, sha256: str) -> bytes:
        try:
            image = (self._folder / f"{sha256}.bin").read_bytes()
        except OSError as err:
            raise ImageLost from err
        if hashlib.sha256(image).hexdigest() != sha256:
            raise ImageLost
        return image

    def _remove(self, sha256s: Collection[str]) -> None:
        for sha256 in sha256s:
            (self._folder / f"{sha256}.bin").unlink(missing_ok=True)
