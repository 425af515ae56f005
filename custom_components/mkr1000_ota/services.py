"""The actions: what automations and scripts can do with boards."""

from typing import Final

from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.typing import VolDictType, VolSchemaType
import voluptuous as vol

from .arduino_ota import limits
from .arduino_ota.sketch import OVERRIDABLE
from .const import DOMAIN


def _text(longest: int) -> VolSchemaType:
    return vol.All(cv.string, vol.Length(max=longest))


_REASONS: Final = vol.All(
    cv.ensure_list, vol.Length(max=len(OVERRIDABLE)), [vol.In(sorted(each.value for each in OVERRIDABLE))]
)
_INSTALL_ARCHIVED: Final[VolDictType] = {
    vol.Optional("version"): _text(limits.LINE),
    vol.Optional("allow", default=list): _REASONS,
}
_FLASH: Final[VolDictType] = {
    vol.Optional("file"): _text(limits.PATH),
    vol.Optional("url"): _text(limits.URL),
    vol.Optional("password"): _text(limits.PASSWORD),
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
