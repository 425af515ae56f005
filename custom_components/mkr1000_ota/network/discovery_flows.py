"""Offer the boards that were heard and are not set up yet: one discovery flow for each address."""

import asyncio
from datetime import datetime
from typing import Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.discovery_flow import DiscoveryKey, async_create_flow
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.start import async_at_started

from ..arduino_ota import limits
from ..arduino_ota.discovery.announcements import Sighting
from ..const import CONF_BOARD, DOMAIN
from .adapters import Reach, async_reach
from .mdns import async_get_querier

# The boards answer a question within a second; what they say is looked at together, so that a thousand boards that
# have entries cost one look at the entries and not a thousand.
SETTLE: Final = 0.5

# A flow ends without a card if the board was busy then, is ignored, or has an entry under another address. Hearing the
# address again is worth another look, but not every minute. In seconds.
OFFER_AGAIN_AFTER: Final = 3600.0

# Nobody looks through more cards than this. It bounds what made-up announcements can start; "Add integration" lists
# every board that answers.
MAX_CARDS: Final = 64
# What is announced behind a router is shown unseen: it gets a card only while there are so few.
MAX_UNSEEN_CARDS: Final = 16


class DiscoveryFlows:
    """Starts a discovery flow for each board that was heard at an address without an entry, once any board is set up.

    Home Assistant's own zeroconf discovery starts one too, but only at the moment at which an address is new in the
    cache (seen with 2026.10.4 and 2026.11.0), and only if it knew this integration when it started. An address that
    it has cached brings none: not when a board comes back to it, not after a flow that ended without an entry.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._fresh: dict[str, Sighting] = {}
        self._offered: dict[str, float] = {}
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        # All entries are known when it has started; that may be now.
        async_at_started(hass, self._begin)

    @callback
    def _begin(self, hass: HomeAssistant) -> None:
        querier = async_get_querier(hass)
        querier.async_listen(self._sighted)
        for sighting in querier.sightings:
            self._sighted(sighting)

    @callback
    def _sighted(self, sighting: Sighting) -> None:
        offered = self._offered.get(sighting.address)
        if offered is not None and sighting.seen - offered < OFFER_AGAIN_AFTER:
            return
        if not self._fresh:
            async_call_later(self._hass, SETTLE, HassJob(self._offer, cancel_on_shutdown=True))
        if len(self._fresh) < limits.SIGHTINGS:
            self._fresh[sighting.address] = sighting

    @callback
    def _offer(self, _now: datetime) -> None:
        fresh, self._fresh = self._fresh, {}
        entries = self._hass.config_entries
        if not entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
            return
        configured = {entry.data.get(CONF_HOST) for entry in entries.async_entries(DOMAIN)}
        cards = entries.flow.async_progress_by_handler(
            DOMAIN, include_uninitialized=True, match_context={"source": SOURCE_INTEGRATION_DISCOVERY}
        )
        unknown = [
            sighting
            for address, sighting in fresh.items()
            if address not in configured and not self._is_being_discovered(address)
        ]
        unknown.sort(key=lambda one: async_reach(self._hass, one.address, one.port) is Reach.ROUTED)
        for sighting in unknown[: max(0, MAX_CARDS - len(cards))]:
            self._offered.pop(sighting.address, None)
            if len(self._offered) >= limits.SIGHTINGS:
                del self._offered[next(iter(self._offered))]
            self._offered[sighting.address] = sighting.seen
            async_offer(self._hass, sighting.address, sighting.port, sighting.name, sighting.board)

    def _is_being_discovered(self, address: str) -> bool:
        """Tell whether Home Assistant's zeroconf or dhcp discovery has a flow under way for the address."""
        flow = self._hass.config_entries.flow
        found = [
            *flow.async_progress_by_init_data_type(
                ZeroconfServiceInfo, lambda info: info.host == address, include_uninitialized=True
            ),
            *flow.async_progress_by_init_data_type(
                DhcpServiceInfo, lambda info: info.ip == address, include_uninitialized=True
            ),
        ]
        return any(progress["handler"] == DOMAIN for progress in found)

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Look anew at an address that got or lost an entry, once it is free."""
        if entry.domain == DOMAIN:
            # One that is ignored has nothing but what it was discovered by.
            for address in (
                entry.data.get(CONF_HOST, ""),
                *(each.key for each in entry.discovery_keys.get(DOMAIN, ())),
            ):
                self._offered.pop(str(address), None)


# Addresses that somebody has announced and that flows ask at the same time.
_STRANGER_SLOTS: Final = 8


@singleton(f"{DOMAIN}_stranger_slots")
def stranger_slots(_hass: HomeAssistant) -> asyncio.Semaphore:
    """Return what limits how many announced addresses are contacted at once, whoever made them up."""
    return asyncio.Semaphore(_STRANGER_SLOTS)


async def async_unignore(hass: HomeAssistant, unique_id: str) -> None:
    """Have a board that is set up, and that has got a unique id, not be ignored under it, nor be offered as a new one."""
    offered = hass.config_entries.flow.async_progress_by_handler(
        DOMAIN, include_uninitialized=True, match_context={"unique_id": unique_id}
    )
    for flow in offered:
        if "entry_id" not in flow["context"]:
            hass.config_entries.flow.async_abort(flow["flow_id"])
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
    if entry is not None and entry.source == SOURCE_IGNORE:
        await hass.config_entries.async_remove(entry.entry_id)


@callback
def async_offer(hass: HomeAssistant, host: str, port: int, name: str, board: str) -> None:
    """Start the flow that may show a card for what was announced at an address."""
    async_create_flow(
        hass,
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={CONF_HOST: host, CONF_PORT: port, CONF_NAME: name, CONF_BOARD: board},
        discovery_key=DiscoveryKey(domain=DOMAIN, key=host, version=1),
    )
