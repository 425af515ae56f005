"""Boards that are somewhere else now: their entries follow them, once they are recognized there and not where they were."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext, suppress
from itertools import zip_longest
import random
import time
from typing import Final

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback

from ..arduino_ota import limits
from ..arduino_ota.errors import BoardError
from ..arduino_ota.hardware import is_own_address
from ..const import CONF_HEARD_NAME, DOMAIN, LOGGER
from ..coordinator import BoardCoordinator, Stage
from ..network.adapters import Reach, async_reach
from ..network.identity import Match, Peer, async_peer, match, was_heard_lately
from ..network.mac_addresses import async_leased_hosts
from ..network.mdns import async_get_querier

# A sketch may be busy for seconds before it responds.
QUESTION_TIMEOUT: Final = 10.0
# Strangers, at addresses without an entry, are asked few at a time, and all of them together get so many seconds: anybody
# can make up announcements, and no board may wait for them.
STRANGER_SLOTS: Final = 4
SEARCH_TIMEOUT: Final = 30.0
# Boards respond to a query together.
SEARCH_DELAY: Final = 0.2
# A stranger that has said who it is need not say so again for every board that is switched off. In seconds.
ASK_AGAIN_AFTER: Final = 600.0
# A board that asks for an address takes so many seconds until it listens.
START_TIMEOUT: Final = 20.0


class Moves:
    """Looks for those of some boards that are not where their entries say.

    `on_move` is called for each board whose entry has another address now; `on_candidate` with an address for one that
    may be there, and that nothing proves to be.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        boards: Collection[BoardCoordinator],
        on_move: Callable[[BoardCoordinator], None],
        on_candidate: Callable[[BoardCoordinator, str | None], None],
    ) -> None:
        self._hass = hass
        self._boards = boards
        self._on_move = on_move
        self._on_candidate = on_candidate
        self._querier = async_get_querier(hass)
        self._running = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._known_strangers: dict[str, float] = {}
        self._hinted: set[BoardCoordinator] = set()

    async def follow(self, host: str, board: BoardCoordinator) -> Peer | None:
        """Ask who is at an address, on the port of a board, and have the entry of whoever that is follow it there.

        Somebody else may be where it was, and so on: a router that has lost its memory permutes addresses. Returns what
        has responded; None for nothing, and where nobody else can be.
        """
        first = peer = await self._peer_at(host, board)
        for _ in range(len(self._boards)):
            if peer is None or (moved := self.board_with(peer.mac)) is None or moved.host == peer.host:
                break
            left = moved.host
            there = await self._peer_at(left, moved)
            is_there = _is_flashed(moved) or (there is not None and match(moved.known, there) is Match.BOARD)
            if is_there or moved.host != left or moved not in self._boards:
                break
            self._move(moved, peer.host)
            peer = there
        return first

    def board_with(self, mac: str | None) -> BoardCoordinator | None:
        return next((board for board in self._boards if mac is not None and board.mac == mac), None)

    @callback
    def async_search(self) -> asyncio.Task[None]:
        """Look soon for all boards that are missing; returns the task that does."""
        if self._next is None:
            self._next = self._hass.async_create_background_task(self._search(), f"{DOMAIN} search")
        return self._next

    @callback
    def async_hint(self, mac: str, host: str) -> None:
        """Look at an address where something that proves nothing has seen a board: at once, and when it has started."""
        board = self.board_with(mac)
        if board is not None and board.host != host and board not in self._hinted:
            self._hinted.add(board)
            hinted = self._look_at_hint(board, host)
            board.config_entry.async_create_background_task(self._hass, hinted, f"{DOMAIN} hint {board.name}")

    async def _look_at_hint(self, board: BoardCoordinator, host: str) -> None:
        try:
            if async_reach(self._hass, host, board.port) is Reach.ON_LINK and await self.follow(host, board) is None:
                await self._querier.async_wait_for(host, timeout=START_TIMEOUT)
                await self.follow(host, board)
        finally:
            self._hinted.discard(board)

    async def _search(self) -> None:
        await asyncio.sleep(SEARCH_DELAY)
        async with self._running:
            # What is heard from now on is looked at in the next search.
            self._next = None
            missing = [board for board in self._boards if _is_missing(board)]
            if not missing:
                return
            candidates = self._candidates(missing)

            async def ask() -> None:
                for host, board in candidates:
                    await self._look_at(host, board)

            with suppress(TimeoutError):
                async with asyncio.timeout(SEARCH_TIMEOUT):
                    await asyncio.gather(*(ask() for _ in range(STRANGER_SLOTS)))

    def _candidates(self, missing: list[BoardCoordinator]) -> Iterator[tuple[str, BoardCoordinator]]:
        """Yield where boards may be, the likeliest address first, and one that may be there."""
        leases = async_leased_hosts(self._hass)
        leased: list[tuple[str, BoardCoordinator]] = []
        for board in missing:
            host = leases.get(board.mac or "")
            if host is None or host == board.host:
                continue
            if async_reach(self._hass, board.host, board.port) is Reach.ROUTED:
                self._on_candidate(board, host)
            else:
                leased.append((host, board))
        now = time.monotonic()
        self._known_strangers = {
            host: asked for host, asked in self._known_strangers.items() if now - asked < ASK_AGAIN_AFTER
        }
        by_name = {board.board_name: board for board in missing}
        # One that only its name tells from others may be taken for another one that is called so.
        taken = {board.host for board in self._boards if board.data}
        heard = [
            one
            for one in self._querier.sightings
            if was_heard_lately(one)
            and one.address not in self._known_strangers
            and (one.name in by_name or one.address not in taken)
        ]
        # Whoever makes up announcements does not know which of them comes first.
        random.shuffle(heard)
        heard.sort(key=lambda one: one.name not in by_name)
        announced = ((one.address, by_name.get(one.name, missing[0])) for one in heard)
        # In turn, so that neither old leases nor made-up names are all that there is time for.
        for candidates in zip_longest(leased, announced):
            yield from filter(None, candidates)

    async def _look_at(self, host: str, board: BoardCoordinator) -> None:
        """Look at an address where a board may be. Behind a router nothing is contacted, and nothing is proven."""
        match async_reach(self._hass, host, board.port):
            case Reach.ON_LINK:
                peer = await self.follow(host, board)
            case Reach.ROUTED:
                peer = await async_peer(self._hass, host)
            case Reach.FORBIDDEN:
                return
        if peer is None:
            return
        if len(self._known_strangers) >= limits.SIGHTINGS:
            del self._known_strangers[next(iter(self._known_strangers))]
        self._known_strangers[host] = time.monotonic()
        # A lease may have led here for the sake of another board.
        for each in self._boards:
            is_called_so = peer.name is not None and peer.name == each.board_name
            if is_called_so and each.host != host and _is_missing(each) and _can_be(each, peer):
                self._on_candidate(each, host)

    @callback
    def _move(self, board: BoardCoordinator, host: str) -> None:
        LOGGER.info("%s has moved from %s to %s", board.name, board.host, host)
        sighting = self._querier.sightings.get(host)
        board.update_entry(**{CONF_HOST: host, CONF_HEARD_NAME: sighting.name if sighting else None})
        self._on_move(board)

    async def _peer_at(self, host: str, board: BoardCoordinator) -> Peer | None:
        """Ask what is at an address; boards that are set up there are not disturbed."""
        here = [board for board in self._boards if board.host == host]
        if any(_is_flashed(one) for one in here):
            return None
        free = next((one.lock for one in here if not _may_restart(one)), None)
        try:
            async with asyncio.timeout(QUESTION_TIMEOUT), free or nullcontext():
                await board.client_at(host).identify()
        except BoardError, TimeoutError:
            return None
        return await async_peer(self._hass, host)


def _is_flashed(board: BoardCoordinator) -> bool:
    """Whether a board is taking an upload, and so is where its entry says."""
    return board.state.stage is Stage.UPLOADING


def _can_be(board: BoardCoordinator, peer: Peer) -> bool:
    """Whether nothing proves that a peer is another board. A repeater shows its own MAC address for whoever is behind it."""
    is_repeater = peer.mac is not None and not is_own_address(peer.mac)
    return is_repeater or match(board.known, peer) is not Match.WRONG_BOARD


def _is_missing(board: BoardCoordinator) -> bool:
    return board.data is False or _may_restart(board)


def _may_restart(board: BoardCoordinator) -> bool:
    """Whether an install holds a board that may be back elsewhere; after an upload that was cut, too, it is checked."""
    state = board.state
    return state.stage is Stage.RESTARTING or (state.stage is Stage.CHECKING and state.size > 0)
