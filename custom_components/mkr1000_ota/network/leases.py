"""Which addresses routers and DHCP packets speak of: hints where to look, because one forged packet makes them."""

from homeassistant.components.dhcp import async_discovered_service_info
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import format_mac


@callback
def async_leased_hosts(hass: HomeAssistant) -> dict[str, str]:
    """Return the address at which the dhcp integration has seen each MAC address last, in Home Assistant's form."""
    if "dhcp" not in hass.config.components:
        return {}
    return {format_mac(info.macaddress): info.ip for info in async_discovered_service_info(hass)}
