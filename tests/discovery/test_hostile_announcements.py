"""What somebody on the network makes up must not disturb anything: it goes through python-zeroconf's real parser."""

from collections.abc import AsyncIterator
import gc
from pathlib import Path
import resource

import pytest
from zeroconf import IPVersion, Zeroconf
from zeroconf.asyncio import AsyncZeroconf

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting
from custom_components.mkr1000_ota.arduino_ota.discovery.sightings import Sightings
from tests.discovery.announcements import announcement
from tests.protocol.hostile import hostile_packets
from tests.support.private_network import private_network

SEED = 1000
SENDER = ("127.0.0.66", 5353)
LOOPBACK = ["127.0.0.1"]

MIB = 1 << 20


@pytest.fixture
async def shared_zeroconf(socket_enabled: None) -> AsyncIterator[Zeroconf]:
    """A Zeroconf instance with its real sockets, cache and parser, in a network of its own."""
    with private_network():
        instance = AsyncZeroconf(interfaces=LOOPBACK, ip_version=IPVersion.V4Only)
        await instance.zeroconf.async_wait_for_start()
        yield instance.zeroconf
        await instance.async_close()


class Listener:
    """Hears through `Sightings` what packets say, and checks each sighting."""

    def __init__(self, instance: Zeroconf) -> None:
        """Listen to an instance."""
        self.sightings = Sightings(self._check)
        self.count = 0
        instance.async_add_listener(self.sightings, None)
        self._protocol = instance.engine.protocols[0]

    def receive(self, packet: bytes) -> None:
        """Take a packet the way it comes from the socket."""
        self._protocol.datagram_received(packet, SENDER)

    def _check(self, sighting: Sighting) -> None:
        self.count += 1
        assert sighting.board in {"mkr1000", "arduino"}
        assert 0 < sighting.port < 65536
        assert 0 < int(sighting.address.split(".")[0]) < 224
        assert 0 < len(sighting.name) < 254
        assert len(sighting.name.splitlines()) == 1


def resident() -> int:
    """Return the memory of this process in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.parametrize(
    "count",
    [
        pytest.param(20_000),
        pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
async def test_made_up_packets_never_raise_and_never_grow_memory(shared_zeroconf: Zeroconf, count: int) -> None:
    listener = Listener(shared_zeroconf)
    for packet in hostile_packets(SEED, count // 2):
        listener.receive(packet)
    settled = resident()
    for packet in hostile_packets(SEED + 1, count // 2):
        listener.receive(packet)
    assert resident() - settled < 16 * MIB
    assert len(listener.sightings) <= limits.SIGHTINGS

    assert listener.count > count // 10
    listener.receive(announcement("Still here", "127.0.0.11"))
    assert [sighting.name for sighting in listener.sightings][-1] == "Still here"
