"""Whether something is being done to a board."""

from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Stage
from .data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

IDLE: Final = "idle"
WAITING: Final = "waiting"
INSTALLING: Final = "installing"

_STATUS = SensorEntityDescription(
    key="status",
    translation_key="status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[IDLE, WAITING, INSTALLING],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the status of a board."""
    async_add_entities([UpdateStatus(entry.runtime_data, _STATUS)])


class UpdateStatus(BoardEntity, SensorEntity):
    """Whether an install is under way, and whether it had to wait for its board.

    Each change is a line in the activity log, and an update may have two: it is one of both until it ends, and nothing as
    long as it is not known which.
    """

    _attr_native_value: str = IDLE

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        match self.coordinator.state.stage:
            case Stage.IDLE:
                self._attr_native_value = IDLE
            case Stage.WAITING:
                self._attr_native_value = WAITING
            case Stage.DOWNLOADING:
                pass
            case _ if self._attr_native_value == IDLE:
                self._attr_native_value = INSTALLING
        super()._handle_coordinator_update()
