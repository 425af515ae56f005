"""The actions: what automations and scripts can do with boards."""

from typing import Final

from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from .arduino_ota.sketch import OVERRIDABLE
from .const import DOMAIN

_INSTALL_ARCHIVED: Final[VolDictType] = {
    vol.Optional("version"): cv.string,
    vol.Optional("allow", default=list): vol.All(cv.ensure_list, [vol.In(sorted(each.value for each in OVERRIDABLE))]),
}
_FLASH: Final[VolDictType] = {
    vol.Optional("file"): cv.string,
    vol.Optional("url"): cv.string,
    vol.Optional("password"): cv.string,
    **_INSTALL_ARCHIVED,
}


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
