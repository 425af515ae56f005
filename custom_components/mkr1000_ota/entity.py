"""What all entities of a board have in common."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from homeassistant.const import CONF_MAC
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import BoardCoordinator
from .data import BoardConfigEntry, BoardData


class BoardEntity(CoordinatorEntity[BoardCoordinator]):
    """An entity of a board.

    It stays available while the board is offline: an update can be ordered then, and what happened last is still true.
    Its unique id is built on the entry's, so that a board whose MAC address becomes known later keeps its history.
    """

    key: ClassVar[str]
    _attr_has_entity_name = True
    available = True

    def __init__(self, board: BoardData) -> None:
        super().__init__(coordinator := board.coordinator)
        self.installer = board.installer
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.entry_id}_{self.key}"
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


def setup_of(
    entity: type[BoardEntity],
) -> Callable[[HomeAssistant, BoardConfigEntry, AddConfigEntryEntitiesCallback], Awaitable[None]]:
    """Return the `async_setup_entry` of a platform: every board has one entity of each."""

    async def setup(_hass: HomeAssistant, entry: BoardConfigEntry, add: AddConfigEntryEntitiesCallback) -> None:
        add([entity(entry.runtime_data)])

    return setup
