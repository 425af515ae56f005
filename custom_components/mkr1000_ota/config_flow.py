"""Adding a board, and mending what is known of it."""

import asyncio
from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.discovery_flow import async_create_flow
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from .board.errors import BoardError
from .board.sighting import Sighting
from .const import CONF_BOARD, DEFAULT_PORT, DOMAIN, LOCKED_BY
from .found import Found, async_look_at, async_scan, client_for, host_and_port
from .options_flow import BoardOptionsFlow
from .problems import flow_error
from .shared import Shared, async_shared

# A board asks for its address before it listens to anybody.
STARTS_WITHIN = 20.0

# What other boards than ours call themselves is theirs: ESP8266 and ESP32 announce the same service.
BOARDS = {"mkr1000", "arduino"}

PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
# An empty password is legal, and a form leaves an empty field out.
PASSWORD_SCHEMA = vol.Schema({vol.Optional(CONF_PASSWORD, default=""): PASSWORD})


class BoardFlow(ConfigFlow, domain=DOMAIN):
    """Adds a board that was heard, or whose address was typed."""

    VERSION = 1

    _scan: asyncio.Task[list[Sighting]] | None = None
    _found: Found
    _locked_by: str | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> BoardOptionsFlow:
        return BoardOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the network who is there, without being asked to."""
        return await self.async_step_scan()

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show that boards are being looked for."""
        if self._scan is None:
            self._scan = self.hass.async_create_task(
                async_scan(self.hass, self.async_update_progress), f"{DOMAIN} scan", eager_start=False
            )
        if not self._scan.done():
            return self.async_show_progress(step_id="scan", progress_action="scan", progress_task=self._scan)
        return self.async_show_progress_done(next_step_id="pick")

    async def async_step_pick(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take one of the boards that answered, or an address."""
        shared = await async_shared(self.hass)
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                host, port = host_and_port(user_input[CONF_HOST])
                sighting = shared.asker.sightings.get(host)
                await self._take(await async_look_at(self.hass, host, sighting.port if sighting else port))
            except ValueError:
                errors[CONF_HOST] = "bad_address"
            except BoardError as err:
                errors[CONF_HOST] = flow_error(err)
            else:
                return await self.async_step_password()
        free, taken = self._heard(shared)
        schema = vol.Schema(
            {
                vol.Required(CONF_HOST): SelectSelector(
                    SelectSelectorConfig(
                        options=[SelectOptionDict(value=one.address, label=_label(one)) for one in free],
                        custom_value=True,
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                )
            }
        )
        return self.async_show_form(
            step_id="pick",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={
                "found": str(len(free)),
                "configured": ", ".join(_label(one) for one in taken) or "-",
            },
        )

    def _heard(self, shared: Shared) -> tuple[list[Sighting], list[Sighting]]:
        configured = {entry.data.get(CONF_HOST) for entry in self._async_current_entries()}
        heard = sorted(shared.asker.sightings, key=lambda one: (one.name, one.address))
        return (
            [one for one in heard if one.address not in configured],
            [one for one in heard if one.address in configured],
        )

    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the password that the running sketch wants, and check it with the board."""
        found = self._found
        errors: dict[str, str] = {}
        if user_input is not None:
            password = user_input[CONF_PASSWORD]
            if not (errors := await self._refused(found.host, found.port, password)):
                return self.async_create_entry(
                    title=found.title(self.hass), data=found.data(password), options=found.options(self.hass)
                )
        return self.async_show_form(
            step_id="password",
            data_schema=PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders={"name": found.name, "host": found.host, "library": found.library},
        )

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take a service that Home Assistant heard; boards of one name are one service with several addresses."""
        board = discovery_info.properties.get("board", "")
        name = discovery_info.name.removesuffix(f".{discovery_info.type}")
        port = discovery_info.port or DEFAULT_PORT
        for address in discovery_info.ip_addresses[1:]:
            async_create_flow(
                self.hass,
                DOMAIN,
                context={"source": SOURCE_INTEGRATION_DISCOVERY},
                data={CONF_HOST: str(address), CONF_PORT: port, CONF_NAME: name, CONF_BOARD: board},
            )
        return await self._discovered(discovery_info.host, port, name, board)

    @override
    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        """Take a board that we have heard ourselves."""
        return await self._discovered(
            discovery_info[CONF_HOST],
            discovery_info[CONF_PORT],
            discovery_info[CONF_NAME],
            discovery_info[CONF_BOARD],
        )

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Take a device that has got an address and may be a board; follow one that is known."""
        self._follow(format_mac(discovery_info.macaddress), discovery_info.ip)
        shared = await async_shared(self.hass)
        sighting = await shared.asker.async_wait_for(discovery_info.ip, within=STARTS_WITHIN)
        if sighting is None:
            return self.async_abort(reason="not_a_board")
        return await self._discovered(sighting.address, sighting.port, sighting.name, sighting.board)

    async def _discovered(self, host: str, port: int, name: str, board: str) -> ConfigFlowResult:
        if board not in BOARDS:
            return self.async_abort(reason="not_a_board")
        try:
            await self._take(await async_look_at(self.hass, host, port, name))
        except BoardError as err:
            return self.async_abort(reason=flow_error(err))
        self.context["title_placeholders"] = {"name": name, "host": host}
        return await self.async_step_password()

    async def _take(self, found: Found) -> None:
        """Go on with a board unless it is set up already."""
        if found.mac is not None:
            self._follow(found.mac, found.host)
        for entry in self._async_current_entries(include_ignore=False):
            if entry.data[CONF_HOST] == found.host and None in (entry.data.get(CONF_MAC), found.mac):
                raise AbortFlow("already_configured")
        await self.async_set_unique_id(found.unique_id, raise_on_progress=self.source != "user")
        self._abort_if_unique_id_configured()
        self._found = found

    def _follow(self, mac: str, host: str) -> None:
        """End the flow if the board is set up; note its address if that has changed. Nothing is reloaded."""
        for entry in self._async_current_entries(include_ignore=False):
            if entry.data.get(CONF_MAC) == mac:
                self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: host})
                raise AbortFlow("already_configured")

    async def _refused(self, host: str, port: int, password: str) -> dict[str, str]:
        try:
            await client_for(self.hass, host, port).check_password(password)
        except BoardError as err:
            key = flow_error(err)
            return {CONF_PASSWORD if key == "wrong_password" else "base": key}
        return {}

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for the password of a board that takes none of those that are known."""
        self._locked_by = entry_data.get(LOCKED_BY)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the password, and check it with the board."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            password = user_input[CONF_PASSWORD]
            if not (errors := await self._refused(entry.data[CONF_HOST], entry.data[CONF_PORT], password)):
                await self._accept(entry, password)
                return self.async_update_and_abort(
                    entry, data_updates={CONF_PASSWORD: password}, reason="reauth_successful"
                )
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
                found = await async_look_at(self.hass, *host_and_port(user_input[CONF_HOST]))
            except ValueError:
                errors[CONF_HOST] = "bad_address"
            except BoardError as err:
                errors[CONF_HOST] = flow_error(err)
            else:
                password = user_input[CONF_PASSWORD]
                known = entry.data.get(CONF_MAC)
                if known and found.mac and known != found.mac:
                    errors[CONF_HOST] = "another_board"
                elif not (errors := await self._refused(found.host, found.port, password)):
                    return await self._reconfigured(entry, found, password)
        suggested = user_input or {CONF_HOST: entry.data[CONF_HOST]}
        schema = vol.Schema(
            {vol.Required(CONF_HOST): TextSelector(), vol.Optional(CONF_PASSWORD, default=""): PASSWORD}
        )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    async def _reconfigured(self, entry: ConfigEntry, found: Found, password: str) -> ConfigFlowResult:
        known = entry.data.get(CONF_MAC)
        unique_id = known or found.unique_id
        other = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
        if other is not None and other.entry_id != entry.entry_id:
            return self.async_abort(reason="already_configured")
        await self._accept(entry, password)
        return self.async_update_reload_and_abort(
            entry, unique_id=unique_id, data_updates={**found.data(password), **({CONF_MAC: known} if known else {})}
        )

    async def _accept(self, entry: ConfigEntry, password: str) -> None:
        """Write the password down at once: the entry's own file follows a moment later."""
        shared = await async_shared(self.hass)
        await shared.store.record(entry.entry_id).accept(password)


def _label(sighting: Sighting) -> str:
    return f"{sighting.name} · {sighting.address} · {sighting.library}"
