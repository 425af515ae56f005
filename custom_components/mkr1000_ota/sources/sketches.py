"""Sketches that are being worked with, each in memory once, however many boards take it and wherever it came from."""

from collections.abc import Collection
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..arduino_ota.hardware import MKR1000, Storage
from ..arduino_ota.sketch import OVERRIDABLE, Sketch
from ..const import DOMAIN

type _Held = WeakValueDictionary[str, Sketch]

_HELD: HassKey[_Held] = HassKey(f"{DOMAIN}_sketches")


@singleton(_HELD)
def _held(_hass: HomeAssistant) -> _Held:
    return WeakValueDictionary()


async def async_inspect(
    hass: HomeAssistant, image: bytes, storage: Storage | None, allow: Collection[str] = ()
) -> Sketch:
    """Inspect an image for a board with this storage, or for no particular one; return an equal sketch if one is held.

    Raises SketchRefused.
    """
    sketch = await hass.async_add_executor_job(
        lambda: Sketch.inspect(
            image,
            model=MKR1000 if storage else None,
            storage=storage,
            allow=[code for code in OVERRIDABLE if code in allow],
        )
    )
    return _held(hass).setdefault(sketch.sha256, sketch)
