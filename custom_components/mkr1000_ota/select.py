"""Choosing which version the update entity offers."""

from dataclasses import replace
from typing import Final, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory

from .entity import BoardEntity, setup_of

PARALLEL_UPDATES = 0

LATEST: Final = "latest"


class VersionToOffer(BoardEntity, SelectEntity):
    """The version that is offered: the latest, or any one that is available."""

    key = "version_to_offer"
    _attr_translation_key = key
    _attr_entity_category = EntityCategory.CONFIG

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


async_setup_entry = setup_of(VersionToOffer)
