"""Adding boards: from nothing, and from the card of one that was discovered."""

import json
from pathlib import Path
import re

import pytest

from tests.browser.conftest import AddBoard, StartBoard
from tests.browser.frontend import Frontend
from tests.real_home import HomeClient, KnownBoard, RealHome
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZE = 32 * 1024
NOTES = """\
- The pump runs at **06:00**, not in the evening.
- The soil is measured every five minutes.
"""


async def test_first_hour(client: HomeClient, frontend: Frontend, start_board: StartBoard, home: RealHome) -> None:
    """A board is found and added; what the IDE exports is dropped where the dialog says, and installed; and again."""
    garden = await start_board("Garden")

    await frontend.open("/config/integrations/dashboard")
    await frontend.press("Add integration")
    await frontend.page.get_by_placeholder("Search for a brand name").fill("mkr1000")
    await frontend.press_text("Arduino MKR1000 OTA")
    await frontend.sees("Select a board")
    await frontend.press("Submit")
    await frontend.enter_password(garden.password)
    folder = Path(await frontend.read(r"copy the \.bin file of a sketch to\s+(/\S+)"))
    await frontend.take_picture("added")
    await frontend.press("Skip and finish")

    await frontend.press_text("Firmware")
    await frontend.sees(f"Copy a .bin file to {folder}")
    await frontend.take_picture("nothing-offered")
    builds = [build_sketch("Garden", size=SIZE, seed=seed) for seed in (1, 2)]
    for build in builds:
        (folder / "garden.ino.bin").write_bytes(build)
        await frontend.sees("Update available")
        assert await frontend.page.get_by_text(f"Copy a .bin file to {folder}").count() == 0
        await frontend.update()
    assert garden.flashed == builds


async def test_from_nothing(client: HomeClient, frontend: Frontend, start_board: StartBoard, home: RealHome) -> None:
    """Boards are looked for and listed; an address can be typed; a wrong password is told at once."""
    garden = await start_board("Garden")
    cellar = await start_board("Cellar", library="ArduinoOTA")

    await frontend.open("/config/integrations/dashboard")
    page = frontend.page
    await frontend.press("Add integration")
    await page.get_by_placeholder("Search for a brand name").fill("mkr1000")
    await frontend.text("Arduino MKR1000 OTA").wait_for()
    await frontend.take_picture("brand")
    await frontend.press_text("Arduino MKR1000 OTA")

    await frontend.sees("Searching")
    await page.get_by_text(re.compile(r"[1-9]0%")).wait_for()
    await frontend.take_picture("scan")
    await frontend.sees("Select a board")
    await frontend.sees(f"Garden · {garden.address} · WiFi101OTA")
    await frontend.sees(f"Cellar · {cellar.address} · ArduinoOTA")
    await frontend.take_picture("add")

    await frontend.press_text("Enter an address")
    await frontend.press("Submit")
    await frontend.sees("You can find the address in your router")
    await page.locator("ha-form input").fill(f"{garden.address}:{garden.port}")
    await frontend.take_picture("typed")
    await frontend.press("Submit")
    await frontend.sees("Enter its OTA password")
    await frontend.enter_password("passw0rd")
    await frontend.sees("Incorrect password")
    await frontend.take_picture("wrong-password")
    await frontend.enter_password(garden.password)
    await frontend.press("Skip and finish")
    await frontend.sees("Device info")

    assert list(await KnownBoard.all(home, client)) == ["Garden"]
    assert not any(request.content_length > 0 for request in garden.requests)

    await frontend.open("/config/integrations/integration/mkr1000_ota")
    await frontend.press("Add device")
    await frontend.press_text("Set up another instance of Arduino MKR1000 OTA")
    await frontend.sees("Already set up: Garden")
    await frontend.take_picture("add-another")
    await frontend.press_text(f"Cellar · {cellar.address} · ArduinoOTA")
    await frontend.press("Submit")
    await frontend.sees("Select the model of Cellar")


async def test_discovered(
    client: HomeClient, frontend: Frontend, start_board: StartBoard, add_board: AddBoard, home: RealHome
) -> None:
    """A board shows up as a card; with its password it is set up; an update can be installed, and seen to progress."""
    board = await start_board("Greenhouse")
    await add_board("Shed")

    await frontend.open("/config/integrations/dashboard")
    card = frontend.page.locator("ha-config-flow-card", has_text="Greenhouse")
    await card.wait_for()
    # Its icon would have to come from its makers' server.
    await frontend.page.locator("ha-integration-card", has_text="Backup").evaluate(
        "card => card.style.display = 'none'"
    )
    await frontend.take_picture("discovery")
    await card.get_by_text("Add", exact=True).click()
    await frontend.sees("Enter its OTA password")
    await frontend.take_picture("password")
    await frontend.enter_password(board.password)
    await frontend.press("Skip and finish")
    await frontend.sees("Up-to-date")

    known = (await KnownBoard.all(home, client))["Greenhouse"]
    first = build_sketch("Greenhouse", version="1.0.0")
    await known.offer("greenhouse-1.0.0.bin", first, "1.0.0")
    await known.install()
    image = build_sketch("Greenhouse", "tomato", "1.1.0", size=64 * 1024)
    await known.drop("greenhouse-1.1.0.json", json.dumps({"title": "Greenhouse", "notes": NOTES}).encode())
    await known.offer("greenhouse-1.1.0.bin", image, "1.1.0")
    await frontend.press_text("Firmware")
    await frontend.sees("The pump runs at")
    await frontend.take_picture("update-offered")
    percentages = await frontend.update("update")
    await frontend.take_picture("updated")
    await frontend.press("Close")
    await frontend.sees("Firmware: 1.1.0")
    await frontend.take_picture("device")

    async with frontend.page.expect_download() as download:
        await frontend.press_text("Download diagnostics")
    diagnostics = (await (await download.value).path()).read_text()
    assert '"running_version": "1.1.0"' in diagnostics and "tomato" not in diagnostics

    assert board.flashed == [first, image] and board.password == "tomato"
    assert len(percentages) >= 3 and percentages == sorted(percentages)
    assert any(percentage != round(percentage) for percentage in percentages)
