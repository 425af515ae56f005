"""Making sure that what responds where a board should be is that board."""

from typing import Final

from ..arduino_ota.errors import AnotherBoard as WrongBoard
from ..coordinator import BoardCoordinator
from ..issues import Kind, async_clear, async_report
from ..network.identity import Match, async_peer, match, other_entries
from ..network.mdns import async_get_querier

# A board responds to the second of two queries, if its sketch was busy at the first one. In seconds.
HEAR_TIMEOUT: Final = 4.0


async def async_recognize(board: BoardCoordinator) -> None:
    """Ask what is at the address of a board, without a password, and make sure that it is the board.

    One that only its name tells from others has to be heard, too.

    Raises WrongBoard, BoardUnreachable, BoardSilent or NotABoard.
    """
    try:
        await board.client.identify()
    except WrongBoard:
        peer = await async_peer(board.hass, board.host)
        if board.mac is not None or peer.name is not None:
            raise
        await async_get_querier(board.hass).async_wait_for(board.host, timeout=HEAR_TIMEOUT)
        await board.client.identify()


async def async_report_wrong_board(board: BoardCoordinator) -> None:
    """Tell a person what to do about a board at whose address something else responds, or what nobody can tell from it."""
    hass, entry = board.hass, board.config_entry
    peer = await async_peer(hass, board.host, entry)
    found = match(board.known, peer)
    facts = {"board": board.name, "host": board.host}
    if found is Match.BOARD or board.state.has_the_board:
        return
    if found is Match.WRONG_BOARD:
        owner = next((one for one in other_entries(hass, entry) if one.data.get("mac") == peer.mac), None)
        if owner is not None:
            async_report(hass, Kind.SAME_BOARD, entry.entry_id, **facts, other=owner.title, mac=peer.mac or "")
        else:
            async_report(hass, Kind.WRONG_BOARD, entry.entry_id, **facts, mac=peer.mac or "")
    elif board.mac is None and peer.name is not None:
        async_report(hass, Kind.RENAMED, entry.entry_id, **facts, name=peer.name)


def clear_wrong_board(board: BoardCoordinator) -> None:
    """Take all of that back."""
    async_clear(board.hass, board.config_entry.entry_id, Kind.WRONG_BOARD, Kind.SAME_BOARD, Kind.RENAMED)
