"""The results of updates, for automations and the activity log."""

from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .arduino_ota.flash.verdict import Verdict
from .entity import BoardEntity, setup_of
from .install.health_check import UNHEALTHY
from .install.outcome import FAILED, ROLLED_BACK, end_signal

PARALLEL_UPDATES = 0


class UpdateResult(BoardEntity, EventEntity):
    """How an update ended, good or bad."""

    key = "update_result"
    _attr_translation_key = key
    _attr_event_types = [*(verdict.value for verdict in Verdict), FAILED, ROLLED_BACK, UNHEALTHY]

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        signal = end_signal(self.coordinator.config_entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._ended))

    @callback
    def _ended(self, event_type: str, attributes: dict[str, Any]) -> None:
        self._trigger_event(event_type, attributes)
        self.async_write_ha_state()


async_setup_entry = setup_of(UpdateResult)
