"""Whether a new sketch does what it is for."""

import asyncio
import time

import aiohttp
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN
from .coordinator import BoardCoordinator

ASK_EVERY = 2.0
ANSWER_WITHIN = aiohttp.ClientTimeout(total=5)


def has_health_check(board: BoardCoordinator) -> bool:
    """Return whether the options of a board ask for a check."""
    options = board.config_entry.options
    return bool(options.get(CONF_HEALTH_URL) or options.get(CONF_HEALTH_ENTITY))


async def async_becomes_healthy(board: BoardCoordinator) -> bool:
    """Wait until all that is asked for is true; False if it is not within the time that the options give."""
    options = board.config_entry.options
    deadline = time.monotonic() + options[CONF_HEALTH_WITHIN]
    while not (_entity_is_available(board) and await _url_answers(board)):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(min(ASK_EVERY, options[CONF_HEALTH_WITHIN]))
    return True


def _entity_is_available(board: BoardCoordinator) -> bool:
    if not (entity_id := board.config_entry.options.get(CONF_HEALTH_ENTITY)):
        return True
    state = board.hass.states.get(entity_id)
    return state is not None and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)


async def _url_answers(board: BoardCoordinator) -> bool:
    if not (template := board.config_entry.options.get(CONF_HEALTH_URL)):
        return True
    url = template.replace("{host}", board.host)
    try:
        async with async_get_clientsession(board.hass).get(url, timeout=ANSWER_WITHIN) as answer:
            return answer.ok
    except aiohttp.ClientError, TimeoutError:
        return False
