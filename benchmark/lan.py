"""A network of our own with an interface that multicast works on, and an address on it for every board."""

from collections.abc import Iterator
from contextlib import contextmanager
import subprocess

from tests.support.private_network import private_network

INTERFACE = "lan"


def address_of(number: int) -> str:
    """Return the address of a board."""
    return f"10.77.{1 + number // 200}.{1 + number % 200}"


@contextmanager
def lan(count: int) -> Iterator[None]:
    """Move to a network in which this host has the addresses of so many boards; needs root."""
    with private_network():
        lines = [
            f"link add {INTERFACE} type veth peer name far",
            "link set far up",
            f"addr add 10.77.0.1/16 dev {INTERFACE}",
        ]
        lines += [f"addr add {address_of(number)}/16 dev {INTERFACE}" for number in range(count)]
        lines += [f"link set {INTERFACE} multicast on up"]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
        yield
