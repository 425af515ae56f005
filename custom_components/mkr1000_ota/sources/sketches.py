"""Sketches that are being worked with, each in memory once."""

from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant

from ..arduino_ota.sketch.sketch import Sketch


class Sketches:
    """Knows every sketch that somebody holds, however many boards take it and wherever it came from."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know none yet."""
        self._hass = hass
        self._held: WeakValueDictionary[str, Sketch] = WeakValueDictionary()

    async def inspect(self, image: bytes, storage_size: int, *, allow_without_ota: bool = False) -> Sketch:
        """Inspect an image, and return the sketch that is held already if it is the same. Raises SketchRefused."""
        sketch = await self._hass.async_add_executor_job(
            lambda: Sketch.inspect(image, storage_size=storage_size, allow_without_ota=allow_without_ota)
        )
        return self._held.setdefault(sketch.sha256, sketch)
