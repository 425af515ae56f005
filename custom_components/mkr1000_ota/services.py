"""The actions: what automations and scripts can do with boards."""

from typing import Final

from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.typing import VolDictType
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .arduino_ota.errors import SketchRefused
from .arduino_ota.firmware.release import SourceError
from .arduino_ota.sketch.sketch import LARGE_STORAGE, Sketch
from .const import DOMAIN
from .errors import refusal, source_problem
from .flows.discovered_board import async_scan
from .install.action_file import async_fetch

ATTR_FILE: Final = "file"
ATTR_URL: Final = "url"
ATTR_PASSWORD: Final = "password"
ATTR_VERSION: Final = "version"
ATTR_ALLOW_WITHOUT_OTA: Final = "allow_without_ota"

_WHERE: Final[VolDictType] = {
    vol.Exclusive(ATTR_FILE, "where"): cv.string,
    vol.Exclusive(ATTR_URL, "where"): cv.url,
}
_FLASH: Final[VolDictType] = {
    **_WHERE,
    vol.Optional(ATTR_PASSWORD): cv.string,
    vol.Optional(ATTR_VERSION): cv.string,
    vol.Optional(ATTR_ALLOW_WITHOUT_OTA, default=False): cv.boolean,
}
_INSTALL_ARCHIVED: Final[VolDictType] = {vol.Optional(ATTR_VERSION): cv.string}


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Register all actions."""
    for name, schema in (("flash", _FLASH), ("install_archived", _INSTALL_ARCHIVED)):
        service.async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            entity_domain=UPDATE_DOMAIN,
            schema=schema,
            admin_only=True,
            func=f"async_{name}",
            supports_response=SupportsResponse.OPTIONAL,
        )
    hass.services.async_register(DOMAIN, "scan", _scan, schema=vol.Schema({}), supports_response=SupportsResponse.ONLY)
    # Whoever may not flash has no business with the files and the network of Home Assistant either.
    service.async_register_admin_service(
        hass, DOMAIN, "inspect_sketch", _inspect_sketch, vol.Schema(_WHERE), SupportsResponse.ONLY
    )


async def _scan(call: ServiceCall) -> JsonObjectType:
    """Ask the network for boards and return those that answer."""
    return {
        "boards": [
            {
                "name": one.name,
                "host": one.address,
                "port": one.port,
                "board": one.board,
                "library": one.library.value,
            }
            for one in await async_scan(call.hass)
        ]
    }


async def _inspect_sketch(call: ServiceCall) -> JsonObjectType:
    """Return what a sketch tells about itself, without its passwords."""
    try:
        fetched = await async_fetch(call.hass, call.data)
        sketch = await call.hass.async_add_executor_job(
            lambda: Sketch.inspect(fetched.image, storage_size=LARGE_STORAGE, allow_without_ota=True)
        )
    except SourceError as err:
        raise source_problem(err) from err
    except SketchRefused as err:
        raise refusal(err, fetched.name) from err
    return {
        "file": fetched.name,
        "size": sketch.size,
        "sha256": sketch.sha256,
        "board": sketch.board,
        "ota": sketch.ota,
        "library": sketch.library.value if sketch.library else None,
        "name": sketch.name,
        "version": sketch.version,
    }
