"""When a new sketch counts as healthy."""

import asyncio
from typing import Any

from aiohttp import ClientTimeout, web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_URL, CONF_HEALTH_WITHIN
from custom_components.mkr1000_ota.install import health_check as health
from custom_components.mkr1000_ota.install.health_check import async_becomes_healthy, has_health_check
from tests.conftest import AddBoard, Arp, StartBoard
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.web import Web

pytestmark = pytest.mark.usefixtures("asked_often")

LAMP = "light.garden"
ENTITY = {CONF_HEALTH_ENTITY: LAMP, CONF_HEALTH_WITHIN: 0.3}


class Check:
    """The health check of a board."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Check with the options of an entry."""
        self.board: Any = entry.runtime_data.coordinator

    async def __call__(self) -> bool:
        """Do what is done after a flash."""
        return await async_becomes_healthy(self.board)


@pytest.fixture
def checked(add_board: AddBoard, start_board: StartBoard) -> Any:
    """Set up a board with a health check."""

    async def checked(**options: Any) -> Check:
        return Check(await add_board(await start_board(address="127.0.0.1"), **options))

    return checked


async def test_without_a_check_everything_is_healthy(checked: Any) -> None:
    check = await checked()
    assert not has_health_check(check.board)
    assert await check()


async def test_an_entity_that_becomes_available(home: HomeAssistant, checked: Any) -> None:
    check = await checked(**ENTITY | {CONF_HEALTH_WITHIN: 30})
    assert has_health_check(check.board)
    home.states.async_set(LAMP, "unavailable")
    home.loop.call_later(0.1, home.states.async_set, LAMP, "off")
    assert await asyncio.wait_for(check(), 5)


@pytest.mark.parametrize("state", [None, "unknown", "unavailable"])
async def test_an_entity_that_does_not(home: HomeAssistant, checked: Any, state: str | None) -> None:
    check = await checked(**ENTITY)
    if state:
        home.states.async_set(LAMP, state)
    assert not await check()


async def test_what_an_entity_showed_before_proves_nothing(home: HomeAssistant, checked: Any) -> None:
    """It has not noticed yet that the board is gone; as soon as it does, it counts."""
    home.states.async_set(LAMP, "on")
    check = await checked(**ENTITY)
    home.loop.call_later(0.1, home.states.async_set, LAMP, "unavailable")
    assert not await check()


async def test_an_entity_that_reports_the_same_again(home: HomeAssistant, checked: Any) -> None:
    home.states.async_set(LAMP, "on")
    check = await checked(**ENTITY | {CONF_HEALTH_WITHIN: 30})
    home.loop.call_later(0.1, home.states.async_set, LAMP, "on")
    assert await asyncio.wait_for(check(), 5)


async def test_an_entity_that_reports_seldom(home: HomeAssistant, checked: Any) -> None:
    """It is healthy if it is still available at the end of the time."""
    home.states.async_set(LAMP, "on")
    check = await checked(**ENTITY)
    assert await check()


async def test_an_entity_that_is_renamed(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    """It is the same entity; whatever else is renamed or removed is no concern of the check."""
    registry = er.async_get(home)
    lamp, other = (registry.async_get_or_create("light", "test", name).entity_id for name in ("lamp", "other"))
    entry = await add_board(await start_board(), **ENTITY | {CONF_HEALTH_ENTITY: lamp})
    without = await add_board(await start_board(address="127.0.0.8"))
    registry.async_update_entity(other, new_entity_id="light.shed")
    registry.async_update_entity(lamp, name="Lamp by the pond")
    await home.async_block_till_done()
    before = entry.options
    assert before[CONF_HEALTH_ENTITY] == lamp
    registry.async_update_entity(lamp, new_entity_id="light.pond")
    await home.async_block_till_done()
    assert entry.options == {**before, CONF_HEALTH_ENTITY: "light.pond"}
    registry.async_remove("light.pond")
    await home.async_block_till_done()
    assert entry.options[CONF_HEALTH_ENTITY] == "light.pond"
    assert CONF_HEALTH_ENTITY not in without.options


async def test_a_page_that_comes_up(checked: Any, site: Web) -> None:
    """Not there, then an error, then fine."""
    statuses = iter((404, 503, 200))

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(statuses))

    site.pages["/health"] = answer
    url = str(site.at("/health")).replace("127.0.0.1", "{host}")
    check = await checked(**{CONF_HEALTH_URL: url, CONF_HEALTH_WITHIN: 30})
    assert await check()
    assert len(site.asked()) == 3


@pytest.mark.parametrize("url", ["http://{host}:1/", "http://[{host}/", "gopher://{host}/"])
async def test_a_page_that_is_not_there(checked: Any, url: str) -> None:
    check = await checked(**{CONF_HEALTH_URL: url, CONF_HEALTH_WITHIN: 0.1})
    assert not await check()


async def test_a_page_that_takes_too_long(checked: Any, site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "REQUEST_TIMEOUT", ClientTimeout(total=0.1))
    check = await checked(**{CONF_HEALTH_URL: str(site.hang("/health")), CONF_HEALTH_WITHIN: 0.1})
    assert not await check()


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:abc/", "\\\\", "gopher://x/"]
)
async def test_a_page_that_redirects_to_nowhere(checked: Any, site: Web, location: str) -> None:
    """Parsing that raises errors of many types: whatever it is, it is not healthy."""
    check = await checked(**{CONF_HEALTH_URL: str(site.redirect("/health", location)), CONF_HEALTH_WITHIN: 0.1})
    assert not await check()
    assert len(site.asked()) >= 2, "it is asked until the end of the time"


@pytest.mark.parametrize("options", [{CONF_HEALTH_ENTITY: 7}, {CONF_HEALTH_URL: 7}])
async def test_options_that_make_no_sense(checked: Any, options: dict[str, Any]) -> None:
    check = await checked(**options, **{CONF_HEALTH_WITHIN: 0.1})
    assert not await check()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (ENTITY, "the entity is not available"),
        ({CONF_HEALTH_URL: "http://me:Zq7-hush@{site}/health"}, "the URL responds with an error"),
        ({CONF_HEALTH_URL: "http://me:Zq7-hush@127.0.0.1:1/"}, "ClientConnectorError"),
    ],
)
async def test_the_log_tells_what_fails(
    checked: Any, site: Web, caplog: pytest.LogCaptureFixture, options: dict[str, Any], why: str
) -> None:
    """It need not be the sketch: an entity that was renamed, a certificate of one's own."""
    here = {name: str(value).replace("{site}", str(site.url.authority)) for name, value in options.items()}
    check = await checked(**here | {CONF_HEALTH_WITHIN: 0.1})
    assert not await check()
    assert f"The health check of Arduino has failed: {why}\n" in caplog.text
    assert "Zq7-hush" not in caplog.text


async def test_both_are_wanted_if_both_are_given(home: HomeAssistant, checked: Any, site: Web) -> None:
    url = str(site.serve("/health", "fine"))
    check = await checked(**ENTITY | {CONF_HEALTH_URL: url})
    assert not await check()
    home.states.async_set(LAMP, "on")
    assert await check()


async def test_only_the_board_itself_is_asked(checked: Any, home: HomeAssistant, site: Web, arp: Arp) -> None:
    """What another one responds at its address says nothing, and does not get the password in the address."""
    site.serve("/health", "fine")
    url = str(site.at("/health").with_user("me").with_password("secret")).replace("127.0.0.1", "{host}")
    check = await checked(**{CONF_HEALTH_URL: url, CONF_HEALTH_WITHIN: 0.1})
    know(home, check.board.config_entry, MAC)
    arp(OTHER_MAC, "127.0.0.1")
    assert not await check()
    assert not site.requests
    arp(MAC, "127.0.0.1")
    assert await check()
    assert site.came_with() == ["Basic bWU6c2VjcmV0"]
