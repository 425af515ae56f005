"""Where the sketches of a board come from."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR

from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.github import API, GitHubSource
from ..arduino_ota.firmware.manifest import ManifestSource
from ..arduino_ota.firmware.reasons import Reason
from ..arduino_ota.firmware.release import FirmwareSource, SourceError
from ..arduino_ota.firmware.upload import UploadedSource
from ..arduino_ota.text import words_of
from ..const import (
    CONF_ASSET,
    CONF_FOLDER,
    CONF_MANIFEST_URL,
    CONF_PRERELEASES,
    CONF_REPOSITORY,
    CONF_SOURCE,
    CONF_TOKEN,
    DOMAIN,
    SourceKind,
)
from ..errors import FormError


def source_of(hass: HomeAssistant, entry: ConfigEntry) -> FirmwareSource:
    """Return the source that is chosen in the options of an entry."""
    options = entry.options
    match SourceKind(options.get(CONF_SOURCE, SourceKind.FOLDER)):
        case SourceKind.FOLDER:
            folder = Path(hass.config.path(options[CONF_FOLDER]))
            # Not here: a network drive that hangs would hold up the set-up of its boards.
            return FolderSource(
                folder, base=Path(hass.config.config_dir), above=_above(hass, options[CONF_FOLDER]), make=True
            )
        case SourceKind.UPLOAD:
            return uploads_of(hass, entry.entry_id)
        case _:
            return server_of(hass, dict(options))


def _above(hass: HomeAssistant, folder: str) -> Path | None:
    """Return the folder that those of boards are in: sketches are dropped there by mistake. One of them tells of it."""
    above = Path(folder).parent
    others = (entry.options.get(CONF_FOLDER) for entry in hass.config_entries.async_entries(DOMAIN))
    folders = [Path(other) for other in others if other]
    first = next((other for other in folders if other.parent == above), None)
    is_told_here = above != Path() and above not in folders and first == Path(folder)
    return Path(hass.config.path(str(above))) if is_told_here else None


def prepare_folder(config_dir: str, typed: str) -> str:
    """Make a firmware folder that a person has typed, and return it relative to the configuration directory. Blocking.

    Raises FormError if it lies outside, and SourceError if it cannot be used.
    """
    base = Path(config_dir).resolve()
    try:
        folder = (base / typed.strip()).resolve()
        if folder == base or not folder.is_relative_to(base):
            raise FormError("folder_outside", CONF_FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        next(folder.iterdir(), None)
    except OSError as err:
        raise SourceError(Reason.FOLDER_UNREADABLE, folder=typed, error=words_of(err)) from err
    except ValueError:
        raise FormError("folder_outside", CONF_FOLDER) from None
    return folder.relative_to(base).as_posix()


def server_of(hass: HomeAssistant, options: dict[str, Any]) -> ManifestSource | GitHubSource:
    """Return the server that options name. Raises SourceError if they name none."""
    session = async_get_clientsession(hass)
    if options[CONF_SOURCE] == SourceKind.MANIFEST:
        return ManifestSource(session, options[CONF_MANIFEST_URL])
    return GitHubSource(
        session,
        options[CONF_REPOSITORY],
        options[CONF_ASSET],
        prereleases=options[CONF_PRERELEASES],
        token=options.get(CONF_TOKEN),
        api=API,
    )


def uploads_of(hass: HomeAssistant, entry_id: str) -> UploadedSource:
    """Return the source of what was uploaded for a board."""
    return UploadedSource(Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.uploads", entry_id)))
