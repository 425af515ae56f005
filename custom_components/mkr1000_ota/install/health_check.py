"""Whether a new sketch does what it is for, and going back, once, to the one before it if it does not."""

import asyncio
from dataclasses import replace
from datetime import datetime
import time
from typing import Final

import aiohttp
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED, EventEntityRegistryUpdatedData
from homeassistant.util import dt as dt_util

from ..arduino_ota.errors import WrongPassword
from ..arduino_ota.flash.verdict import Verdict
from ..const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN, DEFAULT_HEALTH_WITHIN, LOGGER
from ..coordinator import BoardCoordinator, InstallState, Stage
from ..data import InstallEnd
from ..errors import translated_error
from ..issues import Kind
from ..network.identity import async_peer
from ..presence.asking import async_recognize
from .flashing import FlashedElsewhere, async_flash, async_refuse_other_sketch, flash_slots
from .notices import async_raise_notices
from .outcome import async_apply_outcome, async_show_record
from .prepare import ALLOWED_TO_RUN, async_prepare, request_for_archived

UNHEALTHY: Final = "unhealthy"
CHECK_INTERVAL: Final = 2.0
REQUEST_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


async def async_check_health(board: BoardCoordinator, end: InstallEnd) -> InstallEnd:
    """Return how an install ends whose sketch runs and is healthy, or how going back from it does."""
    if (running := board.record.running) is None or not running.health_due:
        return end
    if has_health_check(board):
        if board.hass.state is not CoreState.running:
            # It is judged at the end of the start: until then entities are unavailable without any fault of the sketch.
            return replace(end, event=None)
        board.set_state(InstallState(Stage.CHECKING_HEALTH, running.version))
    if not has_health_check(board) or await async_becomes_healthy(board):
        await board.store.note(lambda record: record.judged(healthy=True))
        return end
    # If nobody knows what the board ran, it may have been nothing from here.
    target = board.rollback_target if running.previous_version is not None else None
    # Until it has succeeded, going back has failed: whatever ends it, that is what a person has to know.
    facts = {"board": board.name, "version": running.version, "previous": target.version if target else ""}
    reason = translated_error("not_rolled_back" if target else "unhealthy", **facts)

    rollback_to = target.sha256 if target else None
    await board.store.note(
        lambda record: record.judged(healthy=False, rollback_to=rollback_to).with_notice(
            Kind.UNHEALTHY, reason, running.version
        )
    )
    if target is not None and (rolled_back := await async_roll_back(board)) is not None:
        return rolled_back
    if target is not None and board.record.rollback_to is None:
        # It runs something else, or nobody knows which of both: that is not tried again.
        key = "verdict_uncertain" if Kind.UNCERTAIN in board.record.notices else "verdict_foreign"
        reason = translated_error(key, board=board.name, version=target.version)
    async_raise_notices(board)
    told = {"from": running.version, "to": board.record.version}
    return InstallEnd(event=UNHEALTHY, attributes=told, error=reason)


async def async_roll_back(board: BoardCoordinator) -> InstallEnd | None:
    """Flash the build that takes the place of one that is not healthy; None unless the board runs it then."""
    target = next((one for one in board.record.history if one.sha256 == board.record.rollback_to), None)
    if target is None or (unhealthy := board.record.running) is None:
        return None
    try:
        order = await async_prepare(board, request_for_archived(board, target, tuple(ALLOWED_TO_RUN)))
        async with board.lock:
            library = await async_recognize(board)
        peer, own = await async_peer(board.hass, board.host, board.config_entry), board.announced.own
        name = peer.last_name
        if None not in (name, own) and name != own:
            # Whether it runs another sketch by now, or somebody has made that name up, is known minutes later.
            return None
        try:
            await async_refuse_other_sketch(board, library, unhealthy.library, None)
        except FlashedElsewhere, WrongPassword:
            # Somebody has helped it by cable: that sketch is theirs.
            await async_show_record(board)
            return None
        async with flash_slots(board.hass):
            if board.record.rollback_to is None:
                # A person has called it off.
                return None
            outcome = await async_flash(board, order)
        end = await async_apply_outcome(board, outcome)
    except Exception as err:  # noqa: BLE001 - whatever it is, a person is told that it has failed
        LOGGER.error("%s could not go back to its earlier sketch: %s", board.name, str(err) or type(err).__name__)
        return None
    return end if outcome.verdict in (Verdict.FLASHED, Verdict.LOCKED) else None


async def async_roll_back_after_all(board: BoardCoordinator, *, at_once: bool) -> InstallEnd | None:
    """Go back where that has failed before, unless the board is healthy by now, whatever has helped it.

    One that is awake for seconds only has to show that `at_once`.
    """
    if has_health_check(board) and await async_becomes_healthy(board, at_once=at_once):
        await board.store.note(lambda record: record.judged(healthy=True).without_notices(Kind.UNHEALTHY))
        return None
    return await async_roll_back(board)


def has_health_check(board: BoardCoordinator) -> bool:
    """Return whether the options of a board ask for a check."""
    options = board.config_entry.options
    return bool(options.get(CONF_HEALTH_URL) or options.get(CONF_HEALTH_ENTITY))


def async_follow_health_entity(hass: HomeAssistant, entry: ConfigEntry) -> CALLBACK_TYPE:
    """Check the same entity under its new ID if a user gives it one: otherwise no update would be healthy anymore."""

    @callback
    def renamed(event: Event[EventEntityRegistryUpdatedData]) -> None:
        renames = event.data["action"] == "update" and event.data.get("old_entity_id")
        if renames and renames == entry.options.get(CONF_HEALTH_ENTITY):
            options = {**entry.options, CONF_HEALTH_ENTITY: event.data["entity_id"]}
            hass.config_entries.async_update_entry(entry, options=options)

    return hass.bus.async_listen(EVENT_ENTITY_REGISTRY_UPDATED, renamed)


async def async_becomes_healthy(board: BoardCoordinator, *, at_once: bool = False) -> bool:
    """Wait until all conditions are true; False if it is not within the time that the options give."""
    since = dt_util.utcnow()
    within = 0 if at_once else board.config_entry.options.get(CONF_HEALTH_WITHIN, DEFAULT_HEALTH_WITHIN)
    deadline = time.monotonic() + within
    while True:
        # What an entity showed before the flash says nothing; one that reports seldom has until the end of the time.
        is_last, failing = time.monotonic() >= deadline, "the entity is not available"
        try:
            if _entity_is_available(board, None if is_last else since):
                failing = "the URL responds with an error"
                if await _url_responds(board):
                    return True
        except Exception as err:  # noqa: BLE001 - whatever a sketch answers with, malformed redirects included, is not healthy
            failing = type(err).__name__
        if is_last:
            LOGGER.warning("The health check of %s has failed: %s", board.name, failing)
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
    if "{host}" in template:
        # What somebody else responds says nothing, and what stands in the address is for the board alone.
        async with board.lock:
            await async_recognize(board)
    url = template.replace("{host}", board.host)
    async with async_get_clientsession(board.hass).get(url, timeout=REQUEST_TIMEOUT) as response:
        return response.ok
