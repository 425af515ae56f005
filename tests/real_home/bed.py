"""A virtual board in the garden of a real Home Assistant."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count

from tests.real_home.home import RealHome
from tests.real_home.known_board import KnownBoard
from tests.real_home.moments import SIZE, Moment
from tests.virtual_board import BoardOptions, Event, VirtualBoard
from tests.virtual_board.sketches import build_sketch

_versions = count(1)


class Bed:
    """A virtual board, what Home Assistant knows of it, and what is flashed on it."""

    known: KnownBoard

    def __init__(self, options: BoardOptions) -> None:
        """Plant a board that has no power yet."""
        self.board = VirtualBoard(options, self._happened)
        self.image = b""
        self.version = ""
        self._watch: Callable[[], None] | None = None

    def has_reached(self, moment: Moment) -> bool:
        """Whether its flash has come to that moment, or Home Assistant was killed at it."""
        return not self.known.home.runs or self.at(moment)

    def at(self, moment: Moment) -> bool:
        """Whether its flash has come to that moment."""
        return moment.reached(self.board, self.known.record.get("pending") or {})

    def kill_at(self, moment: Moment, home: RealHome) -> None:
        """Kill Home Assistant from within the board at that moment: there is no time for anything in between."""

        def watch() -> None:
            if self.at(moment):
                self._watch = None
                home.kill()

        self._watch = watch

    async def offer_sketch(self, *, same_password: bool) -> None:
        """Offer a sketch of a new version, which wants the password that the board wants now or another one."""
        self.version = f"{next(_versions)}.0.0"
        password = self.board.password if same_password else f"sesame-{self.version}"
        self.image = build_sketch(self.board.name, password, self.version, size=SIZE)
        await self.known.offer(f"sketch-{self.version}.bin", self.image, self.version)

    async def install(self) -> None:
        """Install what is offered; Home Assistant may be gone before it has answered."""
        with suppress(ConnectionError):
            await self.known.install()

    async def come_back(self) -> None:
        """Bring a board back to the network that has not come by itself."""
        if not self.board.options.comes_back:
            self.board.options = replace(self.board.options, comes_back=True)
            await self.board.power_off()
            await self.board.power_on()

    def _happened(self, _: Event) -> None:
        if self._watch is not None:
            self._watch()
