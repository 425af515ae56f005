"""The integration's lines on the system health page."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .network.mdns import async_get_querier


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    boards = [entry.runtime_data.coordinator for entry in hass.config_entries.async_loaded_entries(DOMAIN)]
    return {
        "boards": len(boards),
        "online": sum(bool(board.data) for board in boards),
        "heard": len(async_get_querier(hass).sightings),
        "unfinished": sum(board.record.pending is not None for board in boards),
    }
