"""The boards that are followed, found by what a sighting or a connection tells: an address, a MAC address."""

from collections.abc import Iterator

from ..coordinator import BoardCoordinator


class Followed:
    """Boards in the order in which they are asked.

    With a thousand boards, a search for each of a thousand sightings would take longer than all the rest.
    """

    def __init__(self) -> None:
        # With the address and the MAC address under which each is found.
        self._boards: dict[BoardCoordinator, tuple[str, str | None]] = {}
        self._at: dict[str, list[BoardCoordinator]] = {}
        self._with_mac: dict[str | None, BoardCoordinator] = {}

    def __iter__(self) -> Iterator[BoardCoordinator]:
        return iter(tuple(self._boards))

    def __len__(self) -> int:
        return len(self._boards)

    def __contains__(self, board: object) -> bool:
        return board in self._boards

    def at(self, host: str) -> tuple[BoardCoordinator, ...]:
        return tuple(self._at.get(host, ()))

    def with_mac(self, mac: str | None) -> BoardCoordinator | None:
        return self._with_mac.get(mac) if mac is not None else None

    def refresh(self, board: BoardCoordinator) -> None:
        """Find a board by what its entry has now."""
        if self._boards.get(board) != (board.host, board.mac):
            self.put_last(board)

    def put_last(self, board: BoardCoordinator) -> None:
        """Take a board in; all others are asked before it."""
        if board in self._boards:
            self.remove(board)
        self._boards[board] = (board.host, board.mac)
        self._at.setdefault(board.host, []).append(board)
        self._with_mac[board.mac] = board

    def remove(self, board: BoardCoordinator) -> None:
        host, mac = self._boards.pop(board)
        self._at[host].remove(board)
        if not self._at[host]:
            del self._at[host]
        self._with_mac.pop(mac, None)
