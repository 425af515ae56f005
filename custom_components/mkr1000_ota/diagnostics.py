"""What a maintainer would ask for, without anything secret."""

from collections.abc import Mapping
from dataclasses import asdict, fields
import time
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from yarl import URL

from .arduino_ota.flash.pending import Pending
from .arduino_ota.hardware import models_with_library, models_with_mac
from .const import CONF_HEALTH_URL, CONF_MANIFEST_URL, CONF_SOURCE, CONF_TOKEN, SourceKind
from .coordinator import BoardCoordinator
from .data import BoardConfigEntry
from .install.prepare import async_running_sketch
from .network.mdns import async_get_querier
from .storage.records import PastFlash, WaitingOrder

SECRETS = {CONF_PASSWORD, CONF_TOKEN}
ADDRESSES = {CONF_MANIFEST_URL, CONF_HEALTH_URL}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: BoardConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of a board."""
    known = {
        "state": entry.state.value,
        "unique_id": entry.unique_id,
        "data": _public(entry.data),
        "options": _public(entry.options),
    }
    if entry.state is not ConfigEntryState.LOADED:
        return known
    return known | await _of_board(entry.runtime_data.coordinator)


async def _of_board(board: BoardCoordinator) -> dict[str, Any]:
    record = board.record
    catalog = board.sources.chosen
    sighting = async_get_querier(board.hass).sightings.get(board.host)
    return {
        "online": board.data,
        "model": {"id": board.model.id, "proven_by": await _proof_of_model(board)},
        "install": asdict(board.state),
        "running_version": record.version,
        "offered_version": board.offers.offered.label if board.offers.offered else None,
        "chosen_version": record.chosen,
        "failed_versions": len(record.failed),
        "known_passwords": len(record.keyring.passwords),
        "password_rejected": record.password_rejected,
        "pending": _printable(record.pending) if record.pending else None,
        "order": _printable(record.order) if record.order else None,
        "notices": {kind: notice.reason for kind, notice in sorted(record.notices.items())},
        "rollback_to": record.rollback_to,
        "history": [_printable(flash) for flash in record.history],
        "archived": [flash.version for flash in board.archived],
        "source": {
            "kind": board.config_entry.options.get(CONF_SOURCE, SourceKind.FOLDER),
            "last_refresh_succeeded": catalog.last_update_success,
            "has_ever_succeeded": catalog.confirmed,
            "failing_since": catalog.issues.since,
            "error": str(catalog.issues.error) if catalog.issues.error else None,
            "releases": len(catalog.data.releases),
            "findings": [{"file": one.file, "code": one.code} for one in catalog.data.findings],
        },
        "builds": [{"label": one.label, "place": one.place, "hold": one.hold} for one in board.offers.builds],
        "held_back": [{"label": one.label, "hold": one.hold} for one in board.offers.held_back],
        "heard": {**asdict(sighting), "seen": f"{time.monotonic() - sighting.seen:.0f} s ago"} if sighting else None,
        "boards_heard": len(async_get_querier(board.hass).sightings),
    }


async def _proof_of_model(board: BoardCoordinator) -> str | None:
    """Return what shows which model a board is; None where only a person says so."""
    if models_with_library(board.library) == (board.model,):
        return "library"
    if board.mac and models_with_mac(board.mac) == (board.model,):
        return "mac"
    running = await async_running_sketch(board)
    return "sketch" if running and running.model == board.model else None


def _printable(facts: Pending | WaitingOrder | PastFlash) -> dict[str, Any]:
    """Return facts without what is kept out of logs, too."""
    secrets = {field.name for field in fields(facts) if not field.repr}
    known = {name: value for name, value in asdict(facts).items() if value not in (None, (), {})}
    return {name: REDACTED if name in secrets else value for name, value in known.items()}


def _public(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without secrets. That a password is empty is one, too."""
    public = {}
    for name, value in facts.items():
        if name in SECRETS and value is not None:
            public[name] = REDACTED
        elif name in ADDRESSES:
            public[name] = _origin(value)
        else:
            public[name] = value
    return public


def _origin(address: str) -> str:
    """An address may hold a password or a token in any of its other parts."""
    try:
        return str(URL(address).origin())
    except ValueError:
        return REDACTED
