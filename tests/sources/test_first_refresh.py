"""A server that has not said since the start what it offers, and boards that are to be flashed with that."""

import asyncio

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

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
