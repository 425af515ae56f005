"""The network that a real Home Assistant and its boards are in: one of their own, wherever that is allowed.

Home Assistant speaks mDNS on every interface, listens to DHCP and looks for the devices of its network. None of that
may leave this machine, so it gets a network namespace that holds nothing but a loopback interface. That one bears an
address which Home Assistant does not take for a loopback address, and multicast, so that boards are discovered there
as in a house. Where no namespace can be had, everything keeps to 127.0.0.0/8 of the ordinary one, and Home Assistant
is told to use no other interface; boards cannot be discovered then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import socket
import struct

from tests.support.private_network import private_network

_NAMESPACE = Path("/proc/thread-self/ns/net")

_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING, _IFF_MULTICAST = 0x1, 0x8, 0x40, 0x1000


@dataclass(frozen=True, slots=True)
class HomeNetwork:
    """Where Home Assistant and its boards are. `private` says that nothing else is there."""

    private: bool

    @property
    def prefix(self) -> str:
        """The first three numbers of every address; all addresses that begin so can be used."""
        return "10.10.0." if self.private else "127.0.10."

    def address(self, number: int) -> str:
        """An address for a board; 1 is Home Assistant's."""
        return f"{self.prefix}{number}"


@contextmanager
def home_network() -> Iterator[HomeNetwork]:
    """Move this thread, and what it starts, to a private network if that is allowed; back again afterwards."""
    outside = _NAMESPACE.stat().st_ino
    with private_network():
        network = HomeNetwork(private=_NAMESPACE.stat().st_ino != outside)
        if network.private:
            _furnish(network)
        yield network


def enter_home_network() -> HomeNetwork:
    """Move this process to a private network for good, if that is allowed; for one that has no other thread yet.

    A user who is not root can have one, too, where the system allows user namespaces.
    """
    try:
        os.unshare(os.CLONE_NEWNET)
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        try:
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        except OSError:
            return HomeNetwork(private=False)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    network = HomeNetwork(private=True)
    _furnish(network)
    return network


def _furnish(network: HomeNetwork) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as interface:
        flags = _IFF_UP | _IFF_LOOPBACK | _IFF_RUNNING | _IFF_MULTICAST
        fcntl.ioctl(interface, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))
        for request, address in ((_SIOCSIFADDR, network.address(1)), (_SIOCSIFNETMASK, "255.255.255.0")):
            sockaddr = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(interface, request, struct.pack("16s16s", b"lo:home", sockaddr))
