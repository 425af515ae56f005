"""The integration's lines on the system health page."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .shared import async_shared


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    boards = [
        entry.runtime_data.coordinator
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state is ConfigEntryState.LOADED
    ]
    shared = await async_shared(hass)
    return {
        "boards": len(boards),
        "reachable": sum(bool(board.data.reachable) for board in boards),
        "heard": len(shared.asker.sightings),
        "unfinished_flashes": sum(board.record.pending is not None for board in boards),
    }
