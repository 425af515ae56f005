"""Arduino boards over the air: find them, talk to them, inspect sketches for them, flash them.

Nothing in here knows of Home Assistant. What is said about boards was read from their libraries, WiFi101OTA
1.1.0, ArduinoOTA 1.0.6 and 1.1.1 and WiFi101 0.16.1, and seen by running those.

    sketch = Sketch.inspect(image)
    async with aiohttp.ClientSession() as session:
        outcome = await Flasher(BoardClient(session, host), journal, Timeouts()).flash(Order(sketch=sketch, ...), print)

Each name is imported when it is first used: talking needs aiohttp, scanning zeroconf, inspecting nothing but Python.
`python -m arduino_ota --help` tells of the command line.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from . import errors, hardware, libraries
    from .discovery.announcements import Sighting, can_be_board
    from .discovery.sightings import Sightings, query
    from .errors import BoardError, SketchRefused
    from .firmware.release import Catalog, FirmwareSource, Release, SourceError
    from .flash.flasher import Flasher, Order
    from .flash.journal import Journal, JournalUnwritable
    from .flash.passwords import Keyring
    from .flash.pending import Pending, Phase
    from .flash.timeouts import Timeouts
    from .flash.verdict import Outcome, Verdict
    from .libraries import OTA_PORT, Library
    from .protocol.client import BoardClient
    from .sketch.sketch import Sketch

__all__ = [
    "OTA_PORT", "BoardClient", "BoardError", "Catalog", "FirmwareSource", "Flasher", "Journal", "JournalUnwritable",
    "Keyring", "Library", "Order", "Outcome", "Pending", "Phase", "Release", "Sighting", "Sightings", "Sketch",
    "SketchRefused", "SourceError", "Timeouts", "Verdict", "can_be_board", "errors", "hardware", "libraries", "query",
]  # fmt: skip

_MODULES: Final = {
    "discovery.announcements": ("Sighting", "can_be_board"),
    "discovery.sightings": ("Sightings", "query"),
    "errors": ("BoardError", "SketchRefused"),
    "firmware.release": ("Catalog", "FirmwareSource", "Release", "SourceError"),
    "flash.flasher": ("Flasher", "Order"),
    "flash.journal": ("Journal", "JournalUnwritable"),
    "flash.passwords": ("Keyring",),
    "flash.pending": ("Pending", "Phase"),
    "flash.timeouts": ("Timeouts",),
    "flash.verdict": ("Outcome", "Verdict"),
    "libraries": ("OTA_PORT", "Library"),
    "protocol.client": ("BoardClient",),
    "sketch.sketch": ("Sketch",),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    return import_module(f".{name}", __name__)
