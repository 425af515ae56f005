"""Boards that can be told apart by nothing but their address."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, SOURCE_IGNORE, ConfigEntry, ConfigEntryChange
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN

_PREFIX = "same_name_"


class _Namesake(NamedTuple):
    name: str
    told: str


@callback
def async_watch_namesakes(hass: HomeAssistant) -> None:
    """Tell the user about boards of one name whose hardware addresses are not known: they cannot be followed.

    What is told changes with the entries, as long as Home Assistant runs.
    """
    entries = hass.config_entries.async_entries(DOMAIN)
    known = {entry.entry_id: namesake for entry in entries if (namesake := _namesake(entry))}

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN:
            return
        namesake = None if change is ConfigEntryChange.REMOVED else _namesake(entry)
        # An entry that is set up changes several times, and at a start all of them do in one moment.
        if namesake == known.get(entry.entry_id):
            return
        if namesake:
            known[entry.entry_id] = namesake
        else:
            del known[entry.entry_id]
        _report(hass, known.values())

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
    _report(hass, known.values())


def _namesake(entry: ConfigEntry) -> _Namesake | None:
    if entry.source == SOURCE_IGNORE or entry.disabled_by or CONF_MAC in entry.data:
        return None
    return _Namesake(entry.data[CONF_NAME], f"{entry.title} ({entry.data[CONF_HOST]})")


@callback
def _report(hass: HomeAssistant, namesakes: Iterable[_Namesake]) -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    for namesake in namesakes:
        by_name[namesake.name].append(namesake.told)
    shared = {f"{_PREFIX}{name}": (name, boards) for name, boards in by_name.items() if len(boards) > 1}
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(_PREFIX) and issue_id not in shared:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, (name, boards) in shared.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="same_name",
            translation_placeholders={"name": name, "boards": ", ".join(sorted(boards))},
        )
