"""When the querier asks, and when it does not.

That nothing is asked any more after a stop is checked by Home Assistant's test fixtures: they refuse timers left over.
"""

import asyncio
from itertools import pairwise
import logging
from unittest.mock import Mock

from homeassistant.components import zeroconf as zeroconf_integration
from homeassistant.components.zeroconf.const import DATA_INSTANCE
from homeassistant.components.zeroconf.models import HaAsyncZeroconf
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
import pytest
from zeroconf import DNSOutgoing, Zeroconf

from custom_components.mkr1000_ota.network import mdns
from custom_components.mkr1000_ota.network.mdns import MdnsQuerier
from tests.discovery.announcements import QUERY


class Pace:
    """A Zeroconf instance that only notes when it is asked to send."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Share the instance."""
        self.times: list[float] = []
        self.instance = Mock(spec=Zeroconf)
        self.instance.async_send.side_effect = self._send
        self._loop = hass.loop
        self._asked = asyncio.Event()
        shared: HaAsyncZeroconf = Mock(spec=HaAsyncZeroconf, zeroconf=self.instance)
        hass.data[DATA_INSTANCE] = shared

    def _send(self, out: DNSOutgoing) -> None:
        assert out.packets() == [QUERY]
        self.times.append(self._loop.time())
        self._asked.set()

    async def questions(self, count: int) -> list[float]:
        """Wait until `count` questions were asked in all, and return the pauses between them."""
        while len(self.times) < count:
            self._asked.clear()
            await self._asked.wait()
        return [after - before for before, after in pairwise(self.times)]


@pytest.fixture
def pace(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Pace:
    """Note the questions, with all times a tenth or less of what they are."""
    monkeypatch.setattr(mdns, "SHORTEST_INTERVAL", 0.05)
    monkeypatch.setattr(mdns, "WAITING_INTERVAL", 0.2)
    monkeypatch.setattr(mdns, "FREQUENT_TIME", 0.3)
    monkeypatch.setattr(mdns, "QUIET_INTERVAL", 0.6)
    return Pace(hass)


@pytest.fixture
def querier(hass: HomeAssistant) -> MdnsQuerier:
    """Return a querier that asks nothing yet."""
    return MdnsQuerier(hass)


@pytest.mark.slow
async def test_a_few_questions_at_first_and_then_one_a_minute(pace: Pace, querier: MdnsQuerier) -> None:
    stop = querier.async_start()
    pauses = await pace.questions(mdns.OPENING_QUERIES + 2)
    stop()

    opening, quiet = pauses[: mdns.OPENING_QUERIES - 1], pauses[mdns.OPENING_QUERIES - 1 :]
    assert all(pause > mdns.SHORTEST_INTERVAL * 0.9 for pause in opening)
    assert min(opening) < mdns.QUIET_INTERVAL / 2
    assert all(pause > mdns.QUIET_INTERVAL * 0.9 for pause in quiet)


def test_questions_are_further_apart_than_answers_can_be() -> None:
    """A board answers once a second, and zeroconf takes an answer for a duplicate for as long."""
    assert mdns.SHORTEST_INTERVAL > 1.1
    assert mdns.SHORTEST_INTERVAL <= mdns.WAITING_INTERVAL <= mdns.QUIET_INTERVAL == 60


@pytest.mark.slow
async def test_a_wait_asks_more_often_and_less_often_when_it_drags_on(
    pace: Pace, querier: MdnsQuerier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mdns, "QUIET_INTERVAL", 3600)
    stop = querier.async_start()
    await pace.questions(mdns.OPENING_QUERIES)
    with querier.frequent():
        pauses = await pace.questions(mdns.OPENING_QUERIES + 12)
    stop()

    waited = pauses[mdns.OPENING_QUERIES - 1 :]
    assert all(pause > mdns.SHORTEST_INTERVAL * 0.9 for pause in waited)
    assert min(waited[:3]) < mdns.WAITING_INTERVAL / 2
    assert min(waited[-2:]) > mdns.WAITING_INTERVAL * 0.9


async def test_waits_share_their_questions_and_the_last_one_ends_them(
    pace: Pace, querier: MdnsQuerier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mdns, "FREQUENT_TIME", 3600)
    with querier.frequent():
        with querier.frequent(), querier.frequent():
            await pace.questions(6)
        pauses = await pace.questions(12)
    assert all(pause > mdns.SHORTEST_INTERVAL * 0.9 for pause in pauses)
    pace.instance.async_remove_listener.assert_called_once_with(querier.sightings)


async def test_a_restart_does_not_ask_too_soon(pace: Pace, querier: MdnsQuerier) -> None:
    for count in (1, 2, 3):
        stop = querier.async_start()
        await pace.questions(count)
        stop()

    assert all(pause > mdns.SHORTEST_INTERVAL * 0.9 for pause in await pace.questions(3))


async def test_starts_are_counted(pace: Pace, querier: MdnsQuerier) -> None:
    one, other = querier.async_start(), querier.async_start()
    await pace.questions(1)
    one()
    pace.instance.async_remove_listener.assert_not_called()
    other()
    pace.instance.async_remove_listener.assert_called_once_with(querier.sightings)


async def test_it_ends_with_home_assistant(hass: HomeAssistant, pace: Pace, querier: MdnsQuerier) -> None:
    stop = querier.async_start()
    await pace.questions(1)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    pace.instance.async_remove_listener.assert_called_once_with(querier.sightings)
    stop()


async def test_it_does_not_begin_while_home_assistant_stops(
    hass: HomeAssistant, pace: Pace, querier: MdnsQuerier
) -> None:
    hass.set_state(CoreState.stopping)
    stop = querier.async_start()
    await hass.async_block_till_done()
    stop()
    hass.set_state(CoreState.running)

    assert not pace.times


@pytest.mark.parametrize("reason", [OSError(19, "No such device"), KeyError("network"), RuntimeError("No interface")])
async def test_no_network_is_said_once_and_tried_again(
    hass: HomeAssistant,
    pace: Pace,
    querier: MdnsQuerier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reason: Exception,
) -> None:
    caplog.set_level(logging.INFO)
    attempts = asyncio.Semaphore(0)

    def no_instance(_hass: HomeAssistant) -> HaAsyncZeroconf:
        attempts.release()
        raise reason

    with monkeypatch.context() as broken:
        broken.setattr(zeroconf_integration, "async_get_async_zeroconf", no_instance)
        stop = querier.async_start()
        for _ in range(3):
            await attempts.acquire()
    await pace.questions(1)
    stop()

    assert caplog.text.count("Boards cannot be discovered") == 1
    assert caplog.text.count("Boards can be discovered again") == 1
