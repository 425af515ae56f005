"""Boards at whose address something answers by another name, where nothing but a name could tell that it is them."""

from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..coordinator import BoardCoordinator
from ..network.recognition import other_entries
from ..network.same_board import async_report_same_board


@callback
def async_report_renamed(board: BoardCoordinator) -> None:
    """Tell the user that what answers where a board should be calls itself otherwise, unless more is known about it.

    A board whose hardware address is known is told by that, and one that is being flashed may call itself anything.
    """
    if board.mac is not None or board.is_being_flashed:
        return
    entry = board.config_entry
    sighting = board.shared.asker.sightings.get(board.host)
    # A board that is set up, too, and was followed to this address: it is known who that is.
    followed = [other for other in other_entries(board.hass, entry) if other.data[CONF_HOST] == board.host]
    for other in followed:
        if (mac := other.data.get(CONF_MAC)) is not None:
            async_report_same_board(board, other, mac)
    if followed or sighting is None or sighting.name == board.board_name:
        async_forget_renamed(board.hass, entry.entry_id)
        return
    ir.async_create_issue(
        board.hass,
        DOMAIN,
        _issue_id(entry.entry_id),
        data={"entry_id": entry.entry_id, "board": board.name, "host": board.host, "name": sighting.name},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="renamed",
        translation_placeholders={"board": board.name, "host": board.host, "name": sighting.name},
    )


@callback
def async_forget_renamed(hass: HomeAssistant, entry_id: str) -> None:
    """Take that back."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id))


def _issue_id(entry_id: str) -> str:
    return f"renamed_{entry_id}"
