"""How a board is discovered, and what is shown of it then."""

from ipaddress import ip_address

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_ZEROCONF,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from custom_components.mkr1000_ota.const import CONF_BOARD, DOMAIN
from tests.support.steps import Result
from tests.virtual_board import VirtualBoard


def service(
    *addresses: str, port: int | None = 65280, name: str = "Arduino", board: str = "mkr1000"
) -> ZeroconfServiceInfo:
    """Return what Home Assistant's zeroconf hands over."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(addresses[0]),
        ip_addresses=[ip_address(address) for address in addresses],
        port=port,
        hostname=f"{name}.local.",
        type="_arduino._tcp.local.",
        name=f"{name}._arduino._tcp.local.",
        properties={"board": board, "tcp_check": "no"},
    )


async def discover_service(home: HomeAssistant, info: ZeroconfServiceInfo) -> Result:
    """Discover what zeroconf hands over."""
    return await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info)


async def discover(home: HomeAssistant, board: VirtualBoard, *, kind: str = "mkr1000") -> Result:
    """Discover a board that we heard ourselves."""
    return await home.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={CONF_HOST: board.address, CONF_PORT: board.port, CONF_NAME: board.name, CONF_BOARD: kind},
    )


async def discover_lease(home: HomeAssistant, mac: str, address: str) -> Result:
    """Discover what the dhcp integration hands over."""
    info = DhcpServiceInfo(ip=address, hostname="winc-00-01", macaddress=mac.replace(":", ""))
    return await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_DHCP}, data=info)


def cards(home: HomeAssistant) -> list[str]:
    """Return the addresses of the boards that wait for somebody to set them up."""
    flows = home.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sorted(flow["context"]["title_placeholders"]["host"] for flow in flows)
