"""Entries that look like one board."""

from functools import partial
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN

if TYPE_CHECKING:
    from ..coordinator import BoardCoordinator


@callback
def async_report_same_board(board: BoardCoordinator, other: ConfigEntry, mac: str) -> None:
    """Tell the user that the board of another entry answers where a board should be.

    It is told until it is forgotten, or until one of the entries is deleted or set up anew.
    """
    entry = board.config_entry
    issue_id = _issue_id(entry.entry_id)
    if ir.async_get(board.hass).async_get_issue(DOMAIN, issue_id) is not None:
        return
    for one in (entry, other):
        one.async_on_unload(partial(ir.async_delete_issue, board.hass, DOMAIN, issue_id))
    ir.async_create_issue(
        board.hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="same_board",
        translation_placeholders={"board": entry.title, "other": other.title, "mac": mac},
    )


@callback
def async_forget_same_board(hass: HomeAssistant, entry_id: str) -> None:
    """Take that back."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id))


def _issue_id(entry_id: str) -> str:
    return f"same_board_{entry_id}"
