"""Where the sketches of a board come from."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR

from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.github import API, DEFAULT_ASSET, GitHubSource
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
from ..errors import FormError, setup_error


def source_of(hass: HomeAssistant, entry: ConfigEntry) -> FirmwareSource:
    """Return the source that is chosen in the options of an entry, a folder where that is none that can be.

    Raises ConfigEntryError if no server has such an address.
    """
    options = entry.options
    if options.get(CONF_SOURCE) in (SourceKind.MANIFEST, SourceKind.GITHUB):
        try:
            return server_of(hass, dict(options))
        except SourceError as err:
            raise setup_error(f"source_{err.reason}", **err.placeholders) from None
    base = Path(hass.config.config_dir)
    folder = base / options.get(CONF_FOLDER, DOMAIN)
    # Boards have folders of their own in this one, unless a person has chosen it as such.
    above = base / DOMAIN
    chosen = {one.options.get(CONF_FOLDER) for one in hass.config_entries.async_entries(DOMAIN)}
    is_shared = folder.parent == above and DOMAIN not in chosen
    # Elsewhere it may be on a network drive that comes late: an empty folder in its place would be no help.
    make = folder.is_relative_to(above)
    return FolderSource(folder, base=base, above=above if is_shared else None, make=make)


def prepare_folder(config_dir: str, typed: str) -> str:
    """Make a firmware folder that a person has typed, and return it relative to the configuration directory. Blocking.

    Raises FormError if it lies outside, and SourceError if it cannot be used.
    """
    base = Path(config_dir).resolve()
    # As Windows writes it; a share, a drive, or the home of a user is elsewhere.
    path = typed.strip().replace("\\", "/")
    try:
        folder = (base / Path(path).expanduser()).resolve()
        if folder == base or not folder.is_relative_to(base) or ":" in path:
            raise FormError("folder_outside", CONF_FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        next(folder.iterdir(), None)
    except OSError as err:
        raise SourceError(Reason.FOLDER_UNREADABLE, folder=typed, error=words_of(err)) from err
    except ValueError, RuntimeError:
        raise FormError("folder_outside", CONF_FOLDER) from None
    return folder.relative_to(base).as_posix()


def server_of(hass: HomeAssistant, options: dict[str, Any]) -> ManifestSource | GitHubSource:
    """Return the server that options name. Raises SourceError if they name none."""
    session = async_get_clientsession(hass)
    if options[CONF_SOURCE] == SourceKind.MANIFEST:
        return ManifestSource(session, options.get(CONF_MANIFEST_URL, ""))
    return GitHubSource(
        session,
        options.get(CONF_REPOSITORY, ""),
        options.get(CONF_ASSET, DEFAULT_ASSET),
        prereleases=options.get(CONF_PRERELEASES, False),
        token=options.get(CONF_TOKEN),
        api=API,
    )


def uploads_of(hass: HomeAssistant, entry_id: str) -> UploadedSource:
    """Return the source of what was uploaded for a board."""
    return UploadedSource(Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.uploads", entry_id)))
