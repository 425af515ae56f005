"""Sketches that are being worked with, each in memory once, however many boards take it and wherever it came from."""

from collections.abc import Collection
from weakref import WeakValueDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton

from ..arduino_ota.firmware.minisign import PublicKey, verify_release
from ..arduino_ota.hardware import MKR1000, Model, Storage, model_named
from ..arduino_ota.sketch import OVERRIDABLE, Sketch
from ..const import CONF_MODEL, CONF_PUBLIC_KEY, CONF_STORAGE, DOMAIN
from ..network.identity import is_name_of_other, name_of

type _Held = WeakValueDictionary[str, Sketch]


def model_of(entry: ConfigEntry) -> Model:
    """Which model a board is."""
    return model_named(entry.data.get(CONF_MODEL, MKR1000.id)) or MKR1000


def storage_of(entry: ConfigEntry) -> Storage:
    """Where the running sketch of a board puts the next one."""
    return Storage(entry.options.get(CONF_STORAGE, Storage.INTERNAL))


@singleton(f"{DOMAIN}_sketches")
def _held(_hass: HomeAssistant) -> _Held:
    return WeakValueDictionary()


async def async_inspect(
    hass: HomeAssistant, image: bytes, model: Model | None, storage: Storage | None, allow: Collection[str] = ()
) -> Sketch:
    """Inspect an image for a model with this storage, None for any; return an equal sketch if one is held.

    Raises SketchRefused.
    """
    sketch = await hass.async_add_executor_job(
        lambda: Sketch.inspect(image, model=model, storage=storage, allow=OVERRIDABLE.intersection(allow))
    )
    return _held(hass).setdefault(sketch.sha256, sketch)


async def async_verify(
    hass: HomeAssistant, entry: ConfigEntry, sketch: Sketch, signature: str, version: str | None
) -> None:
    """Check that the trusted key of a board vouches for a sketch and what is said of it. Raises SignatureRefused.

    A board that was never heard may have any name but that of another one.
    """
    key, board = entry.options[CONF_PUBLIC_KEY], name_of(entry)
    if not entry.data.get(CONF_NAME) and sketch.name is not None:
        board = board if is_name_of_other(hass, entry, sketch.name) else sketch.name
    await hass.async_add_executor_job(
        lambda: verify_release(PublicKey.parse(key), sketch, signature, version=version, board=board)
    )
