"""Boards that can be told apart by nothing but their address."""

from collections import defaultdict

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN

_PREFIX = "same_name_"


@callback
def async_watch_namesakes(hass: HomeAssistant) -> None:
    """Tell the user about boards of one name whose hardware addresses are not known: they cannot be followed.

    What is told changes with the entries, as long as Home Assistant runs.
    """

    @callback
    def changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            _report(hass)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
    _report(hass)


@callback
def _report(hass: HomeAssistant) -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
        if CONF_MAC not in entry.data:
            by_name[entry.data[CONF_NAME]].append(f"{entry.title} ({entry.data[CONF_HOST]})")
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
