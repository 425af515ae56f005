"""How a board hears mDNS questions and sends its answers, on one interface, which many boards may share."""

import asyncio
from collections.abc import Callable
import socket
import struct

GROUP = "224.0.0.251"
PORT = 5353
IP_MULTICAST_ALL = 49
"""Linux: 0 keeps away what only other sockets of this machine have joined."""
LARGEST_PACKET = 9000


class Air:
    """The multicast group on one interface, heard once however many boards listen."""

    def __init__(self, interface: str) -> None:
        """The interface is opened while somebody listens."""
        self._index = socket.if_nametoindex(interface)
        self._listeners: list[Callable[[bytes], None]] = []
        self._socket: socket.socket | None = None

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Hand every packet sent to the group to the listener."""
        if self._socket is None:
            self._socket = _open(GROUP)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
            membership = struct.pack("4s4si", socket.inet_aton(GROUP), socket.inet_aton("0.0.0.0"), self._index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            asyncio.get_running_loop().add_reader(self._socket, self._hear)
        self._listeners.append(listener)

    def forget(self, listener: Callable[[bytes], None]) -> None:
        """Hand it nothing any more."""
        self._listeners.remove(listener)
        if self._socket is not None and not self._listeners:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _hear(self) -> None:
        if self._socket is not None and (packet := _receive(self._socket)) is not None:
            for listener in tuple(self._listeners):
                listener(packet)


class Mouth:
    """A board's own UDP socket: it hears what is sent to its address alone, and speaks to the group."""

    def __init__(self, address: str, listener: Callable[[bytes], None]) -> None:
        """Open it at the address of the board."""
        self._socket = _open(address)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        self._listener = listener
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def say(self, packet: bytes) -> None:
        """Send a packet to everybody; it may get lost, as any."""
        try:
            self._socket.sendto(packet, (GROUP, PORT))
        except OSError:
            return

    def close(self) -> None:
        """Hear and say nothing any more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _hear(self) -> None:
        if (packet := _receive(self._socket)) is not None:
            self._listener(packet)


def _open(address: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    # A host's own mDNS responder and every other board of this machine have the same port.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((address, PORT))
    return opened


def _receive(opened: socket.socket) -> bytes | None:
    try:
        return opened.recv(LARGEST_PACKET)
    except OSError:
        return None
