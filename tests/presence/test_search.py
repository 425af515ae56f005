"""Where the search for boards that are missing spends its time, and how much it remembers."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.network.identity import Peer
from custom_components.mkr1000_ota.presence import moves
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import AddBoard, Hear, StartBoard
from tests.support.looking import leave_unheard, settled
from tests.support.mending import know


async def test_old_leases_leave_time_for_what_is_announced(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many boards are switched off, and nobody responds where they were last."""
    boards = [await start_board(address=f"127.0.1.{number}") for number in range(1, moves.STRANGER_SLOTS + 1)]
    leases = {}
    for number, board in enumerate(boards):
        know(home, await add_board(board), mac := f"f8:f0:05:00:00:0{number}")
        leases[mac] = f"127.0.3.{number + 1}"
    for board in boards:
        await leave_unheard(home, board)
    asked: list[str] = []

    async def never(_self: object, host: str, _board: object) -> None:
        asked.append(host)
        await home.loop.create_future()

    monkeypatch.setattr(moves, "async_leased_hosts", lambda _: leases)
    monkeypatch.setattr(moves.Moves, "_peer_at", never)
    monkeypatch.setattr(moves, "SEARCH_TIMEOUT", 0.1)
    await hear(boards[0], address="127.0.4.1", name="Garden")
    await settled(home)
    assert "127.0.4.1" in asked
    assert set(leases.values()) & set(asked)


async def test_strangers_that_have_said_who_they_are_are_remembered_up_to_a_number(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = await start_board()
    await add_board(board)
    await leave_unheard(home, board)

    async def responds(_self: object, host: str, _board: object) -> Peer:
        return Peer(host=host, mac=None)

    monkeypatch.setattr(moves.Moves, "_peer_at", responds)
    monkeypatch.setattr(limits, "SIGHTINGS", 3)
    for number in range(1, 9):
        await hear(board, address=f"127.0.3.{number}", name=f"Stranger {number}")
    await settled(home)
    assert len(async_get_tracker(home).moves._known_strangers) == 3  # noqa: SLF001 - no other way
