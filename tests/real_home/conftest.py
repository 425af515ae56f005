"""Tests with a real Home Assistant, in a network of their own."""

from collections.abc import Iterator

import pytest
import pytest_socket

from tests.real_home.network import HomeNetwork, home_network


@pytest.fixture(scope="package")
def network() -> Iterator[HomeNetwork]:
    """The network that the tests, their boards and their Home Assistant are in."""
    # What follows is only needed to furnish it: before each test, sockets are forbidden again.
    pytest_socket.enable_socket()
    with home_network() as network:
        yield network


@pytest.fixture
def sockets(network: HomeNetwork, socket_enabled: None) -> None:
    """Allow connections inside that network."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", f"{network.address(0)}/24"])
