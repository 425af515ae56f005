"""Flash Arduino MKR1000 boards over the air."""

import asyncio
from functools import partial
from typing import Final

from homeassistant.const import CONF_PASSWORD, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .board_data import Board, BoardConfigEntry
from .const import DOMAIN
from .coordinator import BoardCoordinator
from .install.installer import Installer
from .install.outcome import async_clear_issues
from .install.reconnect import Homecoming
from .install.recovery import async_finish
from .network.duplicate_names import async_watch_namesakes
from .presence.renamed import async_forget_renamed
from .services import async_register_actions
from .shared import async_shared
from .sources.chosen import source_of, uploads_of
from .storage.images import Archive

# Seconds that the set-up of a board waits for a source; the board is usable without.
FIRST_LOOK_WITHIN: Final = 5.0

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
    async_register_actions(hass)
    async_watch_namesakes(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> bool:
    """Set up a board, there or not: a board that is away can be told to update when it is back."""
    shared = await async_shared(hass)
    entry.async_on_unload(shared.join())

    async with shared.setting_up:
        catalog, release = shared.catalogs.use(await source_of(hass, entry), entry)
    entry.async_on_unload(release)
    # Otherwise every restart would look as if an update had just come out.
    await asyncio.wait((catalog.first_look,), timeout=FIRST_LOOK_WITHIN)

    async with shared.setting_up:
        board = BoardCoordinator(hass, entry, shared, catalog)
        await board.archive.open()
        await board.unlock(entry.data[CONF_PASSWORD])
        installer = Installer(board)
        homecoming = Homecoming(board)
        entry.runtime_data = Board(board, installer, homecoming)
        entry.async_on_unload(catalog.async_add_listener(board.async_update_listeners))
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    entry.async_on_unload(partial(async_forget_renamed, hass, entry.entry_id))
    entry.async_on_unload(shared.presence.follow(homecoming))
    entry.async_on_unload(installer.async_keep_proving())
    async_finish(entry.runtime_data)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> bool:
    """Unload a board; an upload is broken off, and what became of it is found out when the board is set up again."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: BoardConfigEntry) -> None:
    """Forget a board with its passwords."""
    shared = await async_shared(hass)
    async_clear_issues(hass, entry.entry_id)
    await shared.store.forget(entry.entry_id)
    await Archive(hass, entry.entry_id).remove()
    await uploads_of(hass, entry.entry_id).remove()
