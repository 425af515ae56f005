"""A stand-in for one MKR1000: what it runs, whether it is there, and what was done to it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from types import TracebackType
from typing import NoReturn, Self

from tests.virtual_board.firmware import NOTHING, Firmware, start
from tests.virtual_board.multicast import Air
from tests.virtual_board.options import BoardOptions
from tests.virtual_board.peer import Peer
from tests.virtual_board.port import Port
from tests.virtual_board.records import Event, Request
from tests.virtual_board.responder import Responder
from tests.virtual_board.service import ConnectionCutError, PowerLostError, Service


class VirtualBoard:
    """One board. Use it as an asynchronous context manager, or start() and stop() it."""

    def __init__(
        self,
        options: BoardOptions | None = None,
        on_event: Callable[[Event], None] | None = None,
        air: Air | None = None,
    ) -> None:
        """A board that has no power yet; `on_event` hears of all that happens to it.

        Many boards on one interface are cheaper when they share its `air`.
        """
        self.flashed: list[bytes] = []
        """Every image that the board began to copy into place, as it was read back from the staging storage."""
        self.requests: list[Request] = []
        """Every request, the one being dealt with included."""
        self.events: list[Event] = []
        self.on_network = False
        """It has joined the network and would answer, unless it is busy or away."""
        self.busy = False
        """The sketch does nothing but serve a connection, or is not running at all."""
        self._options = options or BoardOptions()
        self.running = _first_sketch(self._options)
        """What runs, or would with power."""
        self._on_event = on_event
        self._air = air
        self._responder: Responder | None = None
        self._port = Port()
        self._chosen_port = 0
        self._abandoned: list[Peer] = []
        """Peers whose connection ended without a word: they get a reset once something is at this address again."""
        self._life: asyncio.Task[NoReturn] | None = None
        self._awaited: list[tuple[str, asyncio.Future[Event]]] = []

    async def __aenter__(self) -> Self:
        """Give it power."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        await self.stop()

    @property
    def options(self) -> BoardOptions:
        """The options as they are now; replace them at any time. Address, port and window count from the next start."""
        return self._options

    @options.setter
    def options(self, options: BoardOptions) -> None:
        if _first_sketch(self._options) != _first_sketch(options):
            self.running = _first_sketch(options)
        self._options = options

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
        self._reset_abandoned()

    async def power_on(self) -> None:
        """Give it power again, as start() does."""
        await self.start()

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
        self.running = start(image, self._options.images)
        await self.start()

    def asked(self, *, answers: bool) -> None:
        """Note that the exact mDNS question was heard, and whether it was answered."""
        self._tell("asked", answers=answers)

    async def next_event(self, kind: str) -> Event:
        """Wait until something of this kind happens."""
        happened: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._awaited.append((kind, happened))
        return await happened

    async def _live(self) -> NoReturn:
        while True:
            if not self.on_network:
                await asyncio.Event().wait()
            try:
                await self._apply(await self._poll())
            except PowerLostError:
                self._tell("power_lost")
            self._leave()
            self._tell("away")
            await asyncio.sleep(self.options.away)
            self._join()

    async def _poll(self) -> bytes:
        """Serve one connection after the other, until something has to be flashed."""
        while True:
            peer = Peer(*await self._port.accept())
            self.busy = True
            if (image := await self._serve(peer)) is not None:
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
        """Copy the staged sketch over the running one; there is no way back."""
        self.flashed.append(image)
        self._tell("flashing", size=len(image), sha256=sha256(image).hexdigest())
        await asyncio.sleep(self.options.pause)
        if not self.options.accept_while_copying:
            self._leave()
        self._tell("copying")
        self.running = NOTHING
        await asyncio.sleep(self.options.copy_time)
        if self.options.power_loss_while_copying:
            raise PowerLostError
        self.running = start(image, self.options.images)

    def _join(self) -> None:
        """Start what is in flash, and appear on the network if that does so."""
        self._reset_abandoned()
        lost = bool(self.flashed) and not self.options.comes_back
        self.on_network = self.running.ota and not lost
        self.busy = not self.on_network
        if self.running is not NOTHING or self.options.power_loss_while_copying != "dead":
            self._tell("started", name=self.name, password=self.password, version=self.version, ota=self.ota_inside)
        if not self.on_network:
            self._leave()
            return
        options = self.options
        self._chosen_port = self._port.open(options.address, self.port, options.receive_window)
        if options.mdns:
            self._responder = Responder(self, self._air)
        self._tell("listening", address=self.address, port=self.port)

    def _leave(self) -> None:
        """Vanish from the network."""
        self._hush()
        self.on_network = False
        self.busy = True
        if self.options.away_as == "silent":
            self._port.silence(self.address, self.port, self.options.receive_window)
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

    def _reset_abandoned(self) -> None:
        for peer in self._abandoned:
            peer.reset()
        self._abandoned.clear()

    def _tell(self, kind: str, **facts: object) -> None:
        event = Event(kind, facts)
        self.events.append(event)
        if self._on_event:
            self._on_event(event)
        for awaited in [entry for entry in self._awaited if entry[0] == kind]:
            self._awaited.remove(awaited)
            if not awaited[1].done():
                awaited[1].set_result(event)


def _first_sketch(options: BoardOptions) -> Firmware:
    if options.image is not None:
        return start(options.image, options.images)
    return Firmware(options.name, options.password, options.version, library=options.library)
