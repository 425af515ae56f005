"""A stand-in for one MKR1000: what it runs, whether it is there, and what was done to it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import NoReturn, Self

from tests.virtual_board.accepting import Acceptor
from tests.virtual_board.behavior import behavior_of, has_loader
from tests.virtual_board.firmware import NOTHING, Firmware, start
from tests.virtual_board.multicast import Air
from tests.virtual_board.options import BoardOptions
from tests.virtual_board.peer import Peer
from tests.virtual_board.port import End, Port, forget, reset
from tests.virtual_board.records import Diary, Event, Request
from tests.virtual_board.responder import Responder
from tests.virtual_board.service import ConnectionCutError, PowerLostError, Service, StandstillError, WifiLostError


class VirtualBoard:
    """One board, without power at first. Use it as an asynchronous context manager, or start() and stop() it.

    `on_event` hears of all that happens to it. Many boards on one interface are cheaper when they share its `air`.
    """

    def __init__(
        self,
        options: BoardOptions | None = None,
        on_event: Callable[[Event], None] | None = None,
        air: Air | None = None,
    ) -> None:
        self.flashed: list[bytes] = []
        """Every image that the board began to copy into place, as it was read back from the staging storage."""
        self.requests: list[Request] = []
        """Every request, the one being dealt with included."""
        self.on_network = False
        """It has joined the network and would answer, unless it is busy or away."""
        self.busy = False
        """The sketch does nothing but serve a connection, or is not running at all."""
        self._options = options or BoardOptions()
        self.running = _first_sketch(self._options)
        """What runs, or would with power."""
        self.behavior = self._options.behavior
        self.polls_at: float | None = None
        """When loop() comes round to poll(), in seconds of the loop's clock, if it is elsewhere."""
        self._diary = Diary(on_event)
        self._air = air
        self._responder: Responder | None = None
        self._port = Port()
        self._acceptor = Acceptor(self._port, self)
        self._chosen_port = 0
        self._abandoned: list[Peer] = []
        """Peers whose connection ended without a word: they get a reset once something is at this address again."""
        self._life: asyncio.Task[NoReturn] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def options(self) -> BoardOptions:
        """The options as they are now; replace them at any time. Address, port and window count from the next start."""
        return self._options

    @options.setter
    def options(self, options: BoardOptions) -> None:
        if _first_sketch(self._options) != _first_sketch(options):
            self.running = _first_sketch(options)
        if self._options.behavior != options.behavior:
            self.behavior = options.behavior
        self._options = options

    @property
    def events(self) -> list[Event]:
        """All that has happened to it."""
        return self._diary.events

    @property
    def address(self) -> str:
        """The address it is at, or was last."""
        return self._options.address

    @property
    def port(self) -> int:
        """The TCP port, once it has been started."""
        return self._options.port or self._chosen_port

    @property
    def name(self) -> str:
        """The name that the running sketch announces."""
        return self.running.name

    @property
    def password(self) -> str:
        """The password that the running sketch wants."""
        return self.running.password

    @property
    def version(self) -> str | None:
        """The version marker of the running sketch."""
        return self.running.version

    @property
    def ota_inside(self) -> bool:
        """Whether the running sketch can be flashed over the air."""
        return self.running.ota

    async def start(self) -> None:
        """Give it power; once this returns it is on the network, unless what it runs keeps it off."""
        if self._life is None:
            self._join()
            self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Take it away, and everything that it keeps open."""
        await self._stop_running()
        self._hush()
        self._port.refuse()
        self._end_abandoned()

    power_on = start

    async def power_off(self) -> None:
        """Take its power away, in the middle of whatever it does: nobody is told anything."""
        await self._stop_running()
        self._leave()
        self._tell("power_off")

    async def renumber(self, address: str) -> None:
        """Start it again at another address."""
        await self.stop()
        self._options = replace(self._options, address=address)
        await self.start()

    async def drop_wifi(self) -> None:
        """Lose the Wi-Fi for a moment: WiFi101 never opens its server again, until power_off() and power_on()."""
        await self.stop()
        self._tell("wifi_dropped")

    async def flash_over_usb(self, image: bytes) -> None:
        """Do what an owner does with a cable: put an image in place whatever state the board is in, and start it."""
        await self.stop()
        self._put_in_place(image)
        await self.start()

    def asked(self, *, answers: bool) -> None:
        """Note that the exact mDNS question was heard, and whether it was answered."""
        self._tell("asked", answers=answers)

    async def next_event(self, kind: str) -> Event:
        """Wait until something of this kind happens."""
        return await self._diary.next_event(kind)

    async def _live(self) -> NoReturn:
        while True:
            if not self.on_network:
                await asyncio.Event().wait()
            try:
                await self._apply(await self._poll())
            except (PowerLostError, TimeoutError) as error:
                self._tell("power_lost" if isinstance(error, PowerLostError) else "watchdog")
            except WifiLostError:
                self._leave()
                self._tell("wifi_dropped")
                continue
            except StandstillError:
                self._hush()
                self.on_network, self.busy = False, True
                self._tell("stands_still")
                continue
            self._leave()
            self._tell("away")
            await asyncio.sleep(self.options.away)
            self._join()

    async def _poll(self) -> bytes:
        """Serve one connection after the other, until something has to be applied.

        Raises TimeoutError if the sketch's own watchdog resets the board meanwhile.
        """
        while True:
            peer = await self._acceptor.next_peer()
            self.busy = True
            async with asyncio.timeout(self.behavior.watchdog):
                image = await self._serve(peer)
            if image is not None:
                return image
            self.busy = False

    async def _serve(self, peer: Peer) -> bytes | None:
        service = Service(self.running, self)
        image = None
        try:
            request = await service.hear(peer)
            self.requests.append(request)
            self._tell("request", **request.as_sent())
            try:
                image = await service.answer(peer, request)
            except ConnectionCutError:
                peer.reset()
        finally:
            if not peer.closed:
                self._abandoned.append(peer)
        self._tell("answered", status=request.status, body_bytes=request.body_bytes)
        return image

    async def _apply(self, image: bytes) -> None:
        """Do with the stored sketch what the running one does with it, from its answer to the reset."""
        if self.options.power_loss_behind_answer:
            self.options = replace(self.options, power_loss_behind_answer=False)
            await asyncio.sleep(self.options.pause / 2)
            raise PowerLostError
        behavior = self.behavior
        if behavior.storage == "internal" or behavior.loader:
            self.flashed.append(image)
            self._tell("flashing", size=len(image), sha256=sha256(image).hexdigest())
        else:
            self._tell("stored", size=len(image), sha256=sha256(image).hexdigest())
        await asyncio.sleep(self.options.pause)
        if behavior.storage != "internal" and not behavior.loader:
            # The file stays on the card, and nobody reads it.
            return
        if not self.options.accept_while_copying:
            self._leave()
        self._tell("copying")
        self.running = NOTHING
        await asyncio.sleep(self.options.copy_time)
        if self.options.power_loss_while_copying:
            raise PowerLostError
        if behavior.loader and not has_loader(image):
            # The loader leaves out what it takes for itself, and jumps into the middle of what it has copied.
            return
        self._put_in_place(image)
        if behavior.hangs_after_copy:
            raise StandstillError

    def _put_in_place(self, image: bytes) -> None:
        self.running = start(image, self.options.images, self.options.model)
        self.behavior = behavior_of(image, self.options.behaviors, self.behavior)

    def _join(self) -> None:
        """Start what is in flash, and appear on the network if that does so."""
        end = forget if self.options.forgets_connections else reset
        self._port.refuse(end)
        self._end_abandoned(end)
        lost = bool(self.flashed) and not self.options.comes_back
        self.on_network = self.running.ota and not lost
        self.busy = not self.on_network
        if self.running is not NOTHING or self.options.power_loss_while_copying != "dead":
            self._tell("started", name=self.name, password=self.password, version=self.version, ota=self.ota_inside)
        if not self.on_network:
            self._leave()
            return
        options = self.options
        self._chosen_port = self._port.open(options.address, self.port, options.wifi_module)
        if options.mdns and self.behavior.announces:
            self._responder = Responder(self, self._air)
        self._tell("listening", address=self.address, port=self.port)

    def _leave(self) -> None:
        """Vanish from the network."""
        self._hush()
        self._abandoned += self._acceptor.accepted
        self._acceptor = Acceptor(self._port, self)
        self.on_network = False
        self.busy = True
        if self.options.away_as == "silent":
            self._port.silence(self.address, self.port, self.options.wifi_module)
        else:
            self._port.refuse()

    def _hush(self) -> None:
        if self._responder is not None:
            self._responder.close()
            self._responder = None

    async def _stop_running(self) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life

    def _end_abandoned(self, end: End = reset) -> None:
        while self._abandoned:
            self._abandoned.pop().reset(end)

    def _tell(self, kind: str, **facts: object) -> None:
        self._diary.tell(kind, facts)


def _first_sketch(options: BoardOptions) -> Firmware:
    if options.image is not None:
        return start(options.image, options.images, options.model)
    return Firmware(options.name, options.password, options.version, library=options.library)
