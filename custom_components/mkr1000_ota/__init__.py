"""Flash Arduino MKR1000 boards over the air."""

import asyncio
from dataclasses import replace
from typing import Final

from homeassistant.const import CONF_PASSWORD, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import BoardCoordinator
from .data import BoardConfigEntry, BoardData
from .errors import setup_error
from .install.health_check import async_follow_health_entity
from .install.installer import BoardInstaller
from .issues import async_clear
from .network.discovery_flows import DiscoveryFlows
from .network.duplicate_names import async_watch_duplicate_names
from .network.identity import other_entries
from .network.mdns import async_get_querier
from .presence.tracker import async_get_tracker
from .services import async_register_actions
from .sources.chosen import uploads_of
from .sources.downloads import async_get_downloads
from .storage.images import Images
from .storage.store import RecordUnreadable, async_get_store

# Seconds that the set-up of a board waits for sources that nothing is remembered of; the board is usable without.
FIRST_REFRESH_TIMEOUT: Final = 1.0
# Home Assistant sets up all entries at once: a thousand of them, with all their entities, would stop it for seconds.
_SETUP_SLOTS: Final = 2

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what exists whether a board is set up or not."""
    # From now on the sentences that say why an issue was raised are at hand.
    await async_get_translations(hass, hass.config.language, "exceptions", [DOMAIN])
    async_register_actions(hass)
    async_watch_duplicate_names(hass)
    DiscoveryFlows(hass)
    async_at_started(hass, _refresh_offers)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> bool:
    """Set up a board, online or not: one that is offline can be told to update when it is back."""

    @callback
    def clear_if_disabled() -> None:
        if entry.disabled_by is not None:
            # Nothing can be done about the board; what is true of it is told again when it is set up.
            async_clear(hass, entry.entry_id)

    # What is added first is called last, when nothing is reported anymore.
    entry.async_on_unload(clear_if_disabled)
    store = async_get_store(hass, entry.entry_id)
    try:
        await store.load()
    except RecordUnreadable as err:
        raise setup_error(err.key, file=store.path.name, problem=err.problem) from None
    entry.async_on_unload(async_get_querier(hass).async_start())

    async with _setup_slots(hass):
        images = Images(hass, entry.entry_id)
        await images.open()
        board = BoardCoordinator(hass, entry, store, images)
    # Otherwise every restart would look as if an update had just come out, one that was skipped, too.
    unknown = [board.sources.uploads.first_refresh]
    if store.record.source_memory.release is None:
        unknown.append(board.sources.chosen.first_refresh)
    await asyncio.wait(unknown, timeout=FIRST_REFRESH_TIMEOUT)

    async with _setup_slots(hass):
        if store.record.keyring.current is None:
            await board.async_accept_password(entry.data[CONF_PASSWORD])
        elif (password := entry.data[CONF_PASSWORD]) not in store.record.keyring.passwords:
            # The record comes from an older backup than the entry.
            await store.note(lambda record: replace(record, keyring=record.keyring.also(password)))
        # The record is on the disk at once, the entry a moment later: after a crash in between the record is right.
        board.show_password()
        board.refresh_offers()
        installer = BoardInstaller(board)
        entry.runtime_data = BoardData(board, installer)
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    entry.async_on_unload(async_get_tracker(hass).async_follow(board, installer.on_response))
    entry.async_on_unload(installer.recover())
    entry.async_on_unload(async_follow_health_entity(hass, entry))
    if hass.is_running:
        _refresh_offers(hass)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> bool:
    """Unload a board; an upload is broken off, and what became of it is found out when the board is set up again."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> None:
    """Forget a board with its passwords and images, in whatever state they are; with the last one, what all of them share."""
    async_clear(hass, entry.entry_id)
    await async_get_store(hass, entry.entry_id).remove()
    await Images(hass, entry.entry_id).remove()
    await uploads_of(hass, entry.entry_id).remove()
    if not other_entries(hass, entry):
        await (await async_get_downloads(hass)).remove()


@callback
def _refresh_offers(hass: HomeAssistant) -> None:
    """Find out anew what is on offer for each board: which sketch is for which depends on the names of all of them."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        entry.runtime_data.coordinator.refresh_offers()


@singleton(f"{DOMAIN}_setup_slots")
def _setup_slots(_hass: HomeAssistant) -> asyncio.Semaphore:
    return asyncio.Semaphore(_SETUP_SLOTS)
