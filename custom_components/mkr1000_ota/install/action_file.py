"""A sketch that an action names, by file or by address."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import os
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
from ..arduino_ota.text import fit_to_show
from ..errors import validation_error


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image, what it is called, and the text of the signature beside it."""

    name: str
    image: bytes = field(repr=False)
    signature: str | None = None


async def async_fetch(hass: HomeAssistant, where: Mapping[str, Any]) -> Fetched:
    """Fetch the sketch at `file` or `url`, whichever is given.

    Raises ServiceValidationError unless one of them is given, or if the file lies outside the allowed directories, and
    SourceError when it cannot be had.
    """
    file, url = where.get("file"), where.get("url")
    if bool(file) is bool(url):
        raise validation_error("no_sketch_named")
    if file:
        try:
            async with asyncio.timeout(limits.FOLDER):
                return await hass.async_add_executor_job(_read, hass, file)
        except TimeoutError:
            raise SourceError(Reason.FOLDER_SILENT, folder=str(Path(file).parent)) from None
    return await _download(hass, str(url))


def _read(hass: HomeAssistant, file: str) -> Fetched:
    path, base = Path(file), None
    name = fit_to_show(path.name, limits.LINE)
    with suppress(ValueError):
        parent = Path(os.path.realpath(path.parent))
        if hass.config.is_allowed_path(file):
            allowed = hass.config.allowlist_external_dirs
            base = next((Path(each) for each in allowed if (parent / path.name).is_relative_to(each)), None)
    if base is None:
        raise validation_error("file_not_allowed", file=fit_to_show(file, limits.LINE))
    # From what is allowed on, or from what holds just that: a folder that has become a link since is not followed.
    with opened(parent, min(base, parent)) as folder:
        image, _ = folder.read(path.name, limit=limits.FILE)
        try:
            text, _ = folder.read(f"{path.name}.minisig", limit=limits.SIGNATURE)
        except SourceError as err:
            if err.reason is not Reason.FILE_GONE:
                raise
            return Fetched(name, image)
    return Fetched(name, image, text.decode(errors="replace"))


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
    return Fetched(fit_to_show(url.name, limits.LINE) or url.host or "", image, signature)
