"""Which boards are online, from one query a minute for all of them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import time
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.singleton import singleton

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import AnotherBoard as WrongBoard, BoardError
from ..const import CONF_HEARD_NAME, DOMAIN
from ..coordinator import BoardCoordinator
from ..network.identity import SIGNAL_WRONG_BOARD, async_peer, was_heard_lately
from ..network.mdns import async_get_querier
from .asking import async_recognize, async_report_unproven, async_report_wrong_board, clear_wrong_board
from .moves import Moves

CHECK_INTERVAL: Final = timedelta(minutes=1)
# Boards that are asked directly at the same time; each of them may take seconds not to respond.
QUERY_SLOTS: Final = 32
# Boards that are known to be offline and are asked in one round all the same, in turn: not every network passes
# multicast.
OFFLINE_PER_ROUND: Final = 8
# All boards are asked so rarely, in seconds, because one is where another one should be: a router that has lost its
# memory gives all of them other addresses.
ASK_ALL_INTERVAL: Final = 300.0
# Names are cheap to make up: a board is contacted so rarely, in seconds, because of one that is not its own.
ODD_NAME_INTERVAL: Final = 10.0


@dataclass(slots=True)
class _Presence:
    """What is known of one board besides whether it is online. Times are of the monotonic clock."""

    on_response: Callable[[bool], None]
    # It was asked, and did not respond.
    is_absent: bool = False
    asking: asyncio.Task[None] | None = None
    finding: asyncio.Task[None] | None = None
    asked_for_name_at: float = float("-inf")


class PresenceTracker:
    """Tells each board whether it is online.

    A board that is heard is online. One that is not heard is contacted directly before it counts as offline. In each
    round one board in turn is contacted all the same, so that swapped addresses are noticed however quietly that happened.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._querier = async_get_querier(hass)
        # In the order in which they are asked.
        self._presences: dict[BoardCoordinator, _Presence] = {}
        # Boards that may be the followed ones, and that nothing proves to be, by their addresses.
        self._unproven: dict[BoardCoordinator, str] = {}
        self.moves = Moves(hass, self._presences, self.note_response, self._set_unproven)
        self._asked_all_at = float("-inf")
        self._round = asyncio.Lock()
        # Boards that are heard do not wait for those of which nothing is heard.
        self._round_slots = asyncio.Semaphore(QUERY_SLOTS)
        self._heard_slots = asyncio.Semaphore(QUERY_SLOTS)
        self._stop: list[CALLBACK_TYPE] = []

    @callback
    def async_follow(self, board: BoardCoordinator, on_response: Callable[[bool], None]) -> CALLBACK_TYPE:
        """Follow a board until what is returned is called.

        `on_response` is called when the board itself has responded, and told whether it had been absent: a direct
        question had got no response.
        """
        was_heard = was_heard_lately(self._querier.sightings.get(board.host))
        self._presences[board] = _Presence(on_response)
        self._place(board)
        board.ask = lambda: self.async_ask(board)
        if len(self._presences) == 1:
            self._stop = [
                self._querier.async_listen(self._heard),
                async_track_time_interval(self._hass, self.async_check, CHECK_INTERVAL, cancel_on_shutdown=True),
                async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
                async_dispatcher_connect(self._hass, SIGNAL_WRONG_BOARD, self._wrong_board),
            ]
        if was_heard:
            self._look_at(board)

        @callback
        def stop() -> None:
            board.ask = None
            del self._presences[board]
            self._set_unproven(board, None)
            clear_wrong_board(board)
            if not self._presences:
                for each in self._stop:
                    each()

        return stop

    async def async_check(self, _now: datetime) -> None:
        """Check on all boards, as once a minute."""
        if self._round.locked():
            # Boards that do not respond take their time not to.
            return
        async with self._round:
            idle = [board for board in self._presences if not board.state.has_the_board]
            heard = [
                board for board in idle if board.data and was_heard_lately(self._querier.sightings.get(board.host))
            ]
            offline = [board for board in idle if board.data is False]
            in_turn = [*heard[:1], *offline[:OFFLINE_PER_ROUND]]
            for board in in_turn:
                self._presences[board] = self._presences.pop(board)
            known = {*heard, *offline}
            await self._ask_all([*in_turn, *(board for board in idle if board not in known)])
        self.moves.async_search()

    async def async_ask(self, board: BoardCoordinator) -> None:
        """Ask a board now whether it is online, and do what is due if it is."""
        await self._ask(board, self._heard_slots)

    @callback
    def note_response(self, board: BoardCoordinator) -> None:
        if board.state.has_the_board:
            return
        clear_wrong_board(board)
        self._set_unproven(board, None)
        board.note_response()
        if presence := self._presences.get(board):
            was_absent, presence.is_absent = presence.is_absent, False
            presence.on_response(was_absent)

    async def _ask_all(self, boards: Iterable[BoardCoordinator]) -> None:
        await asyncio.gather(*(self._ask(board, self._round_slots) for board in boards))

    async def _ask(self, board: BoardCoordinator, slots: asyncio.Semaphore) -> None:
        failure: BoardError | None = None
        async with slots:
            if board.state.has_the_board or board not in self._presences:
                return
            async with board.lock:
                was_online, host = board.data, board.host
                try:
                    await async_recognize(board)
                except BoardError as err:
                    failure = err
        if (presence := self._presences.get(board)) is None:
            # Its entry was unloaded meanwhile.
            return
        match failure:
            case None:
                self.note_response(board)
            case _ if board.host != host:
                # It was found at another address meanwhile.
                return
            case WrongBoard():
                if _is_over(presence.finding):
                    await self._report(board)
            case _:
                presence.is_absent = True
                board.set_online(False)
                if was_online is not False:
                    self.moves.async_search()

    async def _report(self, board: BoardCoordinator) -> None:
        """Tell a person about a board where something responds that is not the board, or may not be."""
        peer = await async_peer(self._hass, board.host, board.config_entry)
        # Its entry may have been unloaded meanwhile.
        if board in self._presences and (is_told := async_report_wrong_board(board, peer)) is not None:
            board.set_online(False)
            self._set_unproven(board, None if is_told else board.host)

    @callback
    def _wrong_board(self, entry: ConfigEntry, mac: str | None) -> None:
        """Find out where a board is that somebody has asked, and another one has responded."""
        board = _board_of(entry)
        if self.moves.board_with(mac) is not None and time.monotonic() - self._asked_all_at > ASK_ALL_INTERVAL:
            self._asked_all_at = time.monotonic()
            asking = self._ask_all(tuple(self._presences))
            self._hass.async_create_background_task(asking, f"{DOMAIN} ask all")
        presence = self._presences.get(board) if board else None
        if board is not None and presence is not None and _is_over(presence.finding):
            finding = self._find(board)
            presence.finding = entry.async_create_background_task(self._hass, finding, f"{DOMAIN} find {board.name}")

    async def _find(self, board: BoardCoordinator) -> None:
        host = board.host
        await self.moves.follow(host, board)
        if board.host == host:
            await asyncio.wait((self.moves.async_search(),))
        if board.host == host:
            await self._report(board)

    @callback
    def _set_unproven(self, board: BoardCoordinator, host: str | None) -> None:
        # One that an install holds may restart, and is not missing before that has told so.
        if self._unproven.get(board) == host or (host is not None and board.data):
            return
        if host is None:
            del self._unproven[board]
        else:
            self._unproven[board] = host
        async_report_unproven(self._hass, self._unproven)

    @callback
    def _heard(self, sighting: Sighting) -> None:
        """Note what was announced. That is a reason to look at a board, never to send anything."""
        # A thousand boards are a thousand sightings a minute: their clients know the addresses, too, and are quick to ask.
        boards = [board for board in self._presences if board.client.host == sighting.address]
        for board in boards:
            board.note_sighting(sighting)
            if not board.known.may_announce(sighting.name):
                presence = self._presences[board]
                if sighting.seen - presence.asked_for_name_at >= ODD_NAME_INTERVAL:
                    presence.asked_for_name_at = sighting.seen
                    self._look_at(board)
            elif not board.data or board.record.pending is not None:
                self._look_at(board)
        if not boards:
            self.moves.async_search()

    @callback
    def _look_at(self, board: BoardCoordinator) -> None:
        presence = self._presences[board]
        if _is_over(presence.asking) and not board.state.has_the_board:
            presence.asking = board.config_entry.async_create_background_task(
                self._hass, self.async_ask(board), f"{DOMAIN} look {board.name}"
            )

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if (board := _board_of(entry)) is not None and board in self._presences:
            self._place(board)

    @callback
    def _place(self, board: BoardCoordinator) -> None:
        """Take over what is new in the entry of a board: its address, and what a person calls it."""
        board.name = board.config_entry.title
        board.client.host, board.client.port = board.host, board.port
        if board.config_entry.data.get(CONF_HEARD_NAME) is None:
            # Its sketch is new, or a person has vouched for it: what was heard before says nothing.
            self._querier.sightings.forget(board.host)


def _is_over(task: asyncio.Task[None] | None) -> bool:
    return task is None or task.done()


def _board_of(entry: ConfigEntry) -> BoardCoordinator | None:
    data = getattr(entry, "runtime_data", None) if entry.domain == DOMAIN else None
    return data.coordinator if data else None


@singleton(f"{DOMAIN}_presence")
def async_get_tracker(hass: HomeAssistant) -> PresenceTracker:
    """Return the one tracker of all boards."""
    return PresenceTracker(hass)
