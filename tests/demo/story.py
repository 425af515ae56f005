"""The story of a board: how it is added and flashed, and what goes wrong without doing harm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import re
from typing import Any

from tests.demo.screen import Screen
from tests.real_home import DOMAIN, CommandFailed, Flow, HomeClient, KnownBoard, RealHome, eventually
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import BOARDS, build_sketch

# A bar is drawn for each so many percent.
_STEP = 10.0
SIZE = 48 * 1024


class Story:
    """What happens to one board. Each part begins where the one before has ended."""

    def __init__(self, screen: Screen, home: RealHome, client: HomeClient, board: VirtualBoard) -> None:
        """Prepare the story; the board and Home Assistant run already."""
        self._screen = screen
        self._home = home
        self._client = client
        self._board = board
        self._known = KnownBoard(home, client, "")

    async def from_nothing_to_two_flashes(self) -> None:
        """A board is added; two sketches, each with a password of its own, are flashed, and one for another model is not."""
        model = self._board.options.model
        self._screen.chapter(f"{self._board.name}, an {BOARDS[model].product}: from nothing to two flashes")
        await self._add()
        await self._flash(self.build("tomato", "1.1.0"), "1.1.0")
        await self._flash(self.build("basil", "1.2.0"), "1.2.0")
        await self._refuse_other_model(next(other for other in BOARDS if other != model))

    async def flashed_by_cable(self) -> None:
        """Somebody flashes a sketch with a password that nobody has told; its .bin is all that Home Assistant needs."""
        board, screen = self._board, self._screen
        screen.chapter(f"{board.name} is flashed by cable, and Home Assistant does not know that password")
        by_cable = self.build("lantern", "1.3.0")
        await board.flash_over_usb(by_cable)
        await self.offer(self.build("lantern", "1.4.0"), "1.4.0")
        sent = len(board.requests)
        try:
            await self._known.install()
        except CommandFailed as refusal:
            screen.say(f"  Home Assistant says: {refusal}")
        screen.check(
            "The board takes none of the known passwords, and not a byte of the sketch was sent",
            len(board.requests) > sent and not any(request.content_length > 0 for request in board.requests[sent:]),
        )
        screen.say("Settings → Repairs asks for the password. Uploading the .bin of the sketch that runs instead")
        flow = await Flow.resume(self._client, await eventually(self._reauth, what="the question for the password"))
        await flow.submit(sketch=await self._client.upload_file("garden.ino.bin", by_cable))
        screen.check(
            "Home Assistant has found the password in it, and the version",
            (flow.reason, self._known.passwords[0]) == ("reauth_successful", "lantern")
            and (await self._known.firmware())["attributes"]["installed_version"] == "1.3.0",
        )
        await self._install("1.4.0")

    async def builds_that_prove_themselves(self) -> None:
        """Two builds of one source: the password of each, which ends with the time of its build, proves which one runs."""
        self._screen.chapter(
            f'{self._board.name}: begin(…, "secret " __DATE__ " " __TIME__) in builds without a version'
        )
        for built in ("Nov 27 2026 10:15:00", "Nov 27 2026 10:20:00"):
            await self._flash(self.build(f"secret {built}"))

    def build(self, password: str, version: str | None = None, model: str | None = None) -> bytes:
        """Compile a sketch that has the board's name, for its model or another one."""
        board, library = self._board, "ArduinoOTA" if model else self._board.running.library
        built_for = BOARDS[model or board.options.model]
        return build_sketch(board.name, password, version, library, SIZE, seed=len(board.flashed), board=built_for)

    async def offer(self, image: bytes, version: str | None) -> str:
        """Drop a sketch into the folder of the board, and return what is offered then."""
        file = f"{self._board.name.lower()}.ino.bin"
        self._screen.say(f"A new file in its folder: {file}, {len(image):,} bytes")
        return await self._known.offer(file, image, version)

    async def _add(self) -> None:
        board, screen = self._board, self._screen
        screen.say("Settings → Devices & services → Add integration → Arduino MKR1000 OTA")
        async with screen.waiting("  It looks for boards by itself, for five seconds"):
            flow = await Flow.start(self._client, DOMAIN)
        if board.address in flow.choices:
            await flow.submit(host=board.address)
        else:
            await flow.enter_address(f"{board.address}:{board.port}")
        screen.say(f"  {flow.placeholders['name']} answers at {board.address}: {flow.placeholders['library']}")
        if flow.step == "model":
            screen.say("  Many models use this library, so it asks which one this is")
            await flow.submit(model=board.options.model)
        await flow.submit(password="passw0rd")
        screen.check("A wrong password is noticed at once", flow.errors.get("password") == "wrong_password")
        await flow.submit(password=board.password)
        screen.check(f"{board.name} is added with its password, {board.password!r}", flow.entry_id is not None)
        self._known = KnownBoard(self._home, self._client, flow.entry_id or "")

    async def _flash(self, image: bytes, version: str | None = None) -> None:
        await self._install(await self.offer(image, version))

    async def _reauth(self) -> str:
        """Return the id of the dialog that asks for the password of the board, "" while there is none."""
        flows = await self._client.flows(DOMAIN)
        asks = (str(flow["flow_id"]) for flow in flows if flow["context"].get("entry_id") == self._known.entry_id)
        return next(asks, "")

    async def _install(self, label: str) -> None:
        screen, board, before = self._screen, self._board, self._board.password
        screen.say(f"{label} is offered. Pressing Update")
        flashed, sent = len(board.flashed), len(board.requests)
        async with self._watching() as percentages:
            await self._known.install()
        uploads = [request.password for request in board.requests[sent:] if request.content_length > 0]
        screen.check(
            f"{board.name} was flashed once, with the password of the sketch before, {before!r}",
            len(board.flashed) == flashed + 1 and uploads == [before],
        )
        screen.check("The bar moved with the board", len(percentages) >= 5 and percentages == sorted(percentages))
        state, record = await self._known.firmware(), self._known.record
        screen.check(
            f"Home Assistant says that {label} is installed, and has nothing left to do",
            state["attributes"]["installed_version"] == label and record["pending"] is None,
        )
        screen.check(f"It has stored the new password, {board.password!r}", self._known.passwords[0] == board.password)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[list[float]]:
        """Draw the percentage of the update entity; the list grows with what was seen."""
        trigger = {"platform": "state", "entity_id": await self._known.entity()}
        seen: list[float] = []
        async with self._client.subscribe("subscribe_trigger", trigger=trigger) as states:
            drawing = asyncio.create_task(self._draw(states, seen))
            try:
                yield seen
            finally:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing

    async def _draw(self, states: asyncio.Queue[dict[str, Any]], seen: list[float]) -> None:
        drawn = -_STEP
        while True:
            attributes = (await states.get())["variables"]["trigger"]["to_state"]["attributes"]
            percentage = attributes["update_percentage"]
            if percentage is not None:
                seen.append(percentage)
                if percentage >= drawn + _STEP:
                    drawn = percentage
                    self._screen.progress(percentage)
            elif seen and attributes["in_progress"] and drawn < 100:
                drawn = 100.0
                self._screen.progress(drawn)
                self._screen.say("  The board has it all. It copies, restarts, joins its Wi-Fi again …")

    async def _refuse_other_model(self, model: str) -> None:
        """Drop a sketch that bears the board's name and was built for another model: on this one it would find no Wi-Fi."""
        board, screen, known = self._board, self._screen, self._known
        screen.say(f"{board.name.lower()}-9.9.9.bin, which was compiled for an {BOARDS[model].product}")
        flashed, requests = len(board.flashed), len(board.requests)
        await known.drop(f"{board.name.lower()}-9.9.9.bin", self.build("password", "9.9.9", model))

        async def told() -> str:
            summary = (await known.firmware())["attributes"]["release_summary"] or ""
            return re.sub("<.*?>", "", summary) if "9.9.9" in summary else ""

        screen.say(f"  The update dialog says: {await eventually(told, every=0.2, what='a word about that sketch')}")
        screen.check("It is not offered", (await known.firmware())["attributes"]["latest_version"] == board.version)
        try:
            await known.install("9.9.9")
        except CommandFailed as refusal:
            screen.say(f"  Whoever insists is told: {refusal}")
        uploads = [request for request in board.requests[requests:] if request.content_length > 0]
        screen.check(f"{board.name} has got nothing of it", not uploads and len(board.flashed) == flashed)
