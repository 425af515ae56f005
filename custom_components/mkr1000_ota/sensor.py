"""Whether an update of a board is in progress."""

from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Stage
from .data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

IDLE: Final = "idle"
IN_PROGRESS: Final = "in_progress"

_STATUS = SensorEntityDescription(
    key="status",
    translation_key="status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[IDLE, IN_PROGRESS],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the status of a board."""
    async_add_entities([UpdateStatus(entry.runtime_data, _STATUS)])


class UpdateStatus(BoardEntity, SensorEntity):
    """Whether an install is under way, or waits for its board or its turn; which of these it is, the dialog tells.

    Each change is a line in the activity log.
    """

    @property
    @override
    def native_value(self) -> str:
        return IDLE if self.coordinator.state.stage is Stage.IDLE else IN_PROGRESS
