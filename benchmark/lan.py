"""A network of our own with an interface that multicast works on, in which boards can have any address."""

from collections.abc import Iterator
from contextlib import contextmanager
import subprocess

from tests.support.private_network import private_network

INTERFACE = "lan"
HOST = "10.77.0.1"


def address_of(number: int) -> str:
    """Return the address of a board."""
    return f"10.77.{1 + number // 200}.{1 + number % 200}"


@contextmanager
def lan() -> Iterator[None]:
    """Move to a network in which this host has one address, and boards have what others they like; needs root."""
    with private_network():
        lines = [
            f"link add {INTERFACE} type veth peer name far",
            "link set far up",
            f"addr add {HOST}/16 dev {INTERFACE}",
            f"link set {INTERFACE} multicast on up",
            "route add local 10.77.0.0/16 dev lo",
        ]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
        yield
