"""Query the network for boards, and pass on who responds."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.components import zeroconf
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from zeroconf import Zeroconf

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.discovery.sightings import QUERY_INTERVAL, Sightings, query
from ..const import DOMAIN, LOGGER
from .adapters import Reach, async_reach

SHORTEST_INTERVAL: Final = QUERY_INTERVAL
QUIET_INTERVAL: Final = 60.0
# A query gets lost while a sketch is busy, and a board responds to none in the first second after its start.
OPENING_QUERIES: Final = 4
# Somebody waits: query without a pause for as long as a board needs to restart, and then, because a wait can last for
# a day, just often enough to notice a board within seconds.
FREQUENT_TIME: Final = 60.0
WAITING_INTERVAL: Final = 5.0


class MdnsQuerier:
    """Queries for all boards, and for everything in Home Assistant that looks for one.

    Home Assistant's own browser asks for many types at once, with known answers: boards drop that. Here the one
    query that they respond to goes out alone, through all interfaces of the shared Zeroconf instance. It costs one
    packet a minute however many boards there are, and each of them responds once. Nothing is sent and nothing heard
    before `async_start`.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.sightings = Sightings(
            self._pass_on, accepts=lambda one: async_reach(hass, one.address, one.port) is not Reach.FORBIDDEN
        )
        self._hass = hass
        self._listeners: list[Callable[[Sighting], None]] = []
        self._users = 0
        self._waiting = 0
        self._zeroconf: Zeroconf | None = None
        self._lacks_network = False
        self._opening = 0
        self._queried_at = float("-inf")
        self._frequent_until = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._close)

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Query and hear until what is returned is called; the last one to call it ends it for all."""
        self._users += 1
        if self._users == 1:
            self._opening = OPENING_QUERIES
            self._schedule()

        @callback
        def stop() -> None:
            self._users -= 1
            if not self._users:
                self._close()

        return stop

    @callback
    def async_listen(self, listener: Callable[[Sighting], None]) -> CALLBACK_TYPE:
        """Call `listener` in the event loop for each sighting, repeats included. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def frequent(self) -> Iterator[None]:
        """Query often inside of this: somebody waits for a board."""
        stop = self.async_start()
        self._waiting += 1
        self._frequent_until = self._hass.loop.time() + FREQUENT_TIME
        self._schedule()
        try:
            yield
        finally:
            self._waiting -= 1
            self._schedule()
            stop()

    async def async_wait_for(self, address: str, *, timeout: float) -> Sighting | None:
        """Wait `timeout` seconds for the next sighting at an address; None if there was none."""
        heard: asyncio.Future[Sighting] = self._hass.loop.create_future()

        def listen(sighting: Sighting) -> None:
            if sighting.address == address and not heard.done():
                heard.set_result(sighting)

        unsubscribe = self.async_listen(listen)
        try:
            with self.frequent():
                async with asyncio.timeout(timeout):
                    return await heard
        except TimeoutError:
            return None
        finally:
            unsubscribe()

    @callback
    def _pass_on(self, sighting: Sighting) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(sighting)
            except Exception:  # noqa: BLE001 - whatever it is, it must not end zeroconf's work on the packet
                LOGGER.exception("Could not take note of the board at %s", sighting.address)

    @callback
    def _schedule(self) -> None:
        """Set the time of the next query, counted from the last one."""
        if self._timer:
            self._timer.cancel()
        if self._users and not self._hass.is_stopping:
            self._timer = self._hass.loop.call_at(self._queried_at + self._interval(), self._query)

    def _interval(self) -> float:
        if self._opening:
            return SHORTEST_INTERVAL
        if not self._waiting:
            return QUIET_INTERVAL
        return SHORTEST_INTERVAL if self._hass.loop.time() < self._frequent_until else WAITING_INTERVAL

    @callback
    def _query(self) -> None:
        instance = self._attach()
        self._queried_at = self._hass.loop.time()
        self._opening = max(0, self._opening - 1)
        if instance:
            instance.async_send(query())
        self._schedule()

    @callback
    def _attach(self) -> Zeroconf | None:
        """Listen to the shared Zeroconf instance, which may be another one than the last time.

        Its creation raises where there is no interface that it could use, or no network integration.
        """
        try:
            instance = zeroconf.async_get_async_zeroconf(self._hass).zeroconf
        except (KeyError, OSError, RuntimeError) as err:
            if not self._lacks_network:
                LOGGER.warning("Boards cannot be discovered: there is no network to query (%r)", err)
            self._lacks_network = True
            return None
        if self._lacks_network:
            LOGGER.info("Boards can be discovered again")
            self._lacks_network = False
        if instance is not self._zeroconf:
            self._detach()
            instance.async_add_listener(self.sightings, None)
            self._zeroconf = instance
        return instance

    @callback
    def _detach(self) -> None:
        if self._zeroconf:
            self._zeroconf.async_remove_listener(self.sightings)
            self._zeroconf = None

    @callback
    def _close(self, _event: Event | None = None) -> None:
        if self._timer:
            self._timer.cancel()
        self._detach()


@singleton(f"{DOMAIN}_mdns")
def async_get_querier(hass: HomeAssistant) -> MdnsQuerier:
    """Return the one querier, which config flows need before any entry is set up."""
    return MdnsQuerier(hass)
