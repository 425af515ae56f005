"""Making sure that what responds where a board should be is that board, and telling a person if it is not."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..arduino_ota.errors import AnotherBoard as WrongBoard
from ..arduino_ota.libraries import Library
from ..const import CONF_LIBRARY, DOMAIN
from ..coordinator import BoardCoordinator
from ..issues import Kind, async_clear, async_report, with_address
from ..network.identity import Match, Peer, async_peer, entry_with_mac, match
from ..network.mdns import async_get_querier

# A board responds to the second or third of the queries, if its sketch was busy at the first one. In seconds.
HEAR_TIMEOUT: Final = 6.0
# An issue names no more boards than these.
MAX_LISTED: Final = 20

_KINDS: Final = (Kind.WRONG_BOARD, Kind.SAME_BOARD, Kind.RENAMED)


async def async_recognize(board: BoardCoordinator) -> Library:
    """Ask what is at the address of a board, without a password; return the library if it is the board.

    With another library than that of the sketch which was flashed last, it runs one from somewhere else.

    Raises WrongBoard, BoardUnreachable, BoardSilent or NotABoard.
    """
    library = await _identify(board)
    if board.record.pending is None:
        running = board.record.running
        if running is not None and running.library not in (None, library):
            await board.async_note_other_sketch()
        board.update_entry(**{CONF_LIBRARY: library.value})
    return library


async def _identify(board: BoardCoordinator) -> Library:
    """Ask a board; one that only its name tells from others has to be heard, too."""
    try:
        return await board.client.identify()
    except WrongBoard:
        peer = await async_peer(board.hass, board.host, board.config_entry)
        if board.mac is not None or peer.name is not None or match(board.known, peer) is Match.WRONG_BOARD:
            raise
        await async_get_querier(board.hass).async_wait_for(board.host, timeout=HEAR_TIMEOUT)
        return await board.client.identify()


@callback
def async_report_wrong_board(board: BoardCoordinator, peer: Peer) -> bool | None:
    """Tell a person what to do about a peer that responds where a board should be.

    Returns False where nothing proves who that is, and None where nothing is wrong.
    """
    hass, entry_id = board.hass, board.config_entry.entry_id
    facts = {"mac": peer.mac or ""}
    match match(board.known, peer):
        case found if found is Match.BOARD or board.state.has_the_board or board.host != peer.host:
            return None
        case Match.WRONG_BOARD:
            kind = Kind.WRONG_BOARD
            owner = entry_with_mac(hass, facts["mac"])
            if owner is not None and owner is not board.config_entry:
                kind, facts = Kind.SAME_BOARD, facts | {"other": owner.title}
        case Match.UNPROVEN if board.mac is None and peer.name is not None:
            kind, facts = Kind.RENAMED, {"name": peer.name}
        case _:
            clear_wrong_board(board)
            return False
    async_clear(hass, entry_id, *(other for other in _KINDS if other is not kind))
    async_report(hass, kind, entry_id, board=board.name, host=board.host, **facts)
    return True


@callback
def clear_wrong_board(board: BoardCoordinator) -> None:
    """Take all of that back."""
    async_clear(board.hass, board.config_entry.entry_id, *_KINDS)


@callback
def async_report_unproven(hass: HomeAssistant, hosts: Mapping[BoardCoordinator, str]) -> None:
    """Tell in one issue of all boards that nothing proves: they are many where Home Assistant has moved to another network."""
    listed = sorted(with_address(board.name, host) for board, host in hosts.items())
    if not listed:
        async_clear(hass, DOMAIN, Kind.UNPROVEN)
        return
    more = ", …" if len(listed) > MAX_LISTED else ""
    async_report(hass, Kind.UNPROVEN, DOMAIN, boards=", ".join(listed[:MAX_LISTED]) + more)
