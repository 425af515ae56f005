"""Which boards are online, from one query a minute for all of them, and where those are that have moved."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError
from ..const import DOMAIN, LOGGER
from ..coordinator import BoardCoordinator
from ..issues import Kind, async_clear, async_report
from ..network.identity import Match, async_peer, match, was_heard_lately
from ..network.mdns import async_get_querier
from .census import Census
from .recognition import async_recognize, async_report_wrong_board, clear_wrong_board

CHECK_INTERVAL: Final = timedelta(minutes=1)
# Boards that are asked directly at the same time; each of them may take seconds not to respond.
QUERY_SLOTS: Final = 32
# Boards that are known to be offline and are asked in one round all the same, in turn: not every network passes
# multicast.
OFFLINE_PER_ROUND: Final = 8
# Hints are cheap to make up: in seconds.
HINT_INTERVAL: Final = 10.0


class PresenceTracker:
    """Tells each board whether it is online, and moves the entries of boards that have another address now.

    A board that is heard is online. One that is not heard is asked directly before it counts as offline. In each round
    one board in turn is asked who it is, so that swapped addresses are noticed however quietly it happened.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._querier = async_get_querier(hass)
        self._slots = asyncio.Semaphore(QUERY_SLOTS)
        # In the order in which they are asked, with the address under which they are found in `_at`.
        self._followed: dict[BoardCoordinator, str] = {}
        # With a thousand boards, a search for each of a thousand sightings would take longer than all the rest.
        self._at: dict[str, list[BoardCoordinator]] = {}
        self._on_response: dict[BoardCoordinator, Callable[[bool], None]] = {}
        self._looking: set[BoardCoordinator] = set()
        self._unproven: set[BoardCoordinator] = set()
        self._stop: list[CALLBACK_TYPE] = []
        self._round = asyncio.Lock()
        self._census = Census(hass, lambda: tuple(self._followed), self._slots)
        self._hint = Debouncer(hass, LOGGER, cooldown=HINT_INTERVAL, immediate=True, function=self.async_census)

    @callback
    def async_follow(self, board: BoardCoordinator, on_response: Callable[[bool], None]) -> CALLBACK_TYPE:
        """Follow a board until what is returned is called.

        `on_response` is called when the board itself has responded, and told whether it had been offline.
        """
        self._on_response[board] = on_response
        self._place(board)
        board.ask = lambda: self.async_ask(board)
        if len(self._followed) == 1:
            self._stop = [
                self._querier.async_listen(self._heard),
                async_track_time_interval(self._hass, self.async_check, CHECK_INTERVAL, cancel_on_shutdown=True),
                async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            ]
        if sighting := self._querier.sightings.get(board.host):
            self._heard_board(board, sighting)

        @callback
        def stop() -> None:
            board.ask = None
            del self._on_response[board]
            self._displace(board)
            self._set_unproven(board, unproven=False)
            clear_wrong_board(board)
            if not self._followed:
                for each in self._stop:
                    each()

        return stop

    async def async_check(self, _now: datetime) -> None:
        """Check on all boards, as once a minute."""
        if self._round.locked():
            # Boards that do not respond take their time not to.
            return
        async with self._round:
            idle = [board for board in self._followed if not board.state.has_the_board]
            heard = [
                board for board in idle if board.data and was_heard_lately(self._querier.sightings.get(board.host))
            ]
            offline = [board for board in idle if board.data is False][:OFFLINE_PER_ROUND]
            known = {*heard, *(board for board in idle if board.data is False)}
            in_turn = [*heard[:1], *offline]
            for board in in_turn:
                self._followed[board] = self._followed.pop(board)
            await self._ask_all([*in_turn, *(board for board in idle if board not in known)])

    async def async_ask(self, board: BoardCoordinator) -> None:
        """Ask a board now whether it is online, and look for it if something else responds at its address."""
        async with self._slots:
            if board.lock.locked() or board.state.has_the_board:
                return
            was_online = board.data
            failure: BoardError | None = None
            async with board.lock:
                try:
                    await async_recognize(board)
                except BoardError as err:
                    failure = err
        if board not in self._followed:
            # Its entry was unloaded meanwhile.
            return
        if failure is None:
            self.note_response(board)
            return
        board.set_online(False)
        is_wrong = isinstance(failure, WrongBoard)
        if board.mac is not None and (is_wrong or (was_online is not False and self._census.is_due)):
            await self.async_census()
        if is_wrong and board.data is False:
            await self._report(board)

    @callback
    def async_hint(self) -> None:
        """Look soon for boards that may have moved: something said so that proves nothing."""
        self._hint.async_schedule_call()

    @callback
    def note_response(self, board: BoardCoordinator) -> None:
        """Note that a board itself has responded."""
        was_offline = board.data is False
        clear_wrong_board(board)
        self._set_unproven(board, unproven=False)
        if (sighting := self._querier.sightings.get(board.host)) and was_heard_lately(sighting):
            board.note_name(sighting)
        board.set_online(True)
        if on_response := self._on_response.get(board):
            on_response(was_offline)

    async def async_census(self) -> None:
        """Ask everybody who was heard lately who they are, and have the entries of boards that have moved follow."""
        await self._census.take(self.note_response)

    async def _report(self, board: BoardCoordinator) -> None:
        peer = await async_peer(self._hass, board.host, board.config_entry)
        unproven = board.mac is not None and match(board.known, peer) is Match.UNPROVEN
        self._set_unproven(board, unproven=unproven)
        if not unproven:
            await async_report_wrong_board(board)

    @callback
    def _set_unproven(self, board: BoardCoordinator, *, unproven: bool) -> None:
        """Tell in one issue which boards cannot be proven: all of them, where Home Assistant has moved to another network."""
        if unproven == (board in self._unproven):
            return
        self._unproven ^= {board}
        if self._unproven:
            boards = ", ".join(sorted(one.name for one in self._unproven))
            async_report(self._hass, Kind.UNPROVEN, DOMAIN, boards=boards)
        else:
            async_clear(self._hass, DOMAIN, Kind.UNPROVEN)

    @callback
    def _heard(self, sighting: Sighting) -> None:
        for board in tuple(self._at.get(sighting.address, ())):
            self._heard_board(board, sighting)

    @callback
    def _heard_board(self, board: BoardCoordinator, sighting: Sighting) -> None:
        """Note what was announced where a board is. That is a reason to look at it, never to send anything."""
        board.note_sighting(sighting)
        names = board.known.names
        is_news = (
            not board.data or board.record.pending is not None or (names is not None and sighting.name not in names)
        )
        if is_news and board not in self._looking and not board.state.has_the_board:
            self._looking.add(board)
            board.config_entry.async_create_background_task(
                self._hass, self._look(board), f"{DOMAIN} look {board.name}"
            )

    async def _look(self, board: BoardCoordinator) -> None:
        try:
            await self.async_ask(board)
        finally:
            self._looking.discard(board)

    async def _ask_all(self, boards: Iterable[BoardCoordinator]) -> None:
        await asyncio.gather(*(self.async_ask(board) for board in boards))

    def _place(self, board: BoardCoordinator) -> None:
        self._followed[board] = board.host
        self._at.setdefault(board.host, []).append(board)

    def _displace(self, board: BoardCoordinator) -> None:
        host = self._followed.pop(board)
        self._at[host].remove(board)
        if not self._at[host]:
            del self._at[host]

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        for board in self._moved(entry):
            self._displace(board)
            self._place(board)

    def _moved(self, entry: ConfigEntry) -> Iterator[BoardCoordinator]:
        data = getattr(entry, "runtime_data", None) if entry.domain == DOMAIN else None
        board = data.coordinator if data else None
        if board in self._followed and self._followed[board] != board.host:
            yield board


_TRACKER: HassKey[PresenceTracker] = HassKey(f"{DOMAIN}_presence")


@singleton(_TRACKER)
def async_get_tracker(hass: HomeAssistant) -> PresenceTracker:
    """Return the one tracker of all boards."""
    return PresenceTracker(hass)
