"""What was under way when Home Assistant, or the entry, was stopped: it goes on from what is on the disk."""

import asyncio
import time

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.start import async_at_started

from ..arduino_ota.errors import BoardError
from ..arduino_ota.flash.verdict import Verdict
from ..const import LOGGER
from ..coordinator import BoardCoordinator, Stage
from ..data import InstallEnd
from ..errors import translated_error
from ..issues import Kind
from ..network.mdns import async_get_querier
from .installer import BoardInstaller
from .notices import async_add_notice, async_raise_notices
from .prepare import request_for_order
from .reconnect import async_ask_for_password
from .rollback import async_check_health, async_roll_back


@callback
def async_recover(board: BoardCoordinator, installer: BoardInstaller) -> CALLBACK_TYPE:
    """Go on with what was under way, and tell again what a person has to know; returns what ends that."""
    async_raise_notices(board)
    if board.record.password_rejected:
        async_ask_for_password(board)
    if (pending := board.record.pending) is not None:
        LOGGER.info("Finding out what became of the flash of %s with %s", board.name, pending.version)
        task = installer.begin(Stage.RESTARTING, pending.version, _resolve(board, installer))
        task.add_done_callback(lambda done: done.cancelled() or _resume_order(board, installer))
    else:
        _resume_order(board, installer)
    # Before Home Assistant has started, an entity may be unavailable without any fault of the sketch.
    return async_at_started(board.hass, lambda _: _judge(board, installer))


@callback
def _resume_order(board: BoardCoordinator, installer: BoardInstaller) -> None:
    if (order := board.record.order) is not None:
        installer.in_background(Stage.WAITING, order.version, installer.carry_out(request_for_order(board, order)))


@callback
def _judge(board: BoardCoordinator, installer: BoardInstaller) -> None:
    record = board.record
    if installer.is_busy or record.pending is not None or (running := record.running) is None:
        return
    if record.rollback_to is not None:
        installer.in_background(Stage.CHECKING, running.version, async_roll_back(board))
    elif record.health_is_due:
        told = {"from": running.previous_version, "to": running.version, "bytes": running.size}
        end = InstallEnd(event=Verdict.FLASHED.value, attributes=told)
        installer.in_background(Stage.CHECKING_HEALTH, running.version, async_check_health(board, end))


async def _resolve(board: BoardCoordinator, installer: BoardInstaller) -> InstallEnd:
    """Find out what became of a flash within the time that a board takes; the tracker keeps looking after that."""
    pending = board.record.pending
    assert pending is not None
    deadline = time.monotonic() + board.timeouts.return_timeout
    with async_get_querier(board.hass).frequent():
        while time.monotonic() < deadline:
            try:
                return await installer.resolve()
            except BoardError:
                LOGGER.debug("%s does not respond yet", board.name)
            await asyncio.sleep(board.timeouts.probe_interval)
    error = translated_error("verdict_not_back", board=board.name, version=pending.version)
    await async_add_notice(board, Kind.NOT_BACK, error, pending.version)
    return InstallEnd(event=None, attributes={}, error=error)
