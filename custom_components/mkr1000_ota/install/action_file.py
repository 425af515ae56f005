"""A sketch that an action names, by file or by address."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..arduino_ota import limits
from ..arduino_ota.firmware.fenced_folder import opened
from ..arduino_ota.firmware.fetcher import Fetcher, credentials_of, http_url
from ..arduino_ota.firmware.manifest import signature_beside
from ..arduino_ota.firmware.reasons import Reason
from ..arduino_ota.firmware.release import SourceError
from ..errors import validation_error


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image, what it is called, and the text of the signature beside it."""

    name: str
    image: bytes = field(repr=False)
    signature: str | None = None


async def async_fetch(hass: HomeAssistant, where: Mapping[str, Any]) -> Fetched:
    """Fetch the sketch at `file` or `url`, whichever is given.

    Raises ServiceValidationError when neither is given or the file lies outside the allowed directories, and
    SourceError when it cannot be had.
    """
    if file := where.get("file"):
        try:
            async with asyncio.timeout(limits.FOLDER):
                return await hass.async_add_executor_job(_read, hass, file)
        except TimeoutError:
            raise SourceError(Reason.FOLDER_SILENT, folder=str(Path(file).parent)) from None
    if url := where.get("url"):
        return await _download(hass, url)
    raise validation_error("no_sketch_named")


def _read(hass: HomeAssistant, file: str) -> Fetched:
    if not hass.config.is_allowed_path(file):
        raise validation_error("file_not_allowed", file=file)
    path = Path(file)
    with opened(path.parent) as folder:
        image, _ = folder.read(path.name, limit=limits.FILE)
        try:
            text, _ = folder.read(f"{path.name}.minisig", limit=limits.SIGNATURE)
        except SourceError as err:
            if err.reason is not Reason.FILE_GONE:
                raise
            return Fetched(path.name, image)
    return Fetched(path.name, image, text.decode(errors="replace"))


async def _download(hass: HomeAssistant, address: str) -> Fetched:
    url = http_url(address)
    fetcher = Fetcher(async_get_clientsession(hass), url, credentials_of(url))
    url = url.with_user(None).with_fragment(None)
    image = (await fetcher.get(url, limit=limits.FILE)).body
    try:
        signature = (await fetcher.get(signature_beside(url), limit=limits.SIGNATURE)).body.decode(errors="replace")
    except SourceError:
        # Servers say in many ways that there is none. Where one is needed, nothing is flashed without it.
        signature = None
    return Fetched(url.name or url.host or "", image, signature)
