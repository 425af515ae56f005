"""Adding a board that was discovered or is looked for, and changing what is known of one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
import operator
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .arduino_ota import limits
from .arduino_ota.discovery.announcements import LIBRARIES
from .arduino_ota.errors import BoardError
from .arduino_ota.hardware import MKR1000, MODELS, models_with_library
from .arduino_ota.libraries import OTA_PORT
from .arduino_ota.protocol.address import write_address
from .arduino_ota.text import fit_to_show
from .const import CONF_BOARD, CONF_LIBRARY, CONF_MODEL, DOMAIN, LOCKED_BY
from .data import BoardConfigEntry
from .errors import FormError
from .flows.add import AddFlow
from .flows.credentials import async_reconfigure, async_update_password, is_at_home
from .flows.discovered_board import DiscoveredBoard, as_markdown, async_look_at
from .flows.forms import CONF_SKETCH, REAUTH_SCHEMA, RECONFIGURE_SCHEMA, Entered, Failure, model_schema, show_form
from .flows.options import BoardOptionsFlow
from .network.adapters import Reach, async_reach
from .network.discovery_flows import MAX_CARDS, MAX_UNSEEN_CARDS, async_offer, async_unignore, stranger_slots
from .network.identity import async_peer
from .network.mac_addresses import async_leased_hosts
from .network.mdns import async_get_querier
from .presence.moves import START_TIMEOUT
from .presence.tracker import async_get_tracker


class BoardConfigFlow(AddFlow, domain=DOMAIN):
    """Adds a board, and takes another password or address for it."""

    VERSION = 1

    _locked_by: str | None = None
    _shown_host: str | None = None
    # What leases speak of, and so anybody could have said.
    _leased: frozenset[str] = frozenset()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: BoardConfigEntry) -> BoardOptionsFlow:
        return BoardOptionsFlow()

    @override
    async def async_step_user(self, user_input: Entered = None) -> ConfigFlowResult:
        return await self.async_step_scan()

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take a service that Home Assistant heard; boards of one name are one service with several addresses."""
        self._abort_if_crowded()
        board = discovery_info.properties.get("board")
        addresses = [str(address) for address in discovery_info.ip_addresses if address.version == 4]
        if board not in LIBRARIES or not addresses:
            return self.async_abort(reason="not_a_board")
        name = fit_to_show(discovery_info.name.removesuffix(f".{discovery_info.type}"), limits.NAME)
        port = discovery_info.port or OTA_PORT
        # Once a board is set up, what is heard is offered address by address, and each of them brings a service here.
        if not self._async_current_entries(include_ignore=False):
            for address in addresses[1 : MAX_CARDS + 1]:
                async_offer(self.hass, address, port, name, board)
        return await self._discovered(addresses[0], port, name, board)

    @override
    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        self._abort_if_crowded()
        host, port, name, board = (discovery_info[key] for key in (CONF_HOST, CONF_PORT, CONF_NAME, CONF_BOARD))
        if board not in LIBRARIES:
            return self.async_abort(reason="not_a_board")
        return await self._discovered(host, port, name, board)

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        mac = format_mac(discovery_info.macaddress)
        self._abort_if_known(mac, discovery_info.ip)
        self._abort_if_at_home(discovery_info.ip)
        self._abort_if_crowded()
        await self.async_set_unique_id(mac, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        heard = await async_get_querier(self.hass).async_wait_for(discovery_info.ip, timeout=START_TIMEOUT)
        # Where multicast does not get through, a board responds all the same to a direct request.
        told = (heard.port, heard.name, heard.board) if heard else (OTA_PORT, None, None)
        return await self._discovered(discovery_info.ip, *told)

    async def _discovered(self, host: str, port: int, name: str | None, board: str | None) -> ConfigFlowResult:
        """Show a card for what was heard, unless it is set up or ignored."""
        self._abort_if_at_home(host)
        match reach := async_reach(self.hass, host, port):
            case Reach.ON_LINK:
                try:
                    async with stranger_slots(self.hass):
                        found = await async_look_at(self.hass, host, port)
                except BoardError:
                    return self.async_abort(reason="no_response")
            case Reach.ROUTED if board in LIBRARIES:
                # Nothing behind a router is contacted before a person has opened its card.
                peer = replace(await async_peer(self.hass, host), name=name)
                found = DiscoveredBoard(peer, port, LIBRARIES[board])
            case _:
                return self.async_abort(reason="not_a_board")
        # Either the board has a card at another address, or another board has one at this address.
        self._abort_cards(host, found.unique_id, operator.ne)
        await self._take(found, raise_on_progress=True)
        if reach is Reach.ROUTED and len(self._async_in_progress()) >= MAX_UNSEEN_CARDS:
            return self.async_abort(reason="no_response")
        self.context["title_placeholders"] = {"name": found.name, "host": host}
        return self._ask()

    def _abort_if_crowded(self) -> None:
        """End the flow if as many as anybody looks through were discovered in the same way: they may be made up."""
        others = self._async_in_progress(include_uninitialized=True)
        if sum(flow["context"]["source"] == self.source for flow in others) >= MAX_CARDS:
            raise AbortFlow("not_a_board")

    def _abort_if_at_home(self, host: str) -> None:
        """End the flow if a board is known to be there: nothing is sent to it, least of all in the middle of a flash."""
        if any(is_at_home(entry, host) for entry in self._async_current_entries(include_ignore=False)):
            raise AbortFlow("already_configured")

    def _abort_cards(self, host: str, unique_id: str, is_stale: Callable[[bool, bool], bool]) -> None:
        """End other flows that show a board, by whether it is shown at an address and has a unique id."""
        for flow in self._async_in_progress():
            shown = flow["context"].get("title_placeholders", {}).get("host")
            if shown is not None and is_stale(shown == host, flow["context"].get("unique_id") == unique_id):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        self._locked_by = entry_data.get(LOCKED_BY)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take the password of the running sketch, or that sketch, and check it with the board."""
        entry = self._get_reauth_entry()
        error: Failure = None
        if user_input is not None:
            try:
                if entry.data[CONF_HOST] != self._shown_host:
                    raise FormError("board_changed")
                await async_update_password(entry, user_input)
                return self.async_abort(reason="reauth_successful")
            except (BoardError, FormError) as err:
                error = err
        step = "reauth_locked" if self._locked_by else "reauth_confirm"
        self._shown_host = entry.data[CONF_HOST]
        shown = {"title": entry.title, "name": as_markdown(entry.title), "host": self._shown_host}
        return show_form(self, step, REAUTH_SCHEMA, None, error, **shown, version=as_markdown(self._locked_by or ""))

    # Whoever has just flashed a board is told another story than somebody whose board has changed behind his back.
    async_step_reauth_locked = async_step_reauth_confirm

    async def async_step_reconfigure(self, user_input: Entered = None) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        error: Failure = None
        if user_input is not None:
            try:
                done = await async_reconfigure(self.hass, entry, user_input, self._leased)
                return await self._reconfigured(entry, *done)
            except (BoardError, FormError) as err:
                error = err
        schema = RECONFIGURE_SCHEMA
        is_asked = isinstance(error, FormError) and error.field == CONF_MODEL
        if is_asked or len(models_with_library(entry.data.get(CONF_LIBRARY))) > 1:
            schema = schema.extend(model_schema(MODELS).schema)
        suggested = {CONF_HOST: self._proposed_address(entry), CONF_MODEL: entry.data.get(CONF_MODEL, MKR1000.id)}
        # The file is gone: the browser has to send it again.
        entered = {name: value for name, value in (user_input or {}).items() if name != CONF_SKETCH}
        if isinstance(error, FormError) and (host := error.placeholders.get(CONF_HOST)):
            entered[CONF_HOST] = host
        return show_form(self, "reconfigure", schema, suggested | entered, error, CONF_HOST, title=entry.title)

    @callback
    def _proposed_address(self, entry: BoardConfigEntry) -> str:
        """Return the address of a board, or the one that its network has given it since: a person decides."""
        host = entry.data[CONF_HOST]
        is_absent = entry.state is ConfigEntryState.LOADED and entry.runtime_data.coordinator.data is False
        leased = async_leased_hosts(self.hass).get(entry.data.get(CONF_MAC, ""), host)
        if is_absent and leased != host:
            self._leased |= {leased}
            host = leased
        return write_address(host, entry.data.get(CONF_PORT, OTA_PORT))

    async def _reconfigured(
        self, entry: BoardConfigEntry, found: DiscoveredBoard, data: dict[str, Any]
    ) -> ConfigFlowResult:
        unique_id = data.get(CONF_MAC) or found.fallback_id
        self._abort_cards(found.host, unique_id, operator.or_)
        await async_unignore(self.hass, unique_id)
        changes: dict[str, Any] = {"unique_id": unique_id, "data": data, "reason": "reconfigure_successful"}
        if data[CONF_MODEL] != entry.data.get(CONF_MODEL, MKR1000.id):
            return self.async_update_reload_and_abort(entry, **changes)
        result = self.async_update_and_abort(entry, **changes)
        if entry.state is ConfigEntryState.LOADED:
            async_get_tracker(self.hass).note_response(entry.runtime_data.coordinator)
        return result
