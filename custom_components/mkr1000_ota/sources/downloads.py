"""Images that were downloaded from servers, each once, however many boards use it and however often they are asked."""

import hashlib

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton

from ..arduino_ota.firmware.release import FirmwareSource, Release
from ..const import DOMAIN, LOGGER
from ..network.identity import other_entries
from ..storage.images import ImageLost, Images

# The newest of some servers: what is older was offered long ago, and is downloaded again if somebody wants it.
_KEPT = 20


class Downloads:
    """Keeps the images that were downloaded last by their SHA-256."""

    def __init__(self, hass: HomeAssistant, images: Images) -> None:
        self._hass = hass
        self._images = images
        self._latest: list[str] = sorted(images.sha256s)

    async def image(self, source: FirmwareSource, release: Release) -> bytes:
        """Return the image of a release of a server. Raises SourceError."""
        if release.sha256 in self._images.sha256s:
            try:
                return await self._images.load(release.sha256)
            except ImageLost:
                LOGGER.debug("Downloading %s again", release.label)
        image = await source.image(release)
        if not other_entries(self._hass, None):
            # The last board was removed meanwhile.
            return image
        sha256 = hashlib.sha256(image).hexdigest()
        self._latest = [*(one for one in self._latest if one != sha256), sha256][-_KEPT:]
        try:
            await self._images.store(sha256, image)
            await self._images.keep(lambda: self._latest)
        except OSError as err:
            LOGGER.debug("%s is not kept: %s", release.label, err.strerror)
        return image

    async def remove(self) -> None:
        self._latest.clear()
        await self._images.remove()


@singleton(f"{DOMAIN}_downloads")
async def async_get_downloads(hass: HomeAssistant) -> Downloads:
    """Return the downloads of all boards."""
    images = Images(hass, "downloads")
    await images.open()
    return Downloads(hass, images)
