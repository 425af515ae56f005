"""Choosing which version the update entity offers."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .board_data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

NEWEST = "newest"

_OFFERED = SelectEntityDescription(
    key="offered_version", translation_key="offered_version", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the version selector of a board."""
    async_add_entities([OfferedVersion(entry.runtime_data.coordinator, _OFFERED)])


class OfferedVersion(BoardEntity, SelectEntity):
    """The version that is offered: the newest, or any one that can still be had."""

    @property
    @override
    def options(self) -> list[str]:
        return [NEWEST, *self.coordinator.versions]

    @property
    @override
    def current_option(self) -> str:
        pinned = self.coordinator.record.pinned_version
        return pinned if pinned in self.coordinator.versions else NEWEST

    @override
    async def async_select_option(self, option: str) -> None:
        record = self.coordinator.record
        record.pinned_version = None if option == NEWEST else option
        await record.save()
        self.coordinator.async_update_listeners()
