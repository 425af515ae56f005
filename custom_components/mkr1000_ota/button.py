"""Canceling an update that waits for its board."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory

from .entity import BoardEntity, setup_of

PARALLEL_UPDATES = 0


class CancelUpdate(BoardEntity, ButtonEntity):
    """Cancels an update that waits for its board or its turn."""

    key = "cancel_update"
    _attr_translation_key = key
    _attr_entity_category = EntityCategory.CONFIG

    @override
    async def async_press(self) -> None:
        await self.async_require_admin()
        await self.installer.cancel()


async_setup_entry = setup_of(CancelUpdate)
