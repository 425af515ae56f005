"""Which connection a sketch serves next, and when it looks for one."""

import asyncio
import socket
from typing import Protocol

from tests.virtual_board.behavior import Behavior
from tests.virtual_board.options import BoardOptions
from tests.virtual_board.peer import Peer
from tests.virtual_board.port import Port

POLL_AGAIN = 0.005
"""Seconds between two looks of a sketch that does nothing else."""


class Polling(Protocol):
    """The board whose sketch looks for connections."""

    behavior: Behavior
    polls_at: float | None

    @property
    def options(self) -> BoardOptions:
        """Its model."""


class Acceptor:
    """The server of a sketch, from its start to its end: it serves one connection at a time, in their order.

    A connection that its peer has given up meanwhile is served as well, if a request has come over it.
    """

    def __init__(self, port: Port, board: Polling) -> None:
        self._port = port
        self._board = board
        self.accepted: list[Peer] = []
        """Connections that are open and have not been served."""

    async def next_peer(self) -> Peer:
        """Wait for the next connection that the sketch serves."""
        module = self._board.options.wifi_module
        while True:
            if not await self._loop_is_elsewhere() and not self.accepted:
                self._add(await self._port.accept())
            elif (waiting := self._port.accept_waiting()) is not None:
                self._add(waiting)
            for peer in tuple(self.accepted):
                if module.serves_silent_peers or peer.has_sent:
                    self.accepted.remove(peer)
                    return peer
                if not peer.connected:
                    self.accepted.remove(peer)
            if self.accepted:
                await asyncio.sleep(POLL_AGAIN)

    async def _loop_is_elsewhere(self) -> bool:
        """Wait until loop() comes round to poll(); False if it is never anywhere else."""
        loop = asyncio.get_running_loop()
        elsewhere = self._board.behavior.loop
        if elsewhere:
            self._board.polls_at = loop.time() + elsewhere
            await asyncio.sleep(elsewhere)
            self._board.polls_at = None
        return bool(elsewhere)

    def _add(self, accepted: tuple[socket.socket, tuple[str, int]]) -> None:
        connection, address = accepted
        self.accepted.append(Peer(connection, address, self._board.options.wifi_module))
