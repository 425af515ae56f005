"""What was uploaded for a board."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from custom_components.mkr1000_ota.sources.chosen import uploads_of


async def uploaded(home: HomeAssistant, entry: ConfigEntry) -> Release | None:
    """Return the upload that is kept for a board."""
    releases = (await uploads_of(home, entry.entry_id).catalog()).releases
    return releases[0] if releases else None
