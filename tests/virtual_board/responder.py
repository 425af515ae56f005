"""Which questions a board answers, and when."""

import asyncio
import fcntl
import socket
import struct
from typing import Protocol

from tests.virtual_board.announcement import answer, is_question
from tests.virtual_board.firmware import Firmware
from tests.virtual_board.multicast import Air, Mouth
from tests.virtual_board.options import BoardOptions

SILENCE = 1.0
"""Seconds between two answers, and between the start of the sketch and its first one."""
BOARDS = {"WiFi101OTA": "mkr1000", "ArduinoOTA": "arduino"}
SIOCGIFADDR = 0x8915


class Asked(Protocol):
    """The board that answers."""

    running: Firmware
    busy: bool
    polls_at: float | None

    @property
    def options(self) -> BoardOptions:
        """Its address, its interface and its delay."""

    @property
    def port(self) -> int:
        """The port that it announces."""

    def asked(self, *, answers: bool) -> None:
        """Note that the exact question was heard."""


class Responder:
    """A sketch's poll(), as far as it is about mDNS; made when the sketch starts."""

    def __init__(self, board: Asked, air: Air | None = None) -> None:
        """Listen for questions at the address of the board, and for those that are sent to everybody."""
        options = board.options
        self._board = board
        self._answered_at = asyncio.get_running_loop().time()
        self._answer: asyncio.TimerHandle | None = None
        self._mouth = Mouth(options.address, self._hear)
        self._air = air or Air(options.interface or interface_of(options.address))
        self._air.listen(self._hear)

    def close(self) -> None:
        """Fall silent."""
        self._air.forget(self._hear)
        self._mouth.close()
        if self._answer is not None:
            self._answer.cancel()

    def _hear(self, packet: bytes) -> None:
        if self._board.busy or not is_question(packet):
            return
        loop = asyncio.get_running_loop()
        answers = loop.time() - self._answered_at >= SILENCE
        self._board.asked(answers=answers)
        if answers:
            self._answered_at = max(loop.time(), self._board.polls_at or 0.0)
            self._answer = loop.call_at(self._answered_at + self._board.options.mdns_delay, self._say)

    def _say(self) -> None:
        board = self._board
        firmware = board.running
        self._mouth.say(answer(firmware.name, board.options.address, board.port, BOARDS[firmware.library]))


def interface_of(address: str) -> str:
    """The network interface that has the address; raises OSError if none has it as its first."""
    if address.startswith("127."):
        return "lo"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode())
            try:
                found = fcntl.ioctl(any_socket, SIOCGIFADDR, request)[20:24]
            except OSError:
                continue
            if found == socket.inet_aton(address):
                return name
    raise OSError(f"no interface has the address {address}")
