"""Asking the network for boards, on real sockets, through the Zeroconf instance that Home Assistant shares."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Self

from homeassistant.components.zeroconf.const import DATA_INSTANCE
from homeassistant.components.zeroconf.models import HaAsyncZeroconf, HaZeroconf
from homeassistant.core import HomeAssistant
import pytest
from zeroconf import IPVersion, Zeroconf

from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting
from custom_components.mkr1000_ota.network import mdns
from custom_components.mkr1000_ota.network.mdns import MdnsQuerier
from tests.discovery.announcements import QUERY, announcement, records
from tests.support.private_network import private_network
from tests.virtual_board import Air, BoardOptions, VirtualBoard

pytestmark = pytest.mark.usefixtures("any_network")

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


@pytest.fixture
def querier(hass: HomeAssistant) -> MdnsQuerier:
    """Return a querier that asks nothing yet."""
    return MdnsQuerier(hass)


@pytest.fixture
async def network(shared_zeroconf: Zeroconf, loopback: None) -> AsyncIterator[Network]:
    """Nothing but the shared Zeroconf instance and the boards that a test adds."""
    async with Network().opened() as network:
        yield network


class Told:
    """What a querier hands on."""

    def __init__(self, querier: MdnsQuerier) -> None:
        """Listen from now on."""
        self.sightings: list[Sighting] = []
        self._arrived = asyncio.Event()
        querier.async_listen(self._listen)

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


async def test_the_question_goes_out_alone_and_byte_by_byte(network: Network, querier: MdnsQuerier) -> None:
    stop = querier.async_start()
    assert await network.question() == QUERY
    stop()

    assert network.packets == [QUERY]


@pytest.mark.slow
async def test_ten_boards_of_one_name_are_ten_boards(network: Network, querier: MdnsQuerier) -> None:
    told = Told(querier)
    await network.join(*TEN)
    stop = querier.async_start()
    await told.until(lambda addresses: set(addresses) >= set(TEN))
    stop()

    assert {sighting.address: sighting.name for sighting in querier.sightings} == dict.fromkeys(TEN, "Arduino")
    assert {packet for packet in network.packets if not packet[2] & 0x80} == {QUERY}


@pytest.mark.slow
async def test_boards_that_answer_again_are_heard_again(network: Network, querier: MdnsQuerier) -> None:
    """A cached record is no event for a service browser; to be alive is to be heard again and again."""
    told = Told(querier)
    await network.join(*TEN[:2])
    with querier.frequent():
        await told.until(lambda addresses: len(addresses) == 6)

    for address in TEN[:2]:
        seen = [sighting.seen for sighting in told.sightings if sighting.address == address]
        assert len(seen) == 3
        assert all(after - before > 1 for before, after in pairwise(seen))


@pytest.mark.slow
async def test_a_wait_ends_with_the_board_that_was_waited_for(
    network: Network, shared_zeroconf: Zeroconf, querier: MdnsQuerier
) -> None:
    await network.join(TEN[0])
    await network.join(TEN[1], name="Pump")
    sighting = await querier.async_wait_for(TEN[1], timeout=5)

    assert sighting
    assert (sighting.address, sighting.name) == (TEN[1], "Pump")
    assert querier.sightings not in shared_zeroconf.record_manager.listeners


@pytest.mark.usefixtures("network")
async def test_a_wait_ends_without_a_board_that_stays_silent(querier: MdnsQuerier) -> None:
    assert await querier.async_wait_for(TEN[1], timeout=0.2) is None


async def test_nothing_is_left_behind(network: Network, shared_zeroconf: Zeroconf, querier: MdnsQuerier) -> None:
    stop = querier.async_start()
    await network.question()
    assert querier.sightings in shared_zeroconf.record_manager.listeners
    stop()

    assert querier.sightings not in shared_zeroconf.record_manager.listeners


async def test_an_instance_that_was_replaced_is_followed(
    hass: HomeAssistant,
    network: Network,
    shared_zeroconf: Zeroconf,
    querier: MdnsQuerier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mdns, "SHORTEST_INTERVAL", 0.2)
    told = Told(querier)
    with querier.frequent():
        await network.question()
        await hass.data[DATA_INSTANCE].ha_async_close()
        replacement = await open_zeroconf(hass)
        assert await network.question() == QUERY
        await network.join(TEN[0])
        await told.until(lambda addresses: addresses == TEN[:1])
    await replacement.ha_async_close()

    assert querier.sightings not in shared_zeroconf.record_manager.listeners
    assert querier.sightings not in replacement.zeroconf.record_manager.listeners


async def test_a_listener_that_fails_disturbs_nobody(querier: MdnsQuerier, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_sighting: Sighting) -> None:
        raise ValueError("broken listener")

    querier.async_listen(fail)
    told = Told(querier)
    querier.sightings.hear(records(announcement(address=TEN[0])))

    assert told.addresses == TEN[:1]
    assert "broken listener" in caplog.text


async def test_a_listener_may_leave_while_it_is_told(querier: MdnsQuerier) -> None:
    told: list[Sighting] = []
    leave: list[Callable[[], None]] = []

    def once(sighting: Sighting) -> None:
        told.append(sighting)
        leave.pop()()

    leave.append(querier.async_listen(once))
    others = Told(querier)
    for address in TEN[:2]:
        querier.sightings.hear(records(announcement(address=address)))

    assert [sighting.address for sighting in told] == TEN[:1]
    assert others.addresses == TEN[:2]
