"""Asking the network for boards, on real sockets, through the Zeroconf instance that Home Assistant shares.

That nothing is asked any more after a stop is checked by Home Assistant's test fixtures: they refuse timers left over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
import logging
from typing import Self
from unittest.mock import Mock

from homeassistant.components import zeroconf as zeroconf_integration
from homeassistant.components.zeroconf.const import DATA_INSTANCE
from homeassistant.components.zeroconf.models import HaAsyncZeroconf, HaZeroconf
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
import pytest
from zeroconf import DNSOutgoing, IPVersion, Zeroconf

from custom_components.mkr1000_ota import asker as asking
from custom_components.mkr1000_ota.asker import Asker
from custom_components.mkr1000_ota.board.discovery import QUERY, Sighting
from tests.board.announcements import announcement, records
from tests.private_network import private_network
from tests.virtual_board import Air, BoardOptions, VirtualBoard

TEN = [f"127.0.0.{last}" for last in range(11, 21)]


async def open_zeroconf(hass: HomeAssistant) -> HaAsyncZeroconf:
    """Make an instance on the loopback interface the one that Home Assistant shares."""
    instance = HaAsyncZeroconf(zc=HaZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only))
    await instance.zeroconf.async_wait_for_start()
    hass.data[DATA_INSTANCE] = instance
    return instance


@pytest.fixture
async def shared_zeroconf(hass: HomeAssistant, socket_enabled: None) -> AsyncIterator[Zeroconf]:
    """Share a real Zeroconf instance, in a network of its own."""
    with private_network():
        instance = await open_zeroconf(hass)
        yield instance.zeroconf
        await instance.ha_async_close()


class Network:
    """The boards on the loopback interface, and every packet that they hear."""

    def __init__(self) -> None:
        """Nothing is there yet."""
        self.packets: list[bytes] = []
        self._air = Air("lo")
        self._arrived = asyncio.Event()
        self._boards = AsyncExitStack()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """Hear packets inside of this."""
        self._air.listen(self._hear)
        async with self._boards:
            yield self
        self._air.forget(self._hear)

    def _hear(self, packet: bytes) -> None:
        self.packets.append(packet)
        self._arrived.set()

    async def join(self, *addresses: str, name: str = "Arduino") -> None:
        """Put boards of one name on the network."""
        for address in addresses:
            options = BoardOptions(address=address, name=name, mdns=True)
            await self._boards.enter_async_context(VirtualBoard(options, air=self._air))

    async def question(self) -> bytes:
        """Wait for the next packet that is no answer."""
        self.packets.clear()
        while not (questions := [packet for packet in self.packets if not packet[2] & 0x80]):
            self._arrived.clear()
            await self._arrived.wait()
        return questions[0]


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
    monkeypatch.setattr(asking, "SPACING", 0.05)
    monkeypatch.setattr(asking, "PATIENT", 0.2)
    monkeypatch.setattr(asking, "EAGER_FOR", 0.3)
    monkeypatch.setattr(asking, "QUIET", 0.6)
    return Pace(hass)


@pytest.fixture
def asker(hass: HomeAssistant) -> Asker:
    """Return an asker that asks nothing yet."""
    return Asker(hass)


@pytest.fixture
async def network(shared_zeroconf: Zeroconf, loopback: None) -> AsyncIterator[Network]:
    """Nothing but the shared Zeroconf instance and the boards that a test adds."""
    async with Network().opened() as network:
        yield network


class Told:
    """What an asker hands on."""

    def __init__(self, asker: Asker) -> None:
        """Listen from now on."""
        self.sightings: list[Sighting] = []
        self._arrived = asyncio.Event()
        asker.async_listen(self._listen)

    def _listen(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)
        self._arrived.set()

    @property
    def addresses(self) -> list[str]:
        """The addresses in the order they were told, repeats included."""
        return [sighting.address for sighting in self.sightings]

    async def until(self, enough: Callable[[list[str]], bool]) -> None:
        """Wait until the addresses that were told so far, repeats included, are enough."""
        async with asyncio.timeout(10):
            while not enough(self.addresses):
                self._arrived.clear()
                await self._arrived.wait()


async def test_the_question_goes_out_alone_and_byte_by_byte(network: Network, asker: Asker) -> None:
    asker.async_start()
    assert await network.question() == QUERY
    asker.async_stop()

    assert network.packets == [QUERY]


async def test_ten_boards_of_one_name_are_ten_boards(network: Network, asker: Asker) -> None:
    told = Told(asker)
    await network.join(*TEN)
    asker.async_start()
    await told.until(lambda addresses: set(addresses) >= set(TEN))
    asker.async_stop()

    assert {sighting.address: sighting.name for sighting in asker.sightings} == dict.fromkeys(TEN, "Arduino")
    assert {packet for packet in network.packets if not packet[2] & 0x80} == {QUERY}


async def test_boards_that_answer_again_are_heard_again(network: Network, asker: Asker) -> None:
    """A cached record is no event for a service browser; to be alive is to be heard again and again."""
    told = Told(asker)
    await network.join(*TEN[:2])
    with asker.awaiting():
        await told.until(lambda addresses: len(addresses) == 6)

    for address in TEN[:2]:
        seen = [sighting.seen for sighting in told.sightings if sighting.address == address]
        assert len(seen) == 3
        assert all(after - before > 1 for before, after in pairwise(seen))


async def test_a_wait_ends_with_the_board_that_was_waited_for(
    network: Network, shared_zeroconf: Zeroconf, asker: Asker
) -> None:
    await network.join(TEN[0])
    await network.join(TEN[1], name="Pump")
    sighting = await asker.async_wait_for(TEN[1], within=5)

    assert sighting
    assert (sighting.address, sighting.name) == (TEN[1], "Pump")
    assert asker.sightings not in shared_zeroconf.record_manager.listeners


@pytest.mark.usefixtures("network")
async def test_a_wait_ends_without_a_board_that_stays_silent(asker: Asker) -> None:
    assert await asker.async_wait_for(TEN[1], within=0.2) is None


async def test_nothing_is_left_behind(network: Network, shared_zeroconf: Zeroconf, asker: Asker) -> None:
    asker.async_start()
    await network.question()
    assert asker.sightings in shared_zeroconf.record_manager.listeners
    asker.async_stop()

    assert asker.sightings not in shared_zeroconf.record_manager.listeners


async def test_an_instance_that_was_replaced_is_followed(
    hass: HomeAssistant,
    network: Network,
    shared_zeroconf: Zeroconf,
    asker: Asker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "SPACING", 0.2)
    told = Told(asker)
    with asker.awaiting():
        await network.question()
        await hass.data[DATA_INSTANCE].ha_async_close()
        replacement = await open_zeroconf(hass)
        assert await network.question() == QUERY
        await network.join(TEN[0])
        await told.until(lambda addresses: addresses == TEN[:1])
    await replacement.ha_async_close()

    assert asker.sightings not in shared_zeroconf.record_manager.listeners
    assert asker.sightings not in replacement.zeroconf.record_manager.listeners


async def test_a_few_questions_at_first_and_then_one_a_minute(pace: Pace, asker: Asker) -> None:
    asker.async_start()
    pauses = await pace.questions(asking.OPENING_QUESTIONS + 2)
    asker.async_stop()

    opening, quiet = pauses[: asking.OPENING_QUESTIONS - 1], pauses[asking.OPENING_QUESTIONS - 1 :]
    assert all(pause > asking.SPACING * 0.9 for pause in opening)
    assert min(opening) < asking.QUIET / 2
    assert all(pause > asking.QUIET * 0.9 for pause in quiet)


def test_questions_are_further_apart_than_answers_can_be() -> None:
    """A board answers once a second, and zeroconf takes an answer for a duplicate for as long."""
    assert asking.SPACING > 1.1
    assert asking.SPACING <= asking.PATIENT <= asking.QUIET == 60


async def test_a_wait_asks_more_often_and_less_often_when_it_drags_on(
    pace: Pace, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "QUIET", 3600)
    asker.async_start()
    await pace.questions(asking.OPENING_QUESTIONS)
    with asker.awaiting():
        pauses = await pace.questions(asking.OPENING_QUESTIONS + 12)
    asker.async_stop()

    waited = pauses[asking.OPENING_QUESTIONS - 1 :]
    assert all(pause > asking.SPACING * 0.9 for pause in waited)
    assert min(waited[:3]) < asking.PATIENT / 2
    assert min(waited[-2:]) > asking.PATIENT * 0.9


async def test_waits_share_their_questions_and_the_last_one_ends_them(
    pace: Pace, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "EAGER_FOR", 3600)
    with asker.awaiting():
        with asker.awaiting(), asker.awaiting():
            await pace.questions(6)
        pauses = await pace.questions(12)
    assert all(pause > asking.SPACING * 0.9 for pause in pauses)
    pace.instance.async_remove_listener.assert_called_once_with(asker.sightings)


async def test_a_restart_does_not_ask_too_soon(pace: Pace, asker: Asker) -> None:
    for count in (1, 2, 3):
        asker.async_start()
        await pace.questions(count)
        asker.async_stop()

    assert all(pause > asking.SPACING * 0.9 for pause in await pace.questions(3))


async def test_starts_are_counted(pace: Pace, asker: Asker) -> None:
    asker.async_start()
    asker.async_start()
    await pace.questions(1)
    asker.async_stop()
    pace.instance.async_remove_listener.assert_not_called()
    asker.async_stop()
    pace.instance.async_remove_listener.assert_called_once_with(asker.sightings)


async def test_it_ends_with_home_assistant(hass: HomeAssistant, pace: Pace, asker: Asker) -> None:
    asker.async_start()
    await pace.questions(1)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    pace.instance.async_remove_listener.assert_called_once_with(asker.sightings)
    asker.async_stop()


async def test_it_does_not_begin_while_home_assistant_stops(hass: HomeAssistant, pace: Pace, asker: Asker) -> None:
    hass.set_state(CoreState.stopping)
    asker.async_start()
    await hass.async_block_till_done()
    asker.async_stop()
    hass.set_state(CoreState.running)

    assert not pace.times


@pytest.mark.parametrize("reason", [OSError(19, "No such device"), KeyError("network"), RuntimeError("No interface")])
async def test_no_network_is_said_once_and_tried_again(
    hass: HomeAssistant,
    pace: Pace,
    asker: Asker,
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
        asker.async_start()
        for _ in range(3):
            await attempts.acquire()
    await pace.questions(1)
    asker.async_stop()

    assert caplog.text.count("Boards cannot be discovered") == 1
    assert caplog.text.count("Boards can be discovered again") == 1


async def test_a_listener_that_fails_disturbs_nobody(asker: Asker, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_sighting: Sighting) -> None:
        raise ValueError("broken listener")

    asker.async_listen(fail)
    told = Told(asker)
    asker.sightings.hear(records(announcement(address=TEN[0])))

    assert told.addresses == TEN[:1]
    assert "broken listener" in caplog.text


async def test_a_listener_may_leave_while_it_is_told(asker: Asker) -> None:
    told: list[Sighting] = []
    leave: list[Callable[[], None]] = []

    def once(sighting: Sighting) -> None:
        told.append(sighting)
        leave.pop()()

    leave.append(asker.async_listen(once))
    others = Told(asker)
    for address in TEN[:2]:
        asker.sightings.hear(records(announcement(address=address)))

    assert [sighting.address for sighting in told] == TEN[:1]
    assert others.addresses == TEN[:2]
