"""Home Assistant's frontend, as its owner sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import re
from typing import Final

from playwright.async_api import Locator, Page, ViewportSize

from tests.browser.chromium import chromium
from tests.real_home import KnownBoard, RealHome, eventually

# An ordinary window of an ordinary notebook.
_WINDOW: Final = ViewportSize(width=1280, height=800)

# A machine that does something else at the same time needs a while for half a million lines of JavaScript.
_WITHIN: Final = 30_000

# A bar that is worth a picture, in percent.
_HALF: Final = 40

# Text is spread over nested shadow roots, which innerText does not look into.
_TEXT: Final = """() => {
  const texts = [];
  const look = (node) => {
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent);
    if (["STYLE", "SCRIPT", "TEMPLATE"].includes(node.nodeName)) return;
    if (node.shadowRoot) look(node.shadowRoot);
    node.childNodes.forEach(look);
  };
  look(document.body);
  return texts.join(" ");
}"""
_PICTURES_LOADED: Final = """() => {
  const loaded = (root) => [...root.querySelectorAll("*")].every((element) =>
    (element.nodeName !== "IMG" || element.complete) && (!element.shadowRoot || loaded(element.shadowRoot)));
  return document.fonts.status === "loaded" && loaded(document);
}"""

# What is left of a text that is missing, or that lacks what it names.
_UNFINISHED: Final = re.compile(r"component\.\w+\.|ui\.panel\.|translation error|\{[a-z_]+\}", re.IGNORECASE)


class Frontend:
    """A window with Home Assistant in it."""

    def __init__(self, page: Page, pictures: Path) -> None:
        """Take an empty page; pictures go to that folder."""
        self.page = page
        self._pictures = pictures

    async def open(self, path: str) -> None:
        """Go to a page of Home Assistant's, in a new tab: a dialog that closes late goes back in its own history."""
        before, self.page = self.page, await self.page.context.new_page()
        await before.close()
        await self.page.goto(path)

    async def open_device(self, known: KnownBoard) -> None:
        """Go to the page of a board."""
        devices = await known.client.command("config/device_registry/list")
        device = next(each for each in devices if known.entry_id in each["config_entries"])
        await self.open(f"/config/devices/device/{device['id']}")

    async def press(self, name: str) -> None:
        """Press the button of that name, once it can be pressed."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def press_text(self, text: str) -> None:
        """Press what bears that text: an item of a list, a menu, a card."""
        await self.text(text).click()

    def text(self, text: str) -> Locator:
        """Return what bears that very text and can be seen."""
        return self.page.get_by_text(text, exact=True).filter(visible=True).first

    async def sees(self, text: str) -> None:
        """Wait until something that contains this text can be seen."""
        await self.page.get_by_text(text).filter(visible=True).first.wait_for()

    async def enter_password(self, password: str) -> None:
        """Fill in the only password that the dialog asks for, and send it."""
        await self.page.locator("input[type=password]").fill(password)
        await self.press("Submit")

    async def upload(self, file: Path) -> None:
        """Give a file to the form, and send it."""
        await self.page.locator("input[type=file]").set_input_files(file)
        await self.sees(file.name)
        await self.press("Submit")

    async def take_picture(self, name: str) -> None:
        """Write down what is to be seen, and look for texts that are missing or unfinished."""
        await self.page.wait_for_function(_PICTURES_LOADED)
        await self.page.screenshot(path=self._pictures / f"{name}.png", animations="disabled", caret="hide")
        unfinished = _UNFINISHED.search(await self.page.evaluate(_TEXT))
        assert unfinished is None, f"{name} shows {unfinished[0]!r}"

    async def read(self, pattern: str) -> str:
        """Return what the first group of a pattern matches in the text that is to be seen, once it is there."""
        expression = re.compile(pattern)

        async def found() -> str:
            match = expression.search(await self.page.evaluate(_TEXT))
            return match[1] if match else ""

        return await eventually(found, what=pattern)

    async def update(self, picture: str | None = None) -> list[float]:
        """Press Update in the dialog of the update entity, and return all that the bar showed until it was installed."""
        await self.press("Update")
        seen: list[float] = []
        installing = re.compile(r"Installing \(([\d.]+)%\)")
        dialog = self.page.locator("ha-more-info-dialog")
        bar = dialog.get_by_text(installing)

        async def installed() -> bool:
            for text in await bar.all_inner_texts():
                # It may have changed since it was found.
                shown = installing.search(text)
                if shown is None or (percentage := float(shown[1])) in seen:
                    continue
                if picture and percentage >= _HALF > max(seen, default=0):
                    await self.take_picture(picture)
                seen.append(percentage)
            return await dialog.get_by_text("Up-to-date").count() > 0

        await eventually(installed, what="the end of an update")
        return seen


@asynccontextmanager
async def frontend_of(home: RealHome, pictures: Path) -> AsyncIterator[Frontend]:
    """Open a window in which the owner of a Home Assistant is logged in."""
    tokens = {
        "access_token": home.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 365 * 86400,
        "expires": 2**53 - 1,
        "hassUrl": home.url,
        "clientId": f"{home.url}/",
    }
    async with chromium() as browser:
        context = await browser.new_context(
            base_url=home.url,
            viewport=_WINDOW,
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(_WITHIN)
        await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})")
        yield Frontend(await context.new_page(), pictures)
