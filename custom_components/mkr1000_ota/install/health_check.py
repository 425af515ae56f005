"""Whether a new sketch does what it is for."""

import asyncio
from datetime import datetime
import time

import aiohttp
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from ..const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN
from ..coordinator import BoardCoordinator

# In seconds, as the options flow has it.
DEFAULT_WITHIN = 60.0
ASK_EVERY = 2.0
ANSWER_WITHIN = aiohttp.ClientTimeout(total=5)


def has_health_check(board: BoardCoordinator) -> bool:
    """Return whether the options of a board ask for a check."""
    options = board.config_entry.options
    return bool(options.get(CONF_HEALTH_URL) or options.get(CONF_HEALTH_ENTITY))


async def async_becomes_healthy(board: BoardCoordinator) -> bool:
    """Wait until all that is asked for is true; False if it is not within the time that the options give."""
    within = board.config_entry.options.get(CONF_HEALTH_WITHIN, DEFAULT_WITHIN)
    since = dt_util.utcnow()
    deadline = time.monotonic() + within
    while True:
        # What an entity showed before the flash says nothing; one that reports seldom has until the end of the time.
        is_last = time.monotonic() >= deadline
        if _entity_is_available(board, None if is_last else since) and await _url_answers(board):
            return True
        if is_last:
            return False
        await asyncio.sleep(min(ASK_EVERY, max(deadline - time.monotonic(), 0)))


def _entity_is_available(board: BoardCoordinator, since: datetime | None) -> bool:
    if not (entity_id := board.config_entry.options.get(CONF_HEALTH_ENTITY)):
        return True
    state = board.hass.states.get(entity_id)
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return False
    return since is None or state.last_reported >= since


async def _url_answers(board: BoardCoordinator) -> bool:
    if not (template := board.config_entry.options.get(CONF_HEALTH_URL)):
        return True
    url = template.replace("{host}", board.host)
    try:
        async with async_get_clientsession(board.hass).get(url, timeout=ANSWER_WITHIN) as answer:
            return answer.ok
    except aiohttp.ClientError, TimeoutError:
        return False
