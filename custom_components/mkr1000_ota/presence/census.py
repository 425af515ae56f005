"""Who is where: boards that have moved are recognized by their MAC address, wherever they are heard."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
import random
import time
from typing import Final

from homeassistant.components.dhcp import async_discovered_service_info
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import format_mac

from ..arduino_ota.errors import BoardError
from ..arduino_ota.protocol.client import BoardClient
from ..arduino_ota.protocol.exchange import RequestTimeouts
from ..const import DEFAULT_PORT, LOGGER
from ..coordinator import BoardCoordinator, Stage
from ..network.adapters import Reach, async_reach
from ..network.arp import mac_of
from ..network.identity import was_heard_lately
from ..network.mdns import async_get_querier

# Everybody is asked who they are so rarely, in seconds, if nothing but a board that fell silent is the reason.
CENSUS_INTERVAL: Final = 600.0
# Addresses without an entry are asked few at a time, and all of them together get so many seconds: anybody can make up
# announcements, and no board may wait for them.
STRANGER_SLOTS: Final = 4
STRANGERS_TIMEOUT: Final = 10.0
_IDENTIFY: Final = RequestTimeouts(connect=3.0, answer=3.0)

# What responds like a board at an address, by its MAC address; None for nothing, or where that cannot be learned.
type Found = dict[str, str | None]


class Census:
    """Asks boards and addresses who they are, and has the entries of boards that have moved follow."""

    def __init__(
        self, hass: HomeAssistant, boards: Callable[[], Collection[BoardCoordinator]], slots: asyncio.Semaphore
    ) -> None:
        self._hass = hass
        self._boards = boards
        self._slots = slots
        self._running = asyncio.Lock()
        self._taken = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether the last one is long ago."""
        return time.monotonic() - self._taken > CENSUS_INTERVAL

    async def take(self, on_move: Callable[[BoardCoordinator], None]) -> None:
        """Ask everybody once; `on_move` is called for each board whose entry has another address then."""
        asked = time.monotonic()
        async with self._running:
            if self._taken > asked:
                # Somebody else has just done it.
                return
            boards = [board for board in self._boards() if board.mac is not None and board.data is not None]
            found: Found = dict(await asyncio.gather(*(self._at_board(board) for board in boards)))
            self._move(found, on_move)
            with suppress(TimeoutError):
                async with asyncio.timeout(STRANGERS_TIMEOUT):
                    await self._ask_strangers(found, on_move)
            self._taken = time.monotonic()

    async def _ask_strangers(self, found: Found, on_move: Callable[[BoardCoordinator], None]) -> None:
        slots = asyncio.Semaphore(STRANGER_SLOTS)

        async def ask(host: str) -> None:
            async with slots:
                if await async_reach(self._hass, host) is not Reach.ON_LINK:
                    return
                sighting = async_get_querier(self._hass).sightings.get(host)
                port = sighting.port if sighting else DEFAULT_PORT
                client = BoardClient(async_get_clientsession(self._hass), host, port, timeouts=_IDENTIFY)
                found[host] = await self._mac_at(host, client)
            self._move(found, on_move)

        await asyncio.gather(*(ask(host) for host in self._strangers(found)))

    def _strangers(self, found: Found) -> Iterable[str]:
        """Return where boards may be that are not where they were, the likeliest first."""
        missing = [board for board in self._boards() if board.data is False and board.mac is not None]
        names = {board.board_name for board in missing}
        hosts = {board.host for board in self._boards()} | found.keys()
        heard = [
            one for one in async_get_querier(self._hass).sightings if was_heard_lately(one) and one.address not in hosts
        ]
        # Whoever makes up announcements does not know which of them is asked first.
        random.shuffle(heard)
        heard.sort(key=lambda one: one.name not in names)
        leased = [host for board in missing if (host := leased_host(self._hass, board)) not in (None, *hosts)]
        return dict.fromkeys(host for host in [*leased, *(one.address for one in heard)] if host is not None)

    @callback
    def _move(self, found: Found, on_move: Callable[[BoardCoordinator], None]) -> None:
        """Have entries follow boards that were recognized elsewhere and, asked just now, not where they were."""
        for board in self._boards():
            there = [host for host, mac in found.items() if mac is not None and mac == board.mac]
            if there and board.host in found and board.host not in there:
                LOGGER.info("%s has moved from %s to %s", board.name, board.host, there[0])
                board.update_entry(**{CONF_HOST: there[0]})
                on_move(board)

    async def _at_board(self, board: BoardCoordinator) -> tuple[str, str | None]:
        """Ask what is where a board is; it is not disturbed while it takes an upload, and restarting it is nowhere."""
        if board.state.has_the_board:
            return board.host, None if board.state.stage is Stage.RESTARTING else board.mac
        async with self._slots, board.lock:
            return board.host, await self._mac_at(board.host, board.client_at(board.host, timeouts=_IDENTIFY))

    async def _mac_at(self, host: str, client: BoardClient) -> str | None:
        try:
            await client.identify()
        except BoardError:
            return None
        return await self._hass.async_add_executor_job(mac_of, host)


def leased_host(hass: HomeAssistant, board: BoardCoordinator) -> str | None:
    """Return the address at which the dhcp integration has seen a board last: a hint where to look, no more."""
    if "dhcp" not in hass.config.components:
        return None
    infos = async_discovered_service_info(hass)
    return next((info.ip for info in infos if format_mac(info.macaddress) == board.mac), None)
