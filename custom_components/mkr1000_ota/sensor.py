"""Whether something is being done to a board."""

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
    """Whether an install is under way, or waits for its board.

    Each change is a line in the activity log, so that what lasts seconds before it is known which of both shows nothing.
    """

    @property
    @override
    def native_value(self) -> str:
        match self.coordinator.state.stage:
            case Stage.IDLE | Stage.DOWNLOADING:
                return IDLE
            case Stage.WAITING:
                return WAITING
            case _:
                return INSTALLING
