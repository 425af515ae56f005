"""What all entities of a board have in common."""

from typing import override

from homeassistant.const import CONF_MAC
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import BoardCoordinator


class BoardEntity(CoordinatorEntity[BoardCoordinator]):
    """An entity of a board.

    It stays available while the board is away: an update can be ordered then, and what happened last is still true.
    Its unique id is built on the entry's, so that a board whose hardware address becomes known later keeps its history.
    """

    _attr_has_entity_name = True

    def __init__(self, coordinator: BoardCoordinator, description: EntityDescription) -> None:
        """Describe an entity of a board."""
        super().__init__(coordinator)
        self.entity_description = description
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        mac = entry.data.get(CONF_MAC)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)},
            connections={(CONNECTION_NETWORK_MAC, mac)} if mac else set(),
            name=entry.title,
            manufacturer="Arduino",
            model="MKR1000",
            model_id=coordinator.library,
            sw_version=coordinator.record.installed_version,
        )

    @property
    @override
    def available(self) -> bool:
        """A board that is away has entities that are right."""
        return True
