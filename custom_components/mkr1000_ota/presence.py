"""Which boards are there, from one question a minute for all of them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import time

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from .activity import Stage
from .asker import Asker
from .board.errors import BoardError
from .board.sighting import Sighting
from .homecoming import Homecoming
from .recognition import AnotherBoard, async_recognise

LOOK_EVERY = timedelta(minutes=1)
# A question can get lost while a sketch is busy. After a minute and a half the board has missed one.
HEARD_LATELY = 90.0
# Boards that are asked directly at the same time; each of them may take seconds not to answer.
ASKED_AT_ONCE = 8


class Presence:
    """Tells every board whether it answers.

    A board that is heard is there. One that is not heard is asked directly before it is called unavailable. Each
    minute, one board in turn is asked who it is, so that swapped addresses are noticed however quietly it happened;
    if one has moved, all are asked.
    """

    def __init__(self, hass: HomeAssistant, asker: Asker) -> None:
        """Follow nobody yet."""
        self._hass = hass
        self._asker = asker
        self._followed: dict[Homecoming, None] = {}  # in the order in which they are asked who they are
        self._at: dict[str, Homecoming] = {}
        self._stop: list[CALLBACK_TYPE] = []
        self._slots = asyncio.Semaphore(ASKED_AT_ONCE)

    @callback
    def follow(self, homecoming: Homecoming) -> Callable[[], None]:
        """Follow a board until the returned function is called."""
        self._followed[homecoming] = None
        self._at[homecoming.board.host] = homecoming
        if len(self._followed) == 1:
            self._stop = [
                self._asker.async_listen(self._heard),
                async_track_time_interval(self._hass, self._look, LOOK_EVERY, cancel_on_shutdown=True),
            ]
        if sighting := self._asker.sightings.get(homecoming.board.host):
            homecoming.heard(sighting)

        @callback
        def leave() -> None:
            del self._followed[homecoming]
            self._at.pop(homecoming.board.host, None)
            if not self._followed:
                for stop in self._stop:
                    stop()

        return leave

    @callback
    def _heard(self, sighting: Sighting) -> None:
        if (homecoming := self._found_at(sighting.address)) is not None:
            homecoming.heard(sighting)

    def _found_at(self, address: str) -> Homecoming | None:
        # With a thousand boards, a search for each of a thousand answers would take longer than all the rest.
        known = self._at.get(address)
        if known is None or known.board.host != address or known not in self._followed:
            known = next((one for one in self._followed if one.board.host == address), None)
            if known is None:
                self._at.pop(address, None)
            else:
                self._at[address] = known
        return known

    async def _look(self, _now: object) -> None:
        followed = [one for one in self._followed if one.board.activity.stage in (Stage.IDLE, Stage.WAITING)]
        silent = [one for one in followed if not self._heard_lately(one)]
        await asyncio.gather(*(self._ask(one) for one in silent))
        rest = [one for one in followed if one not in silent]
        if rest and await self._ask(rest[0]):
            # Where one board has moved, others may have.
            await asyncio.gather(*(self._ask(one) for one in rest[1:]))
        elif rest:
            self._followed[rest[0]] = self._followed.pop(rest[0])

    def _heard_lately(self, homecoming: Homecoming) -> bool:
        sighting = self._asker.sightings.get(homecoming.board.host)
        return sighting is not None and time.monotonic() - sighting.seen < HEARD_LATELY

    async def _ask(self, homecoming: Homecoming) -> bool:
        """Ask a board directly, and say whether it has moved."""
        board = homecoming.board
        host = board.host
        async with self._slots:
            try:
                await async_recognise(board)
            except BoardError, AnotherBoard:
                homecoming.missing()
                return False
        homecoming.answered()
        return board.host != host
