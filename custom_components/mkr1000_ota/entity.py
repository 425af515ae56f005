"""What all entities of a board have in common."""

from homeassistant.const import CONF_MAC
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import BoardCoordinator
from .data import BoardData


class BoardEntity(CoordinatorEntity[BoardCoordinator]):
    """An entity of a board.

    It stays available while the board is offline: an update can be ordered then, and what happened last is still true.
    Its unique id is built on the entry's, so that a board whose MAC address becomes known later keeps its history.
    """

    _attr_has_entity_name = True
    available = True

    def __init__(self, board: BoardData, description: EntityDescription) -> None:
        super().__init__(coordinator := board.coordinator)
        self.installer = board.installer
        self.entity_description = description
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        mac = entry.data.get(CONF_MAC)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)},
            connections={(CONNECTION_NETWORK_MAC, mac)} if mac else set(),
            name=entry.title,
            manufacturer="Arduino",
            model=coordinator.model.name.removeprefix("Arduino "),
            # What descriptions of sketches call it. One icon fits all models.
            model_id=coordinator.model.id,
            sw_version=coordinator.record.version,
        )

    async def async_require_admin(self) -> None:
        """Refuse whoever may not install updates either; automations pass. Raises Unauthorized."""
        context = self._context
        if context is None or context.user_id is None:
            return
        user = await self.hass.auth.async_get_user(context.user_id)
        if user is None or not user.is_admin:
            raise Unauthorized(context=context, entity_id=self.entity_id)
