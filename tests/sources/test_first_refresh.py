"""A server that has not said since the start what it offers, and boards that are to be flashed with that."""

import asyncio

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.issues import source_id
from custom_components.mkr1000_ota.sources.remembered import Remembered
from tests.conftest import AddBoard, StartBoard
from tests.support.actions import install
from tests.web import Web

PATH = "/manifest.json"


async def test_it_is_asked_once_for_all_who_want_to_know_at_once(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, site: Web
) -> None:
    """One after the other they would wait for it as often as there are boards."""
    site.serve(PATH, status=503)
    for number, name in enumerate("ABC"):
        board = await start_board(name=name, address=f"127.0.0.{20 + number}")
        await add_board(board, source="manifest", manifest_url=str(site.at(PATH)))

    async def answer_late(_: web.Request) -> web.Response:
        await site.closing.wait()
        return web.Response(status=503)

    site.pages[PATH] = answer_late
    site.requests.clear()
    home.loop.call_later(0.1, site.closing.set)
    ends = await asyncio.gather(
        *(install(home, "2.0", entity_id=f"update.{name}_firmware") for name in "abc"), return_exceptions=True
    )
    assert [getattr(end, "translation_key", end) for end in ends] == ["source_http_status"] * 3
    assert all(isinstance(end, HomeAssistantError) for end in ends)
    assert site.asked() == [PATH]


async def test_what_a_hundred_boards_remember_of_it_is_shown_once(home: HomeAssistant, site: Web) -> None:
    """Whenever something new is shown, all boards look at what is offered for them."""
    catalogs = (await async_shared(home)).catalogs
    source = ManifestSource(async_get_clientsession(home), str(site.serve(PATH, status=503)))
    catalog, leave = catalogs.use(source, MockConfigEntry(domain=DOMAIN))
    await catalog.first_refresh
    shown: list[list[str]] = []
    leave_alone = catalog.async_add_listener(
        lambda: shown.append([release.version for release in catalog.data.releases])
    )
    for number in range(100):
        offered = Release(version="2.0" if number else "1.0", identifier="")
        catalog.remember(Remembered(source_id(source), offered, None))
    assert shown == [["1.0"], ["1.0", "2.0"]]
    leave_alone()
    leave()
