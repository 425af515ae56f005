"""A network of boards in namespaces of their own. It needs root."""

import asyncio
from pathlib import Path

import pytest
import pytest_socket

from tests.virtual_board.network import HOST, NAMESPACES, BoardNetwork, all_permuted
from tests.virtual_board_itself.listener import Listener

BOARDS = 3
FIRST_SILENCE = 1.1


async def macs_by_answer(network: BoardNetwork) -> dict[str, str]:
    """The addresses that answer on the host's network, and the MAC that the host knows for each."""
    await asyncio.sleep(FIRST_SILENCE)
    with network.entered_host():
        listener = Listener(str(HOST.ip))
        listener.ask()
        addresses = [address for address, _ in await listener.answers(within=0.5)]
        for address in addresses:
            _, writer = await asyncio.open_connection(address, 65280)
            writer.close()
        listener.close()
        arp = [line.split() for line in Path("/proc/thread-self/net/arp").read_text().splitlines()]
    macs = {entry[0]: entry[3] for entry in arp}
    return {address: macs[address] for address in addresses}


@pytest.fixture(autouse=True)
def loopback(loopback: None) -> None:
    """Allow the network of the boards as well."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", str(HOST.network)])


@pytest.mark.slow
async def test_boards_have_addresses_and_macs_of_their_own_and_can_exchange_them() -> None:
    async with BoardNetwork(BOARDS) as network:
        await asyncio.gather(*(network.start_board(number, name="Arduino") for number in range(BOARDS)))
        before = dict(zip(network.addresses, network.macs, strict=True))
        assert await macs_by_answer(network) == before
        await network.renumber(all_permuted(network.addresses))
        after = dict(zip(network.addresses, network.macs, strict=True))
        assert await macs_by_answer(network) == after
        assert set(before) == set(after)
        assert all(before[address] != after[address] for address in before)
        names = (NAMESPACES / network.host, *NAMESPACES.glob(f"{network.host.removesuffix('host')}*"))
        assert len(set(names)) == BOARDS + 1
    assert not any(name.exists() for name in names)


async def test_nothing_is_left_of_a_network_when_a_test_fails() -> None:
    network = BoardNetwork(1)
    await network.__aenter__()
    fleet = await network.start_board(0)
    await network.__aexit__(AssertionError, AssertionError(), None)
    assert not (NAMESPACES / network.host).exists()
    assert not Path("/proc", str(fleet.pid)).exists()


@pytest.mark.slow
async def test_nothing_answers_for_a_board_without_a_plug() -> None:
    async with BoardNetwork(1) as network:
        await network.start_board(0)
        await network.unplug(0)
        with network.entered_host(), pytest.raises((TimeoutError, OSError)):
            async with asyncio.timeout(0.3):
                await asyncio.open_connection(network.addresses[0], 65280)
        await network.plug(0)
        with network.entered_host():
            async with asyncio.timeout(3):
                _, writer = await asyncio.open_connection(network.addresses[0], 65280)
            writer.close()
