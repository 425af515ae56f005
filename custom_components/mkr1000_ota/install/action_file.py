"""A sketch that an action names, by file or by address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..arduino_ota.firmware.description import LARGEST_FILE
from ..arduino_ota.firmware.directory import read_inside
from ..arduino_ota.firmware.fetcher import Fetcher, Kind, OriginHeaders, http_url
from ..arduino_ota.firmware.manifest import signature_beside
from ..arduino_ota.firmware.reasons import Reason
from ..arduino_ota.firmware.release import LARGEST_SIGNATURE, SourceError
from ..errors import validation_error

SIGNATURE_SUFFIX = ".minisig"


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
        return await hass.async_add_executor_job(_read, hass, file)
    if url := where.get("url"):
        return await _download(hass, url)
    raise validation_error("no_sketch_named")


def _read(hass: HomeAssistant, file: str) -> Fetched:
    if not hass.config.is_allowed_path(file):
        raise validation_error("file_not_allowed", file=file)
    path = Path(file)
    try:
        if path.exists() and not path.is_file():
            # A pipe would be waited for, for ever.
            raise SourceError(Reason.FILE_UNREADABLE, file=path.name, error="It is no regular file")
        with path.open("rb") as opened:
            image = opened.read(LARGEST_FILE + 1)
    except OSError as err:
        raise SourceError(Reason.FILE_UNREADABLE, file=path.name, error=err.strerror or str(err)) from err
    try:
        text, _ = read_inside(path.parent, path.name + SIGNATURE_SUFFIX, limit=LARGEST_SIGNATURE)
    except SourceError as err:
        if err.reason is not Reason.FILE_GONE:
            raise
        return Fetched(path.name, image)
    return Fetched(path.name, image, text.decode(errors="replace"))


async def _download(hass: HomeAssistant, address: str) -> Fetched:
    url = http_url(address)
    fetcher = Fetcher(async_get_clientsession(hass), private=OriginHeaders.of_url(url))
    url = url.with_user(None).with_fragment(None)
    answer = await fetcher.get(url, Kind.IMAGE, limit=LARGEST_FILE)
    try:
        beside = await fetcher.get(signature_beside(url), Kind.TEXT, limit=LARGEST_SIGNATURE)
    except SourceError:
        # Servers say in many ways that there is none. Where one is needed, nothing is flashed without it.
        signature = None
    else:
        signature = beside.body.decode(errors="replace")
    return Fetched(url.name or url.host or "", answer.body, signature)
