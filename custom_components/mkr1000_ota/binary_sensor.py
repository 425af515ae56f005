"""Whether a board is online."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory

from .entity import BoardEntity, setup_of

PARALLEL_UPDATES = 0


class Connectivity(BoardEntity, BinarySensorEntity):
    """Whether a board responds; unknown until it was heard or asked for the first time."""

    key = "connectivity"
    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        return self.coordinator.data


async_setup_entry = setup_of(Connectivity)
