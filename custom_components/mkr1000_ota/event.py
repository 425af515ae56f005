"""The results of updates, for automations and the activity log."""

from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .arduino_ota.flash.verdict import Verdict
from .data import BoardConfigEntry
from .entity import BoardEntity
from .install.health_check import UNHEALTHY
from .install.outcome import FAILED, ROLLED_BACK, end_signal

PARALLEL_UPDATES = 0

_RESULT = EventEntityDescription(
    key="update_result",
    translation_key="update_result",
    event_types=[*(verdict.value for verdict in Verdict), FAILED, ROLLED_BACK, UNHEALTHY],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entity of a board."""
    async_add_entities([UpdateResult(entry.runtime_data, _RESULT)])


class UpdateResult(BoardEntity, EventEntity):
    """How an update ended, good or bad."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        signal = end_signal(self.coordinator.config_entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._ended))

    @callback
    def _ended(self, event_type: str, attributes: dict[str, Any]) -> None:
        self._trigger_event(event_type, attributes)
        self.async_write_ha_state()
