"""What is due when a board is there (again)."""

import time

from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .arduino_ota.discovery.announcements import Sighting
from .arduino_ota.errors import BoardError
from .const import CONF_LIBRARY, DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .identity import Identity
from .outcome import async_settle
from .recognition import AnotherBoard, async_learn, async_recognise
from .renamed import async_forget_renamed, async_report_renamed
from .same_board import async_forget_same_board

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
        self._welcoming = False
        self._stranger_at: str | None = None

    @callback
    def heard(self, sighting: Sighting) -> None:
        """Note that a board announced itself where this one should be; which one it is, it is asked if that matters."""
        board = self.board
        if board.is_being_flashed:
            return
        if board.awaits_name:
            board.awaits_name = False
            board.follow(**{CONF_NAME: sighting.name, CONF_LIBRARY: sighting.library})
        renamed = (sighting.name, sighting.library) != (board.board_name, board.library)
        if renamed or not board.data.reachable or self._is_due:
            self._welcome(changed=renamed or not board.data.reachable)

    @callback
    def answered(self) -> None:
        """Note that the board answered, being certainly this one."""
        board = self.board
        back = not board.data.reachable
        self._is_there()
        if back or self._is_due:
            self._welcome(changed=back)

    @callback
    def missing(self) -> None:
        """Note that the board is not to be found."""
        if not self.board.is_being_flashed:
            self.board.set_reachable(False)

    @callback
    def met_stranger(self) -> bool:
        """Note that another board answers where this one should be, and say whether that is news."""
        host = self.board.host
        self.board.set_reachable(False)
        async_report_renamed(self.board)
        known, self._stranger_at = self._stranger_at, host
        return known != host

    @callback
    def _is_there(self) -> None:
        entry_id = self.board.config_entry.entry_id
        if self._stranger_at is not None:
            async_forget_same_board(self.board.hass, entry_id)
        self._stranger_at = None
        async_forget_renamed(self.board.hass, entry_id)
        self.board.set_reachable(True)

    @property
    def _is_due(self) -> bool:
        return self.board.record.pending is not None or self._password_is_due

    @property
    def _password_is_due(self) -> bool:
        return time.monotonic() - self.board.password_checked > CHECK_PASSWORD_EVERY

    @callback
    def _welcome(self, *, changed: bool) -> None:
        if self._welcoming:
            return
        self._welcoming = True
        self.board.config_entry.async_create_background_task(
            self.board.hass, self._bring_up_to_date(changed=changed), f"{DOMAIN} welcome {self.board.name}"
        )

    async def _bring_up_to_date(self, *, changed: bool) -> None:
        presence = self.board.shared.presence
        try:
            async with presence.slots:
                await self._ask(changed=changed)
        except AnotherBoard:
            look_around = self.met_stranger()
        except BoardError:
            LOGGER.debug("%s has gone again", self.board.name)
            return
        else:
            return
        finally:
            self._welcoming = False
        if look_around:
            await presence.async_census()

    async def _ask(self, *, changed: bool) -> None:
        board = self.board
        if board.turn.locked() or board.is_being_flashed:
            # It is heard again in a minute.
            return
        if board.record.pending is not None:
            # Who asked for the passwords of the keyring alone would take the right one of a new sketch for missing.
            if not await async_resolve(board):
                return
            changed = False
        async with board.turn:
            identity = await async_recognise(board)
            self._is_there()
            if sighting := board.shared.asker.sightings.get(board.host):
                board.follow(**{CONF_NAME: sighting.name, CONF_LIBRARY: sighting.library})
            if changed or self._password_is_due:
                await self._check_password(identity)

    async def _check_password(self, identity: Identity) -> None:
        board = self.board
        keyring = board.record.keyring
        accepted = await board.flasher.accepted_password(*keyring.passwords)
        if accepted is None:
            board.password_checked = time.monotonic()
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


async def async_resolve(board: BoardCoordinator) -> bool:
    """Find out what became of a flash that nobody saw end, and say whether that is known now.

    Raises AnotherBoard or another BoardError when the board is not to be found.
    """
    async with board.turn:
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
