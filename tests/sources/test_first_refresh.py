"""Sources that have not said since the start what they offer, and boards that are to be flashed with that."""

import asyncio

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.mkr1000_ota.sources.chosen import uploads_of
from tests.conftest import AddBoard, StartBoard
from tests.sources.conftest import IMAGE
from tests.support.actions import FIRMWARE, install, restart, shown, watching
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
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


async def test_an_upload_that_was_skipped_stays_skipped(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """Nothing but its file remembers it."""
    entry = await add_board(board)
    await uploads_of(home, entry.entry_id).store(IMAGE, "garden.bin")
    await entry.runtime_data.coordinator.sources.uploads.async_refresh()
    assert shown(home, FIRMWARE).state == "on"
    await home.services.async_call("update", "skip", {"entity_id": FIRMWARE}, blocking=True)
    with watching(home, FIRMWARE) as states:
        await restart(home, entry)
        await settled(home)
    assert {state.state for state in states} == {"unavailable", "off"}
    assert shown(home, FIRMWARE).attributes["skipped_version"] == "2.0"
