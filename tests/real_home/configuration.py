"""The configuration directory of a real Home Assistant."""

import json
from pathlib import Path
import shutil

from .edition import INTEGRATION
from .network import HomeNetwork

# All that a board's pages use; no default_config, which would call its makers' servers.
_INTEGRATIONS = (
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
_OF_NO_INTEREST = ("haffmpeg", "homeassistant.components.camera")


def furnish(folder: Path, port: int, network: HomeNetwork) -> None:
    """Write what Home Assistant needs to start, its HTTP server on this port; what is there otherwise is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    integrations = [*_INTEGRATIONS, *(["dhcp"] if network.private else [])]
    lines = [
        "homeassistant:",
        "  name: Home",
        "  country: IT",
        "  time_zone: UTC",
        "http:",
        "  server_host: 127.0.0.1",
        f"  server_port: {port}",
        "logger:",
        "  logs:",
        *(f"    {logger}: critical" for logger in _OF_NO_INTEREST),
        *(f"{integration}:" for integration in integrations),
    ]
    (folder / "configuration.yaml").write_text("\n".join(lines) + "\n")
    if not network.private:
        _store(folder, "core.network", {"configured_adapters": ["lo"]})
    if not (folder / ".storage" / "onboarding").exists():
        # These steps would set up integrations that call servers in the internet; what is left is to make a user.
        _store(folder, "onboarding", {"done": ["core_config", "integration", "analytics"]}, version=4)
    install(folder)


def install(folder: Path) -> None:
    """Put the integration where HACS puts it."""
    installed = folder / "custom_components" / INTEGRATION.name
    shutil.rmtree(installed, ignore_errors=True)
    shutil.copytree(INTEGRATION, installed, ignore=shutil.ignore_patterns("__pycache__"))


def _store(folder: Path, key: str, content: object, version: int = 1) -> None:
    stored = folder / ".storage" / key
    stored.parent.mkdir(exist_ok=True)
    stored.write_text(json.dumps({"version": version, "minor_version": 1, "key": key, "data": content}))
