"""Ask the network which boards are there, and hand on who answers."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.components import zeroconf
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from zeroconf import Zeroconf

from .arduino_ota.discovery.announcements import Sighting
from .arduino_ota.discovery.sightings import QUERY_INTERVAL, Sightings, query
from .const import LOGGER

SPACING: Final = QUERY_INTERVAL
QUIET: Final = 60.0

# A question gets lost while a sketch is busy, and a board answers none in the first second after its start.
OPENING_QUESTIONS: Final = 4

# Somebody waits: ask without a pause for as long as a board needs to flash and restart, then, because a wait can
# last for hours, just often enough to notice a board within seconds.
EAGER_FOR: Final = 60.0
PATIENT: Final = 5.0


class Asker:
    """The one that asks, for all boards and everything in Home Assistant that looks for one.

    Home Assistant's own browser asks for many types at once, with known answers: boards drop that. Here the one
    question that they answer goes out alone, through all interfaces of the shared Zeroconf instance. It costs one
    packet a minute however many boards there are, and each of them answers once.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare to ask; nothing is sent and nothing heard before `async_start`."""
        self.sightings = Sightings(self._hand_on)
        self._hass = hass
        self._listeners: list[Callable[[Sighting], None]] = []
        self._users = 0
        self._waiting = 0
        self._zeroconf: Zeroconf | None = None
        self._lacks_zeroconf = False
        self._opening = 0
        self._asked = float("-inf")
        self._eager_until = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._forget_stop: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Ask from now on, and hear. Each start needs a stop of its own; the last stop ends it."""
        self._users += 1
        if self._users > 1 or self._hass.is_stopping:
            return
        self._opening = OPENING_QUESTIONS
        self._forget_stop = self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._home_assistant_stops)
        self._schedule()

    @callback
    def async_stop(self) -> None:
        """Take back one start. After the last one nothing is asked, and nothing is heard."""
        self._users -= 1
        if self._users == 0:
            self._close()

    @callback
    def async_listen(self, listener: Callable[[Sighting], None]) -> CALLBACK_TYPE:
        """Call `listener` in the event loop for each sighting, repeats included. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        """Ask more often inside of this: somebody waits for boards to answer. Starts the asking if need be."""
        self.async_start()
        self._waiting += 1
        self._eager_until = self._hass.loop.time() + EAGER_FOR
        self._schedule()
        try:
            yield
        finally:
            self._waiting -= 1
            self._schedule()
            self.async_stop()

    async def async_wait_for(self, address: str, *, within: float) -> Sighting | None:
        """Wait for the next sighting at `address`, for `within` seconds; None if there was none."""
        heard: asyncio.Future[Sighting] = self._hass.loop.create_future()

        def listen(sighting: Sighting) -> None:
            if sighting.address == address and not heard.done():
                heard.set_result(sighting)

        unsubscribe = self.async_listen(listen)
        try:
            with self.awaiting():
                async with asyncio.timeout(within):
                    return await heard
        except TimeoutError:
            return None
        finally:
            unsubscribe()

    @callback
    def _hand_on(self, sighting: Sighting) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(sighting)
            except Exception:  # noqa: BLE001 - whatever it is, it must not end zeroconf's work on the packet
                LOGGER.exception("Could not take note of the board at %s", sighting.address)

    @callback
    def _schedule(self) -> None:
        """Set the time of the next question, counted from the last one."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._forget_stop:
            self._timer = self._hass.loop.call_at(self._asked + self._pause(), self._ask)

    def _pause(self) -> float:
        if self._opening:
            return SPACING
        if not self._waiting:
            return QUIET
        return SPACING if self._hass.loop.time() < self._eager_until else PATIENT

    @callback
    def _ask(self) -> None:
        instance = self._attach()
        self._asked = self._hass.loop.time()
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
            if not self._lacks_zeroconf:
                LOGGER.warning("Boards cannot be discovered: there is no network to ask on (%r)", err)
            self._lacks_zeroconf = True
            return None
        if self._lacks_zeroconf:
            LOGGER.info("Boards can be discovered again")
            self._lacks_zeroconf = False
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
    def _home_assistant_stops(self, _event: Event) -> None:
        self._forget_stop = None
        self._close()

    @callback
    def _close(self) -> None:
        if self._forget_stop:
            self._forget_stop()
            self._forget_stop = None
        self._schedule()
        self._detach()
