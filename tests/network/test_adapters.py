"""Which announced addresses may be contacted, and which of them only when a person opens a card."""

from ipaddress import IPv4Interface

from homeassistant.components import network
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.network.adapters import Reach, async_reach, reach_of
from custom_components.mkr1000_ota.network.mdns import MdnsQuerier
from tests.discovery.announcements import announcement, records

INTERFACES = [IPv4Interface("192.168.1.2/24"), IPv4Interface("10.77.0.1/16"), IPv4Interface("10.9.0.2/31")]


@pytest.mark.parametrize(
    ("host", "port", "reach"),
    [
        ("192.168.1.20", 65280, Reach.ON_LINK),
        ("10.77.200.3", 65280, Reach.ON_LINK),
        ("192.168.2.20", 65280, Reach.ROUTED),
        ("203.0.113.5", 65280, Reach.ROUTED),
        ("192.168.1.2", 65280, Reach.FORBIDDEN),
        ("10.77.0.1", 65280, Reach.FORBIDDEN),
        ("192.168.1.255", 65280, Reach.FORBIDDEN),
        ("10.77.255.255", 65280, Reach.FORBIDDEN),
        ("192.168.1.0", 65280, Reach.FORBIDDEN),
        ("10.77.0.0", 65280, Reach.FORBIDDEN),
        ("10.77.1.0", 65280, Reach.ON_LINK),
        ("10.9.0.2", 65280, Reach.FORBIDDEN),
        ("10.9.0.3", 65280, Reach.ON_LINK),
        ("127.0.0.1", 65280, Reach.FORBIDDEN),
        ("127.1.2.3", 65280, Reach.FORBIDDEN),
        ("169.254.3.4", 65280, Reach.FORBIDDEN),
        ("0.0.0.0", 65280, Reach.FORBIDDEN),
        ("224.0.0.251", 65280, Reach.FORBIDDEN),
        ("255.255.255.255", 65280, Reach.FORBIDDEN),
        ("192.168.1.20", 9100, Reach.FORBIDDEN),
        ("203.0.113.5", 80, Reach.FORBIDDEN),
        ("garden.local", 65280, Reach.FORBIDDEN),
    ],
)
def test_what_may_be_contacted(host: str, port: int, reach: Reach) -> None:
    assert reach_of(host, port, INTERFACES) is reach


async def test_the_networks_are_those_that_home_assistant_uses(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "network", {})
    [used] = [
        one for adapter in network.async_get_loaded_adapters(hass) if adapter["enabled"] for one in adapter["ipv4"]
    ]
    own = IPv4Interface(f"{used['address']}/{used['network_prefix']}")
    assert async_reach(hass, str(own.ip), 65280) is Reach.FORBIDDEN
    assert async_reach(hass, str(own.ip + 1), 65280) is Reach.ON_LINK
    assert async_reach(hass, "203.0.113.5", 65280) is Reach.ROUTED


async def test_a_network_that_home_assistant_does_not_use_is_its_own_all_the_same(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = [
        {"enabled": True, "ipv4": [{"address": "192.168.1.2", "network_prefix": 24}]},
        {"enabled": False, "ipv4": [{"address": "172.30.32.1", "network_prefix": 23}]},
    ]
    monkeypatch.setattr(network, "async_get_loaded_adapters", lambda _: adapters)
    assert async_reach(hass, "172.30.32.1", 65280) is Reach.FORBIDDEN
    assert async_reach(hass, "172.30.32.9", 65280) is Reach.ROUTED
    assert async_reach(hass, "192.168.1.9", 65280) is Reach.ON_LINK


async def test_what_no_board_can_have_announced_is_not_even_heard(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "network", {})
    querier = MdnsQuerier(hass)
    for address, port in (("127.0.0.1", 65280), ("203.0.113.5", 9100), ("169.254.1.1", 65280), ("203.0.113.6", 65280)):
        querier.sightings.hear(records(announcement("printer", address, port=port)))
    assert [one.address for one in querier.sightings] == ["203.0.113.6"]
