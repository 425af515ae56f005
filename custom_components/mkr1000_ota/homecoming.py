"""What is due when a board is there (again)."""

import time

from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .activity import Stage
from .board.errors import BoardError
from .board.sighting import Sighting
from .const import CONF_LIBRARY, DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .outcome import async_settle
from .recognition import AnotherBoard, async_learn, async_recognise

# A board that never went away is asked for its password so rarely, in seconds: it travels in clear.
CHECK_PASSWORD_EVERY = 24 * 3600.0


class Homecoming:
    """Brings what is known of a board up to date when it appears.

    A board that was away may have been flashed by somebody else, so its password is checked once it is back, when it
    calls itself by another name, and once a day; at no other time is it sent, but for a flash.
    """

    def __init__(self, board: BoardCoordinator) -> None:
        """Welcome a board."""
        self.board = board
        self._checked: float | None = None
        self._welcoming = False

    @callback
    def heard(self, sighting: Sighting) -> None:
        """Note that a board announced itself where this one should be."""
        if self._busy:
            return
        renamed = sighting.name != self.board.board_name or sighting.library is not self.board.library
        back = not self.board.data.reachable
        if not renamed or self.board.mac is not None:
            self.board.set_reachable(True)
        if back or renamed or self._check_is_due:
            self._welcome()

    @callback
    def answered(self) -> None:
        """Note that the board answered, being certainly this one."""
        if self._busy:
            return
        back = not self.board.data.reachable
        self.board.set_reachable(True)
        if back or self._check_is_due:
            self._welcome()

    @callback
    def missing(self) -> None:
        """Note that the board is not to be found."""
        if not self._busy:
            self.board.set_reachable(False)

    @property
    def _busy(self) -> bool:
        return self.board.activity.stage not in (Stage.IDLE, Stage.WAITING)

    @property
    def _check_is_due(self) -> bool:
        return self._checked is None or time.monotonic() - self._checked > CHECK_PASSWORD_EVERY

    @callback
    def _welcome(self) -> None:
        if self._welcoming:
            return
        self._welcoming = True
        self.board.config_entry.async_create_background_task(
            self.board.hass, self._bring_up_to_date(), f"{DOMAIN} welcome {self.board.name}"
        )

    async def _bring_up_to_date(self) -> None:
        try:
            if self.board.record.pending is not None:
                await async_resolve(self.board)
            await self._check_password()
        except BoardError:
            LOGGER.debug("%s has gone again", self.board.name)
        except AnotherBoard:
            self.board.set_reachable(False)
        finally:
            self._welcoming = False

    async def _check_password(self) -> None:
        board = self.board
        identity = await async_recognise(board)
        self._checked = time.monotonic()
        keyring = board.record.keyring
        accepted = await board.flasher.accepted_password(*keyring.passwords)
        if accepted is None:
            LOGGER.warning("%s takes none of the passwords that are known for it", board.name)
            await board.record.flashed_elsewhere()
            board.show_version()
            board.config_entry.async_start_reauth(board.hass)
            return
        if accepted != keyring.current:
            LOGGER.warning("%s takes an earlier password again: somebody else has flashed it", board.name)
            await board.record.flashed_elsewhere()
            board.show_version()
        await board.accept_password(accepted)
        async_learn(board, identity)
        board.follow(**{CONF_LIBRARY: identity.library})
        if sighting := board.shared.asker.sightings.get(board.host):
            board.follow(**{CONF_NAME: sighting.name})


async def async_resolve(board: BoardCoordinator) -> bool:
    """Find out what became of a flash that nobody saw end, and say whether that is known now.

    Raises AnotherBoard or a BoardError when the board is not to be found.
    """
    await async_recognise(board)
    outcome = await board.flasher.resolve()
    if outcome is None:
        return board.record.pending is None
    LOGGER.info("The flash of %s with %s ended: %s", board.name, outcome.pending.version, outcome.verdict)
    try:
        await async_settle(board, outcome)
    except HomeAssistantError as err:
        LOGGER.warning("%s", err)
    return True
