"""Choosing which version the update entity offers."""

from dataclasses import replace
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import BoardConfigEntry
from .entity import BoardEntity

PARALLEL_UPDATES = 0

LATEST: Final = "latest"

_OFFERED = SelectEntityDescription(
    key="version_to_offer", translation_key="version_to_offer", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the version selector of a board."""
    async_add_entities([VersionToOffer(entry.runtime_data, _OFFERED)])


class VersionToOffer(BoardEntity, SelectEntity):
    """The version that is offered: the latest, or any one that is available."""

    @property
    @override
    def options(self) -> list[str]:
        return [LATEST, *self.coordinator.versions]

    @property
    @override
    def current_option(self) -> str:
        chosen = self.coordinator.record.chosen
        return chosen if chosen in self.coordinator.versions else LATEST

    @override
    async def async_select_option(self, option: str) -> None:
        await self.async_require_admin()
        chosen = None if option == LATEST else option
        await self.coordinator.store.note(lambda record: replace(record, chosen=chosen))
        self.coordinator.refresh_offers()
