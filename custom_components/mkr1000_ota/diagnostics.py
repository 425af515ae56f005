"""What a maintainer would ask for, without anything secret."""

from dataclasses import asdict
import time
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from yarl import URL

from .const import CONF_BASE_URL, CONF_HEALTH_URL, CONF_MANIFEST_URL, CONF_TOKEN
from .runtime import BoardConfigEntry

SECRETS = {CONF_PASSWORD, CONF_TOKEN, "old", "expected", "guesses"}
ADDRESSES = (CONF_MANIFEST_URL, CONF_BASE_URL, CONF_HEALTH_URL)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: BoardConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of a board."""
    board = entry.runtime_data.coordinator
    record = board.record
    sighting = board.shared.asker.sightings.get(board.host)
    options = dict(entry.options)
    for name in ADDRESSES:
        if options.get(name):
            options[name] = _host_of(options[name])
    diagnostics = {
        "data": dict(entry.data),
        "options": options,
        "unique_id": entry.unique_id,
        "reachable": board.data.reachable,
        "activity": asdict(board.activity),
        "installed_version": record.installed_version,
        "pinned_version": record.pinned_version,
        "failed_versions": record.failed_versions,
        "known_passwords": len(record.keyring.passwords),
        "pending": asdict(record.pending) if record.pending else None,
        "awaited": asdict(record.awaited) if record.awaited else None,
        "history": [asdict(flash) for flash in record.history],
        "archived": [flash.version for flash in board.archived],
        "source": {
            "kind": type(board.catalog.source).__name__,
            "last_look_succeeded": board.catalog.last_update_success,
            "problem": str(board.catalog.last_exception) if board.catalog.last_exception else None,
            "releases": [{"version": one.version, "file": one.file, "size": one.size} for one in board.releases],
            "findings": [{"file": one.file, "reason": one.reason} for one in board.catalog.data.findings],
        },
        "heard": None
        if sighting is None
        else {**asdict(sighting), "seen": f"{time.monotonic() - sighting.seen:.0f} s ago"},
        "boards_heard": len(board.shared.asker.sightings),
    }
    return async_redact_data(diagnostics, SECRETS)


def _host_of(address: str) -> str:
    """An address may hold a password or a token in any of its other parts."""
    try:
        return URL(address).host or ""
    except ValueError:
        return ""
