"""The configuration directory of a real Home Assistant."""

import json
from pathlib import Path
import shutil
from typing import Final

from tests.real_home.edition import INTEGRATION
from tests.real_home.network import HomeNetwork

# All that a board's pages use; no default_config, which would call its makers' servers.
_INTEGRATIONS: Final = (
    "automation",
    "config",
    "diagnostics",
    "file_upload",
    "frontend",
    "history",
    "logbook",
    "repairs",
    "script",
    "update",
    "zeroconf",
)

# They miss programs that a camera would need.
_OF_NO_INTEREST: Final = ("haffmpeg", "homeassistant.components.camera")

# It would set itself up and ask GitHub for what it has to offer, unless somebody has disabled it.
_NO_MARKETPLACE: Final = {
    "created_at": "2026-11-01T00:00:00+00:00",
    "data": {},
    "disabled_by": "user",
    "discovery_keys": {},
    "domain": "marketplace",
    "entry_id": "01M8000000MARKETPLACE00000",
    "minor_version": 1,
    "modified_at": "2026-11-01T00:00:00+00:00",
    "options": {},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "source": "system",
    "subentries": [],
    "title": "",
    "unique_id": None,
    "version": 1,
}


def furnish(folder: Path, port: int, network: HomeNetwork) -> None:
    """Write what Home Assistant needs to start, its HTTP server on this port; what is there otherwise is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    integrations = [*_INTEGRATIONS, *(["dhcp"] if network.private else [])]
    lines = [
        "homeassistant:",
        "  name: Home",
        "  country: IT",
        "  time_zone: UTC",
        "logger:",
        "  logs:",
        *(f"    {logger}: critical" for logger in _OF_NO_INTEREST),
        *(f"{integration}:" for integration in integrations),
    ]
    (folder / "configuration.yaml").write_text("\n".join(lines) + "\n")
    # From YAML it would be taken on trial: a dialog asks whether to keep it, and after five minutes it is gone.
    _store(folder, "http", {"stable": _http(port), "pending": None, "yaml_migration_done": True}, 2, 2)
    if not network.private:
        _store(folder, "core.network", {"configured_adapters": ["lo"]})
    if not (folder / ".storage" / "onboarding").exists():
        # These steps would set up integrations that call servers in the internet; what is left is to make a user.
        _store(folder, "onboarding", {"done": ["core_config", "integration", "analytics"]}, version=4)
        _store(folder, "core.config_entries", {"entries": [_NO_MARKETPLACE]}, minor_version=5)
    install(folder)


def install(folder: Path) -> None:
    """Put the integration where HACS puts it."""
    installed = folder / "custom_components" / INTEGRATION.name
    shutil.rmtree(installed, ignore_errors=True)
    shutil.copytree(INTEGRATION, installed, ignore=shutil.ignore_patterns("__pycache__"))


def _http(port: int) -> dict[str, object]:
    return {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-11-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }


def _store(folder: Path, key: str, content: object, version: int = 1, minor_version: int = 1) -> None:
    stored = folder / ".storage" / key
    stored.parent.mkdir(exist_ok=True)
    stored.write_text(json.dumps({"version": version, "minor_version": minor_version, "key": key, "data": content}))
