"""Boards that only announce themselves, on the loopback interface, by the rules of the board libraries."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import socket
from typing import cast, override

from tests.board.announcements import announcement

GROUP = "224.0.0.251"
PORT = 5353
LOOPBACK = socket.inet_aton("127.0.0.1")

# A board compares the length of a packet and everything behind its first two bytes.
QUESTION = bytes.fromhex("0000 0000 0001 0000 0000 0000 085f61726475696e6f 045f746370 056c6f63616c 00 000c 0001")
ONE_ANSWER_IN = 1.0


@dataclass
class Announcer:
    """One board: it answers the one question it knows, once a second at most, and nothing else."""

    address: str
    name: str = "Arduino"
    board: str = "mkr1000"
    answered: float = field(default=float("-inf"), init=False)

    def answer(self, packet: bytes, now: float) -> bytes | None:
        """Return what the board says to a packet, if anything."""
        if len(packet) != len(QUESTION) or packet[2:] != QUESTION[2:] or now - self.answered < ONE_ANSWER_IN:
            return None
        self.answered = now
        return announcement(self.name, self.address, board=self.board)


class Air(asyncio.DatagramProtocol):
    """Everything that is multicast to the mDNS group on the loopback interface, and the boards that hear it."""

    def __init__(self, boards: Iterable[Announcer]) -> None:
        """Let `boards` hear and answer."""
        self.boards = list(boards)
        self.packets: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport
        self.packets.append(data)
        self._arrived.set()
        for board in self.boards:
            if answer := board.answer(data, self._loop.time()):
                self._transport.sendto(answer, (GROUP, PORT))

    @property
    def questions(self) -> list[bytes]:
        """The packets that are no answers."""
        return [packet for packet in self.packets if not packet[2] & 0x80]

    async def question(self) -> bytes:
        """Wait for a question, if there was none yet, and return the first."""
        while not self.questions:
            self._arrived.clear()
            await self._arrived.wait()
        return self.questions[0]


@asynccontextmanager
async def on_air(*boards: Announcer) -> AsyncIterator[Air]:
    """Let boards hear and answer on the loopback interface."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + LOOPBACK)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LOOPBACK)
    listener.bind((GROUP, PORT))
    loop = asyncio.get_running_loop()
    transport, air = await loop.create_datagram_endpoint(lambda: Air(boards), sock=listener)
    try:
        yield air
    finally:
        transport.close()
