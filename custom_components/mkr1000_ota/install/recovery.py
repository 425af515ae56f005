"""What was under way when Home Assistant, or the entry, was stopped: it goes on from what is on the disk."""

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.start import async_at_started

from ..const import LOGGER
from ..coordinator import BoardCoordinator
from .installer import BoardInstaller
from .notices import async_raise_notices
from .outcome import async_show_running
from .reconnect import async_ask_for_password


@callback
def async_recover(board: BoardCoordinator, installer: BoardInstaller) -> CALLBACK_TYPE:
    """Go on with what was under way, and tell again what a person has to know; returns what ends that."""
    async_raise_notices(board)
    async_show_running(board)
    if board.record.password_rejected:
        async_ask_for_password(board)
    if (pending := board.record.pending) is not None:
        LOGGER.info("Finding out what became of the flash of %s with %s", board.name, pending.version)
        installer.resolve(within=board.timeouts.return_timeout)
    else:
        installer.resume()
    return async_at_started(board.hass, callback(lambda _: installer.resume()))
