"""Which boards are there, from one question a minute for all of them."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
import time

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import BoardError
from ..arduino_ota.protocol.client import BoardClient
from ..install.reconnect import Homecoming
from ..network.identity import async_identify
from ..network.mdns import Asker
from ..network.recognition import AnotherBoard, async_meet, async_recognise

LOOK_EVERY = timedelta(minutes=1)
# A question can get lost while a sketch is busy. After a minute and a half the board has missed one.
HEARD_LATELY = 90.0
# Boards that are asked directly at the same time; each of them may take seconds not to answer.
ASKED_AT_ONCE = 32
# Boards that are known to be away and are asked in one look all the same, in turn: not every network passes multicast.
AWAY_ASKED = 8
# Everybody is asked who they are so rarely, in seconds, if nothing but a board that fell silent is the reason.
CENSUS_EVERY = 600.0


class Presence:
    """Tells every board whether it answers.

    A board that is heard is there. One that is not heard is asked directly before it is called unavailable. In each
    look, one board in turn is asked who it is, so that swapped addresses are noticed however quietly it happened. Where
    somebody is not where they were, everybody is asked once, and the entries follow.
    """

    def __init__(self, hass: HomeAssistant, asker: Asker) -> None:
        """Follow nobody yet."""
        self.slots = asyncio.Semaphore(ASKED_AT_ONCE)
        self._hass = hass
        self._asker = asker
        # In the order in which they are asked who they are, with the address under which they are found below.
        self._followed: dict[Homecoming, str] = {}
        # With a thousand boards, a search for each of a thousand answers would take longer than all the rest.
        self._at: dict[str, list[Homecoming]] = {}
        self._of_entry: dict[str, Homecoming] = {}
        self._stop: list[CALLBACK_TYPE] = []
        self._looking = asyncio.Lock()
        self._counting = asyncio.Lock()
        self._counted = float("-inf")

    @callback
    def follow(self, homecoming: Homecoming) -> Callable[[], None]:
        """Follow a board until the returned function is called."""
        entry_id = homecoming.board.config_entry.entry_id
        self._of_entry[entry_id] = homecoming
        self._place(homecoming)
        if len(self._followed) == 1:
            self._stop = [
                self._asker.async_listen(self._heard),
                async_track_time_interval(self._hass, self.async_look, LOOK_EVERY, cancel_on_shutdown=True),
                async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            ]
        if sighting := self._asker.sightings.get(homecoming.board.host):
            homecoming.heard(sighting)

        @callback
        def leave() -> None:
            del self._of_entry[entry_id]
            self._displace(homecoming)
            if not self._followed:
                for stop in self._stop:
                    stop()

        return leave

    async def async_census(self) -> None:
        """Ask everybody who was heard lately who they are, and have the entries of those who moved follow."""
        asked = time.monotonic()
        async with self._counting:
            if self._counted > asked:
                # Somebody else has just done it.
                return
            unknown = [one for one in self._asker.sightings if _is_recent(one) and one.address not in self._at]
            known = {
                one: one.board.host
                for one in self._undisturbed()
                if one.board.data.reachable or self._was_heard_lately(one)
            }
            await asyncio.gather(*(self._meet(one) for one in unknown), self._ask_all(known))
            # Who has been met at another address was looked for at the old one.
            await self._ask_all(one for one, host in known.items() if one.board.host != host)
            self._counted = time.monotonic()

    @callback
    def _heard(self, sighting: Sighting) -> None:
        for homecoming in tuple(self._at.get(sighting.address, ())):
            homecoming.heard(sighting)

    def _place(self, homecoming: Homecoming) -> None:
        host = self._followed[homecoming] = homecoming.board.host
        self._at.setdefault(host, []).append(homecoming)

    def _displace(self, homecoming: Homecoming) -> None:
        host = self._followed.pop(homecoming)
        self._at[host].remove(homecoming)
        if not self._at[host]:
            del self._at[host]

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        homecoming = self._of_entry.get(entry.entry_id)
        if homecoming is not None and self._followed[homecoming] != homecoming.board.host:
            self._displace(homecoming)
            self._place(homecoming)

    def _undisturbed(self) -> list[Homecoming]:
        return [one for one in self._followed if not one.board.is_being_flashed]

    async def async_look(self, _now: datetime) -> None:
        """Look after the boards, as once a minute."""
        if self._looking.locked():
            # Boards that do not answer take their time not to.
            return
        async with self._looking:
            followed = self._undisturbed()
            heard = [one for one in followed if one.board.data.reachable and self._was_heard_lately(one)]
            known = set(heard)
            away = [one for one in followed if one.board.data.reachable is False]
            silent = [one for one in followed if one not in known and one.board.data.reachable is not False]
            in_turn = [*heard[:1], *away[:AWAY_ASKED]]
            for one in in_turn:
                self._followed[one] = self._followed.pop(one)
            if await self._ask_all([*in_turn, *silent]):
                await self.async_census()

    def _was_heard_lately(self, homecoming: Homecoming) -> bool:
        sighting = self._asker.sightings.get(homecoming.board.host)
        return sighting is not None and _is_recent(sighting)

    async def _ask_all(self, homecomings: Iterable[Homecoming]) -> bool:
        """Ask boards directly, and say whether there is a reason to ask all the others, too."""
        return any(await asyncio.gather(*(self._ask(one) for one in homecomings)))

    async def _ask(self, homecoming: Homecoming) -> bool:
        board = homecoming.board
        async with self.slots:
            if board.turn.locked() or board.is_being_flashed:
                return False
            host = board.host
            there = board.data.reachable
            failure: BoardError | None = None
            try:
                async with board.turn:
                    await async_recognise(board)
            except BoardError as err:
                failure = err
        if homecoming not in self._followed:
            # Its entry was unloaded meanwhile.
            return False
        match failure:
            case None:
                homecoming.answered()
                return board.host != host
            case AnotherBoard():
                return homecoming.met_stranger()
            case _:
                homecoming.missing()
                return there is not False and board.mac is not None and self._census_is_due

    @property
    def _census_is_due(self) -> bool:
        return time.monotonic() - self._counted > CENSUS_EVERY

    async def _meet(self, sighting: Sighting) -> None:
        client = BoardClient(async_get_clientsession(self._hass), sighting.address, sighting.port)
        async with self.slots:
            try:
                identity = await async_identify(self._hass, client, sighting.address)
            except BoardError:
                return
        if identity.mac is not None:
            async_meet(self._hass, identity.mac, sighting.address)


def _is_recent(sighting: Sighting) -> bool:
    return time.monotonic() - sighting.seen < HEARD_LATELY
