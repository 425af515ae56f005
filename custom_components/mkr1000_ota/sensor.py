"""Whether an update of a board is in progress."""

from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import EntityCategory

from .coordinator import Stage
from .entity import BoardEntity, setup_of

PARALLEL_UPDATES = 0

IDLE: Final = "idle"
IN_PROGRESS: Final = "in_progress"


class UpdateStatus(BoardEntity, SensorEntity):
    """Whether an install is under way, or waits for its board or its turn; which of these it is, the dialog tells.

    Each change is a line in the activity log.
    """

    key = "status"
    _attr_translation_key = key
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = [IDLE, IN_PROGRESS]

    @property
    @override
    def native_value(self) -> str:
        return IDLE if self.coordinator.state.stage is Stage.IDLE else IN_PROGRESS


async_setup_entry = setup_of(UpdateStatus)
