"""What is being done to a board, and what was done to it last."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .board_data import BoardConfigEntry
from .coordinator import BoardCoordinator
from .data import Stage
from .entity import BoardEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class BoardSensorDescription(SensorEntityDescription):
    """A sensor, and how its value is read off a board."""

    value: Callable[[BoardCoordinator], str | datetime | None]


def _last_flash(board: BoardCoordinator) -> datetime | None:
    history = board.record.history
    return dt_util.utc_from_timestamp(history[0].at) if history else None


_SENSORS = (
    BoardSensorDescription(
        key="activity",
        translation_key="activity",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[stage.value for stage in Stage],
        value=lambda board: board.activity.stage,
    ),
    BoardSensorDescription(
        key="last_flash",
        translation_key="last_flash",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_last_flash,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a board."""
    async_add_entities(BoardSensor(entry.runtime_data.coordinator, description) for description in _SENSORS)


class BoardSensor(BoardEntity, SensorEntity):
    """A fact about a board."""

    entity_description: BoardSensorDescription

    @property
    @override
    def native_value(self) -> str | datetime | None:
        return self.entity_description.value(self.coordinator)
