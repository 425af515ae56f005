"""What is due when a board responds: is its password still the one that is known, and what is its MAC address?"""

from dataclasses import replace
import time
from typing import Final

from homeassistant.core import callback

from ..arduino_ota.errors import BoardError
from ..arduino_ota.hardware import is_own_address
from ..const import LOCKED_BY, LOGGER
from ..coordinator import BoardCoordinator
from ..issues import Kind, async_report
from ..network.discovery_flows import async_unignore
from ..network.identity import entry_with_mac
from ..network.mac_addresses import mac_of
from .notices import async_raise_notices

# By itself the integration sends a password so rarely, in seconds: it travels in clear past whoever listens.
CHECK_INTERVAL: Final = 24 * 3600.0
CHECK_INTERVAL_AFTER_ABSENCE: Final = 3600.0


def is_password_check_due(board: BoardCoordinator, *, was_offline: bool) -> bool:
    """Return whether a board may have been flashed by somebody else since it was last asked which password it accepts."""
    interval = CHECK_INTERVAL_AFTER_ABSENCE if was_offline else CHECK_INTERVAL
    return abs(time.time() - board.record.password_checked) > interval


async def async_check_password(board: BoardCoordinator) -> None:
    """Ask a board which of the passwords that are known it accepts, and ask the user if it is none of them."""
    if board.lock.locked() or board.state.has_the_board or board.record.pending is not None:
        return
    last = board.record.password_checked
    async with board.lock:
        if board.record.password_checked != last:
            # Somebody else has done it meanwhile.
            return
        # Whatever comes of it counts: whoever can disturb the answers could have it sent again and again.
        await board.store.note(lambda record: replace(record, password_checked=time.time()))
        try:
            accepted = await board.flasher.accepted_password(*board.record.keyring.passwords)
        except BoardError:
            LOGGER.debug("%s has gone again", board.name)
            return
        if accepted is None:
            LOGGER.warning("%s accepts none of the passwords that are known for it", board.name)
            await board.store.note(lambda record: record.rejected(time.time()))
            board.show_version()
            async_raise_notices(board)
            async_ask_for_password(board)
            return
        if accepted != board.record.keyring.current:
            LOGGER.warning("%s accepts an earlier password again: it was flashed with another tool", board.name)
        await board.async_accept_password(accepted)
        async_raise_notices(board)
        await async_learn_mac(board)


@callback
def async_ask_for_password(board: BoardCoordinator) -> None:
    """Ask the user for the password of a board, in words that fit how it came to be unknown."""
    running = board.record.running
    locked = {LOCKED_BY: running.version} if running is not None and running.is_locked else None
    board.config_entry.async_start_reauth(board.hass, data=locked)


async def async_learn_mac(board: BoardCoordinator) -> None:
    """Note the MAC address of a board that has just accepted its password, if it is its own and not a repeater's."""
    if board.mac is not None:
        return
    mac = await board.hass.async_add_executor_job(mac_of, board.host)
    if mac is None or not is_own_address(mac):
        return
    other = entry_with_mac(board.hass, mac)
    if other is None or other is board.config_entry:
        await async_unignore(board.hass, mac)
        board.set_mac(mac)
        return
    entry_id = board.config_entry.entry_id
    facts = {"board": board.name, "host": board.host, "other": other.title, "mac": mac}
    async_report(board.hass, Kind.SAME_BOARD, entry_id, **facts)
