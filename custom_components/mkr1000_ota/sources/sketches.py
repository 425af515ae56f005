"""Sketches that are being worked with, each in memory once, however many boards take it and wherever it came from."""

from collections.abc import Collection
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..arduino_ota.sketch.sketch import Sketch
from ..const import DOMAIN

type _Held = WeakValueDictionary[str, Sketch]

_HELD: HassKey[_Held] = HassKey(f"{DOMAIN}_sketches")


@singleton(_HELD)
def _held(_hass: HomeAssistant) -> _Held:
    return WeakValueDictionary()


async def async_inspect(hass: HomeAssistant, image: bytes, storage_size: int, allow: Collection[str] = ()) -> Sketch:
    """Inspect an image, and return the sketch that is held already if it is the same. Raises SketchRefused."""
    sketch = await hass.async_add_executor_job(
        lambda: Sketch.inspect(image, storage_size=storage_size, allow_without_ota="no_ota" in allow)
    )
    return _held(hass).setdefault(sketch.sha256, sketch)
