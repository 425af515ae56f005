"""Boards that can be told apart by nothing but their address."""

from collections import defaultdict
from collections.abc import Iterable

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, SOURCE_IGNORE, ConfigEntry, ConfigEntryChange
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN
from ..issues import Kind, async_clear, async_report, digest, reported_keys, with_address


@callback
def async_watch_duplicate_names(hass: HomeAssistant) -> None:
    """Tell the user about boards of one name whose MAC addresses are not known: they cannot be followed.

    What is told changes with the entries, as long as Home Assistant runs.
    """
    entries = hass.config_entries.async_entries(DOMAIN)
    known = {entry.entry_id: board for entry in entries if (board := _board(entry))}

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN:
            return
        board = None if change is ConfigEntryChange.REMOVED else _board(entry)
        # An entry that is set up changes several times, and at a start all of them do in one moment.
        if board == known.get(entry.entry_id):
            return
        if board:
            known[entry.entry_id] = board
        else:
            del known[entry.entry_id]
        _report(hass, known.values())

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
    _report(hass, known.values())


def _board(entry: ConfigEntry) -> tuple[str, str] | None:
    """Return the name of a board that nothing else tells from others, and what is shown of it."""
    name = entry.data.get(CONF_NAME)
    if name is None or entry.source == SOURCE_IGNORE or entry.disabled_by or CONF_MAC in entry.data:
        return None
    return name, with_address(entry.title, entry.data[CONF_HOST])


@callback
def _report(hass: HomeAssistant, boards: Iterable[tuple[str, str]]) -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, shown in boards:
        by_name[name].append(shown)
    same = {digest(name): (name, shown) for name, shown in by_name.items() if len(shown) > 1}
    for key in reported_keys(hass, Kind.SAME_NAME):
        if key not in same:
            async_clear(hass, key, Kind.SAME_NAME)
    for key, (name, all_shown) in same.items():
        async_report(hass, Kind.SAME_NAME, key, name=name, boards=", ".join(sorted(all_shown)))
