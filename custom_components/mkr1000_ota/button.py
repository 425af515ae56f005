"""Canceling an update that waits for its board."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

_CANCEL = ButtonEntityDescription(
    key="cancel_update", translation_key="cancel_update", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of a board."""
    async_add_entities([CancelUpdate(entry.runtime_data, _CANCEL)])


class CancelUpdate(BoardEntity, ButtonEntity):
    """Cancels an update that waits for its board or its turn."""

    @override
    async def async_press(self) -> None:
        await self.async_require_admin()
        await self.installer.cancel()
