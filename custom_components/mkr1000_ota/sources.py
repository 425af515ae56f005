"""Where the sketches of a board come from."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_FOLDER, LOGGER
from .firmware.folder import FolderSource
from .firmware.release import FirmwareSource


async def source_of(hass: HomeAssistant, entry: ConfigEntry) -> FirmwareSource:
    """Return the source that is chosen in the options of an entry."""
    folder = Path(hass.config.path(entry.options[CONF_FOLDER]))
    await hass.async_add_executor_job(_make, folder)
    return FolderSource(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        LOGGER.warning("The firmware folder %s cannot be made: %s", folder, err)
