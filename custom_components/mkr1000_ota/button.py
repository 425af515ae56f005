"""Giving up an install that has not begun."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .board_data import Board, BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

_CANCEL = ButtonEntityDescription(
    key="cancel_install", translation_key="cancel_install", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of a board."""
    async_add_entities([CancelInstall(entry.runtime_data)])


class CancelInstall(BoardEntity, ButtonEntity):
    """Cancels an install that waits for its board or its turn."""

    def __init__(self, board: Board) -> None:
        """Cancel installs of a board."""
        super().__init__(board.coordinator, _CANCEL)
        self._installer = board.installer

    @property
    @override
    def available(self) -> bool:
        """There is nothing to press for unless an install waits."""
        return super().available and self.coordinator.activity.can_be_cancelled

    @override
    async def async_press(self) -> None:
        await self._installer.cancel()
