"""Adding a board, and mending what is known of it."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USER,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.discovery_flow import DiscoveryKey, async_create_flow
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .arduino_ota.errors import BoardError
from .arduino_ota.protocol.address import write_address
from .const import CONF_BOARD, DEFAULT_PORT, DOMAIN, LOCKED_BY
from .data import BoardConfigEntry
from .errors import FormError, flow_error, flow_errors
from .flows.add import AddFlow
from .flows.credentials import Reconfigured, async_update_address, async_update_password, is_at_home
from .flows.discovered_board import DiscoveredBoard, async_look_at, client_for, entry_of
from .flows.forms import PASSWORD_SCHEMA, RECONFIGURE_SCHEMA
from .flows.options import BoardOptionsFlow
from .network.adapters import Reach, async_reach
from .network.discovery_flows import MAX_CARDS
from .network.mdns import async_get_querier
from .presence.tracker import async_get_tracker

# A board asks for its address before it listens to anybody.
STARTS_WITHIN = 20.0

# What other boards than ours call themselves is theirs: ESP8266 and ESP32 announce the same service.
BOARDS = {"mkr1000", "arduino"}


class BoardFlow(AddFlow, domain=DOMAIN):
    """Adds a board that was heard, or whose address was typed."""

    VERSION = 1

    _found: DiscoveredBoard
    _locked_by: str | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: BoardConfigEntry) -> BoardOptionsFlow:
        return BoardOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the network who is there, without being asked to."""
        return await self.async_step_scan()

    @override
    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the password that the running sketch wants, and check it with the board."""
        errors: dict[str, str] = {}
        if user_input is not None:
            password = user_input[CONF_PASSWORD]
            try:
                await self._check(password)
            except (BoardError, FormError) as err:
                errors = flow_errors(err)
            else:
                found = self._found
                return self.async_create_entry(
                    title=found.title(self.hass), data=found.data(password), options=found.options(self.hass)
                )
        return self.async_show_form(
            step_id="password",
            data_schema=PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders={
                "name": self._found.name,
                "host": self._found.host,
                "library": self._found.library,
            },
        )

    async def _check(self, password: str) -> None:
        """Check a password with the board that the form shows; a card may be days old."""
        shown = self._found
        now = await async_look_at(self.hass, shown.host, shown.port)
        if not shown.is_same_board(now):
            await self._take(now, raise_on_progress=self.source != SOURCE_USER)
            raise FormError("board_changed")
        await self._take(now)
        await client_for(self.hass, now).check_password(password)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take a service that Home Assistant heard; boards of one name are one service with several addresses."""
        if discovery_info.properties.get("board") not in BOARDS:
            return self.async_abort(reason="not_a_board")
        name = discovery_info.name.removesuffix(f".{discovery_info.type}")
        port = discovery_info.port or DEFAULT_PORT
        match [str(address) for address in discovery_info.ip_addresses if address.version == 4]:
            case [host, *others]:
                pass
            case _:
                return self.async_abort(reason="not_a_board")
        # Once a board is set up, what is heard is offered address by address, and each of them brings a service here.
        for address in [] if self._async_current_entries(include_ignore=False) else others[:MAX_CARDS]:
            async_create_flow(
                self.hass,
                DOMAIN,
                context={"source": SOURCE_INTEGRATION_DISCOVERY},
                data={
                    CONF_HOST: address,
                    CONF_PORT: port,
                    CONF_NAME: name,
                    CONF_BOARD: discovery_info.properties["board"],
                },
                discovery_key=DiscoveryKey(domain=DOMAIN, key=address, version=1),
            )
        return await self._discovered(host, port)

    @override
    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        """Take a board that we have heard ourselves."""
        if discovery_info[CONF_BOARD] not in BOARDS:
            return self.async_abort(reason="not_a_board")
        return await self._discovered(discovery_info[CONF_HOST], discovery_info[CONF_PORT])

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Take a device that has got an address and may be a board; follow one that is known."""
        mac = format_mac(discovery_info.macaddress)
        self._abort_if_known(mac)
        self._abort_if_at_home(discovery_info.ip)
        await self.async_set_unique_id(mac, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        heard = await async_get_querier(self.hass).async_wait_for(discovery_info.ip, timeout=STARTS_WITHIN)
        # Where multicast does not get through, a board responds all the same when it is asked directly.
        return await self._discovered(discovery_info.ip, heard.port if heard else DEFAULT_PORT)

    async def _discovered(self, host: str, port: int) -> ConfigFlowResult:
        """Show a card for what was heard, unless it is set up or ignored."""
        self._abort_if_at_home(host)
        if await async_reach(self.hass, host) is Reach.FORBIDDEN:
            return self.async_abort(reason="not_a_board")
        try:
            found = await async_look_at(self.hass, host, port)
        except BoardError as err:
            return self.async_abort(reason=flow_error(err))
        self._replace_cards(found)
        await self._take(found, raise_on_progress=True)
        self.context["title_placeholders"] = {"name": found.name, "host": host}
        return await self.async_step_password()

    def _abort_if_at_home(self, host: str) -> None:
        """End the flow if a board is known to be there: it is asked nothing, least of all in the middle of a flash."""
        if any(is_at_home(entry, host) for entry in self._async_current_entries(include_ignore=False)):
            raise AbortFlow("already_configured")

    @override
    async def _take(self, found: DiscoveredBoard, *, raise_on_progress: bool = False) -> None:
        """Go on with a board unless it is set up already, or if that counts, is being set up in another flow."""
        if found.mac is not None:
            self._abort_if_known(found.mac)
        if entry_of(self.hass, found) is not None:
            raise AbortFlow("already_configured")
        for entry in self._async_current_entries(include_ignore=True):
            # Ignored when its MAC address was not known, it stays ignored now that it is.
            if entry.source == SOURCE_IGNORE and entry.unique_id == found.fallback_id:
                self.hass.config_entries.async_update_entry(entry, unique_id=found.unique_id)
        await self.async_set_unique_id(found.unique_id, raise_on_progress=raise_on_progress)
        self._abort_if_unique_id_configured()
        self._found = found

    def _abort_if_known(self, mac: str) -> None:
        """End the flow if the board is set up, and have it looked for: it may have another address now."""
        if any(entry.data.get(CONF_MAC) == mac for entry in self._async_current_entries(include_ignore=False)):
            async_get_tracker(self.hass).async_hint()
            raise AbortFlow("already_configured")

    def _replace_cards(self, found: DiscoveredBoard) -> None:
        """End the flows that show this board at another address, or another board at this one."""
        for flow in self._async_in_progress():
            context = flow["context"]
            host = context.get("title_placeholders", {}).get("host")
            if host is not None and (host == found.host) != (context.get("unique_id") == found.unique_id):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for the password of a board that takes none of those that are known."""
        self._locked_by = entry_data.get(LOCKED_BY)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the password, and check it with the board."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await async_update_password(entry, user_input[CONF_PASSWORD])
            except (BoardError, FormError) as err:
                errors = flow_errors(err)
            else:
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="reauth_locked" if self._locked_by else "reauth_confirm",
            data_schema=PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders={
                "name": entry.title,
                "host": entry.data[CONF_HOST],
                "version": self._locked_by or "",
            },
        )

    # Whoever has just flashed a board is told another story than somebody whose board has changed behind his back.
    async_step_reauth_locked = async_step_reauth_confirm

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take another address or password for a board."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                taken = await async_update_address(
                    self.hass, entry, user_input[CONF_HOST], user_input.get(CONF_PASSWORD)
                )
            except (BoardError, FormError) as err:
                errors = flow_errors(err, CONF_HOST)
            else:
                return await self._reconfigured(entry, taken)
        suggested = user_input or {CONF_HOST: write_address(entry.data[CONF_HOST], entry.data[CONF_PORT])}
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(RECONFIGURE_SCHEMA, suggested),
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    async def _reconfigured(self, entry: BoardConfigEntry, taken: Reconfigured) -> ConfigFlowResult:
        unique_id = taken.mac or taken.board.fallback_id
        ignored = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
        if ignored is not None and ignored.source == SOURCE_IGNORE:
            await self.hass.config_entries.async_remove(ignored.entry_id)
        kept = {key: value for key, value in entry.data.items() if key != CONF_MAC}
        mac = {CONF_MAC: taken.mac} if taken.mac else {}
        if taken.is_replaced:
            self._forget_hardware(entry)
        return self.async_update_reload_and_abort(
            entry,
            unique_id=unique_id,
            data={**kept, **taken.board.data(taken.password), **mac},
            reason="reconfigure_successful",
        )

    def _forget_hardware(self, entry: BoardConfigEntry) -> None:
        """Take the MAC address of the hardware that was replaced off the device."""
        devices = dr.async_get(self.hass)
        if device := devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id):
            connections = {one for one in device.connections if one[0] != dr.CONNECTION_NETWORK_MAC}
            devices.async_update_device(device.id, new_connections=connections)
