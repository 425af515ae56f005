"""Whether a new sketch does what it is for."""

import asyncio
from datetime import datetime
import time
from typing import Final

import aiohttp
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from ..const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN, LOGGER
from ..coordinator import BoardCoordinator

# In seconds, as the options flow has it.
DEFAULT_TIMEOUT: Final = 60.0
CHECK_INTERVAL: Final = 2.0
REQUEST_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


def has_health_check(board: BoardCoordinator) -> bool:
    """Return whether the options of a board ask for a check."""
    options = board.config_entry.options
    return bool(options.get(CONF_HEALTH_URL) or options.get(CONF_HEALTH_ENTITY))


async def async_becomes_healthy(board: BoardCoordinator) -> bool:
    """Wait until all that is asked for is true; False if it is not within the time that the options give."""
    since = dt_util.utcnow()
    deadline = time.monotonic() + board.config_entry.options.get(CONF_HEALTH_WITHIN, DEFAULT_TIMEOUT)
    while True:
        # What an entity showed before the flash says nothing; one that reports seldom has until the end of the time.
        is_last = time.monotonic() >= deadline
        if _entity_is_available(board, None if is_last else since) and await _url_responds(board):
            return True
        if is_last:
            return False
        await asyncio.sleep(min(CHECK_INTERVAL, max(deadline - time.monotonic(), 0)))


def _entity_is_available(board: BoardCoordinator, since: datetime | None) -> bool:
    if not (entity_id := board.config_entry.options.get(CONF_HEALTH_ENTITY)):
        return True
    state = board.hass.states.get(entity_id)
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return False
    return since is None or state.last_reported >= since


async def _url_responds(board: BoardCoordinator) -> bool:
    if not (template := board.config_entry.options.get(CONF_HEALTH_URL)):
        return True
    try:
        url = template.replace("{host}", board.host)
        async with async_get_clientsession(board.hass).get(url, timeout=REQUEST_TIMEOUT) as response:
            return response.ok
    except Exception as err:  # noqa: BLE001 - whatever a sketch answers with, malformed redirects included, is not healthy
        LOGGER.debug("The health check of %s fails: %s", board.name, type(err).__name__)
        return False
