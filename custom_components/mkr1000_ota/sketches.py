"""Sketches that are being worked with, each in memory once."""

from collections.abc import Collection
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant

from .arduino_ota.hardware import Storage
from .arduino_ota.sketch import Refusal, Sketch


class Sketches:
    """Knows every sketch that somebody holds, however many boards take it and wherever it came from."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know none yet."""
        self._hass = hass
        self._held: WeakValueDictionary[str, Sketch] = WeakValueDictionary()

    async def inspect(self, image: bytes, storage: Storage, allow: Collection[Refusal] = ()) -> Sketch:
        """Inspect an image, and return the sketch that is held already if it is the same. Raises SketchRefused."""
        sketch = await self._hass.async_add_executor_job(lambda: Sketch.inspect(image, storage=storage, allow=allow))
        return self._held.setdefault(sketch.sha256, sketch)
