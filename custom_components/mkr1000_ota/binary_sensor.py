"""Whether a board is online."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

_CONNECTIVITY = BinarySensorEntityDescription(
    key="connectivity", device_class=BinarySensorDeviceClass.CONNECTIVITY, entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the connectivity sensor of a board."""
    async_add_entities([Connectivity(entry.runtime_data, _CONNECTIVITY)])


class Connectivity(BoardEntity, BinarySensorEntity):
    """Whether a board responds; unknown until it was heard or asked for the first time."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.coordinator.data
