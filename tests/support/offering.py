"""A stand-in for the config flow, and what is offered to it when boards are heard."""

from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import (
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
)

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network import discovery_flows
from custom_components.mkr1000_ota.network.mdns import MdnsQuerier
from tests.discovery.announcements import announcement, records

TEN = [f"10.0.0.{last}" for last in range(1, 11)]
type Facts = dict[str, Any]


class Flow(ConfigFlow):
    """A flow that shows a card for each board, or none for a board that is busy."""

    started: list[Facts]
    busy: set[str]

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Show a card for what Home Assistant discovered by itself."""
        return self.async_show_form(step_id="zeroconf")

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Show a card for what Home Assistant discovered by itself."""
        return self.async_show_form(step_id="dhcp")

    @override
    async def async_step_integration_discovery(self, discovery_info: Facts) -> ConfigFlowResult:
        """Note what was offered."""
        self.started.append(discovery_info)
        if discovery_info[CONF_HOST] in self.busy:
            return self.async_abort(reason="board_silent")
        return self.async_show_form(step_id="integration_discovery")


def hear(querier: MdnsQuerier, *addresses: str, name: str = "Arduino", board: str = "mkr1000") -> None:
    """Let boards be heard at addresses."""
    for address in addresses:
        querier.sightings.hear(records(announcement(name, address, board=board)))


async def settle(hass: HomeAssistant) -> None:
    """Let what was heard be looked at."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=discovery_flows.SETTLE))
    await hass.async_block_till_done(wait_background_tasks=True)


def hosts(flow: type[Flow]) -> list[str]:
    """Return the addresses that flows were started for."""
    return [facts[CONF_HOST] for facts in flow.started]


def dismiss_cards(hass: HomeAssistant) -> None:
    """Do what a person does who closes every card."""
    for card in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        hass.config_entries.flow.async_abort(card["flow_id"])
