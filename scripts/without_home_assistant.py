"""Parts of the integration that need no Home Assistant, for the commands that run without one."""

from importlib import import_module
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

INTEGRATION = Path(__file__).resolve().parent.parent / "custom_components" / "mkr1000_ota" / "arduino_ota"


def without_home_assistant(module: str) -> Any:
    """Import a module of the integration, but not the package around all of it, which needs Home Assistant."""
    if "mkr1000_ota" not in sys.modules:
        package = ModuleType("mkr1000_ota")
        package.__path__ = [str(INTEGRATION)]
        sys.modules[package.__name__] = package
    return import_module(f"mkr1000_ota.{module}")
