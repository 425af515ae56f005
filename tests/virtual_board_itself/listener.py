"""Somebody who asks for boards and hears their answers."""

import asyncio
import socket

GROUP = ("224.0.0.251", 5353)
QUESTION = bytes.fromhex("0000 0000 0001 0000 0000 0000 085f61726475696e6f 045f746370 056c6f63616c 00 000c 0001")
SOON = 0.2


class Listener:
    """Somebody on the network who asks, and hears what is said to everybody."""

    def __init__(self, address: str) -> None:
        """Join the group on the interface with this address."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(GROUP)
        membership = socket.inet_aton(GROUP[0]) + socket.inet_aton(address)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))

    def ask(self, question: bytes = QUESTION, whom: tuple[str, int] = GROUP) -> None:
        """Send a packet, from a port of its own."""
        self._asker.sendto(question, whom)

    async def answers(self, within: float = SOON) -> list[tuple[str, bytes]]:
        """All answers of so many seconds, with the address and the port that they come from."""
        heard = []
        try:
            async with asyncio.timeout(within):
                while True:
                    packet, (address, port) = await asyncio.get_running_loop().sock_recvfrom(self._socket, 9000)
                    if packet[2:4] == b"\x84\x00":
                        assert port == 5353
                        heard.append((address, packet))
        except TimeoutError:
            return heard

    def close(self) -> None:
        """Leave."""
        self._socket.close()
        self._asker.close()
