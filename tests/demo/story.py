"""The story: two boards, three flashes, and three mistakes that cost nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.demo.screen import Screen
from tests.real_home import DOMAIN, CommandFailed, Flow, HomeClient, KnownBoard, RealHome, eventually
from tests.virtual_board import VirtualBoard
from tests.virtual_board.bad_sketches import OTHER_BOARDS
from tests.virtual_board.sketches import build_sketch

# A bar is drawn for each so many percent.
_STEP = 10.0
SIZE = 64 * 1024


class Story:
    """What happens, from the first board that is added to the last flash."""

    def __init__(
        self, screen: Screen, home: RealHome, client: HomeClient, garden: VirtualBoard, cellar: VirtualBoard
    ) -> None:
        """Prepare the story; boards and Home Assistant run already."""
        self._screen = screen
        self._home = home
        self._client = client
        self._garden = garden
        self._cellar = cellar
        self._known: list[KnownBoard] = []

    async def tell(self) -> None:
        """Let it all happen."""
        self._screen.chapter("1. A board is added, with a wrong password first")
        garden = await self._add(self._garden, mistake="passw0rd")
        self._screen.chapter("2. A sketch is flashed, and the password follows it")
        await self._flash(garden, self._garden, "1.1.0", password="tomato")
        self._screen.chapter("3. And again: the board wants the new password now")
        await self._flash(garden, self._garden, "1.2.0", password="basil")
        self._screen.chapter("4. A sketch for another board is dropped into the folder")
        await self._offer_wrong_image(garden)
        self._screen.chapter("5. Somebody flashes the other board by cable; its password is not the one we know")
        cellar = await self._add(self._cellar)
        await self._meet_wrong_password(cellar)

    async def leave_something_to_do(self) -> None:
        """Offer a new sketch for each board, for those who want to press the button themselves."""
        for known, board in zip(self._known, (self._garden, self._cellar), strict=True):
            image = build_sketch(board.name, board.password, "2.0.0", board.running.library, SIZE, seed=3)
            await known.offer(f"{board.name.lower()}-2.0.0.bin", image, "2.0.0")

    async def _add(self, board: VirtualBoard, *, mistake: str | None = None) -> KnownBoard:
        screen = self._screen
        screen.say("Settings → Devices & services → Add integration → Arduino MKR1000 OTA")
        async with screen.waiting("  It looks for boards by itself, for five seconds"):
            flow = await Flow.start(self._client, DOMAIN)
        if flow.choices:
            screen.say(f"  It has found {', '.join(flow.choices[:-1])}")
        if board.address in flow.choices:
            await flow.submit(host=board.address)
        else:
            await flow.enter_address(f"{board.address}:{board.port}")
        screen.say(f"  {flow.placeholders['name']} answers at {board.address}: {flow.placeholders['library']}")
        if mistake is not None:
            await flow.submit(password=mistake)
            screen.check(f"The wrong password {mistake!r} is noticed at once", "password" in flow.errors)
        await flow.submit(password=board.password)
        screen.check(f"{board.name} is added, and takes the password {board.password!r}", flow.entry_id is not None)
        assert flow.entry_id is not None
        self._known.append(KnownBoard(self._home, self._client, flow.entry_id))
        return self._known[-1]

    async def _flash(self, known: KnownBoard, board: VirtualBoard, version: str, password: str) -> None:
        screen, before = self._screen, board.password
        image = build_sketch(board.name, password, version, board.running.library, SIZE, seed=len(board.flashed))
        screen.say(f"A new file in the board's folder: {board.name.lower()}-{version}.bin, {len(image):,} bytes")
        await known.offer(f"{board.name.lower()}-{version}.bin", image, version)
        screen.say(f"Version {version} is offered. Pressing Install")
        flashed, sent = len(board.flashed), len(board.requests)
        async with self._watching(known) as percentages:
            await known.install()
        uploads = [request for request in board.requests[sent:] if request.content_length > 0]
        screen.check(
            f"{board.name} was flashed once, with its old password {before!r}",
            board.flashed[flashed:] == [image] and [upload.password for upload in uploads] == [before],
        )
        screen.check(
            "The percentage moved with the board", len(percentages) >= 5 and percentages == sorted(percentages)
        )
        state = await known.firmware()
        screen.check(
            f"Home Assistant shows version {version}",
            state["attributes"]["installed_version"] == board.version == version,
        )
        screen.check(
            f"The board wants {board.password!r} now, and that is what is stored",
            known.passwords[0] == board.password == password,
        )

    @asynccontextmanager
    async def _watching(self, known: KnownBoard) -> AsyncIterator[list[float]]:
        """Draw the percentage of the update entity; the list grows with what was seen."""
        entity = await known.entity()
        seen: list[float] = []
        async with self._client.subscribe(
            "subscribe_trigger", trigger={"platform": "state", "entity_id": entity}
        ) as states:
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

    async def _offer_wrong_image(self, known: KnownBoard) -> None:
        board, screen = self._garden, self._screen
        other = build_sketch(board.name, "password", "9.9.9", size=SIZE, board=OTHER_BOARDS[0])
        requests, flashed = len(board.requests), len(board.flashed)
        screen.say(f"garden-9.9.9.bin, which was compiled for an {OTHER_BOARDS[0].product}")
        await known.drop("garden-9.9.9.bin", other)
        issue = (await eventually(lambda: self._client.issues(DOMAIN), every=0.2, what="a repair issue"))[0]
        screen.say(f"  Settings → Repairs: {await self._text_of(issue)}")
        offered = (await known.firmware())["attributes"]["latest_version"]
        screen.check(
            "It is refused before anything is sent, and the reason is told",
            issue["translation_key"].endswith("other_board"),
        )
        screen.check(
            f"It is not offered, and {board.name} has not heard of it",
            offered == board.version
            and len(board.flashed) == flashed
            and not any(request.content_length > 0 for request in board.requests[requests:]),
        )

    async def _meet_wrong_password(self, known: KnownBoard) -> None:
        board, screen = self._cellar, self._screen
        by_cable = build_sketch(board.name, "lantern", "1.0.0", board.running.library, SIZE)
        await board.flash_over_usb(by_cable)
        screen.say(f"{board.name} was flashed by cable; now it wants {board.password!r}, which nobody has told us")
        image = build_sketch(board.name, "lantern", "1.1.0", board.running.library, SIZE, seed=1)
        await known.offer("cellar-1.1.0.bin", image, "1.1.0")
        screen.say("Version 1.1.0 is offered. Pressing Install")
        try:
            await known.install()
        except CommandFailed as refusal:
            screen.say(f"  Home Assistant says: {refusal}")
            refused = refusal.key == "wrong_password"
        else:
            refused = False
        sent = sum(request.body_bytes for request in board.requests)
        screen.check(f"The wrong password is caught: {sent} bytes were sent", refused and sent == 0)
        flows = await eventually(lambda: self._client.flows(DOMAIN), every=0.2, what="the question for the password")
        reauth = [flow for flow in flows if flow["context"]["source"] == "reauth"]
        screen.check("Home Assistant asks for the new password by itself", len(reauth) == 1)
        flow = await Flow.resume(self._client, reauth[0]["flow_id"])
        await flow.submit(password=board.password)
        screen.say(f"The password {board.password!r} is entered. Pressing Install")
        async with self._watching(known):
            await known.install()
        screen.check(f"{board.name} runs version 1.1.0", board.version == "1.1.0" and board.flashed == [image])
        screen.check("Nothing is left unfinished", all(one.record["pending"] is None for one in self._known))

    async def _text_of(self, issue: dict[str, Any]) -> str:
        """What a repair issue says, as the frontend would show it."""
        translations = await self._client.command(
            "frontend/get_translations", language="en", category="issues", integration=[DOMAIN]
        )
        key = f"component.{DOMAIN}.issues.{issue['translation_key']}.description"
        text: str = translations["resources"].get(key, issue["translation_key"])
        for name, value in (issue["translation_placeholders"] or {}).items():
            text = text.replace(f"{{{name}}}", value)
        return text
