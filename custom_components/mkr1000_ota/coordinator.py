"""One board as Home Assistant knows it."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
import time
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .activity import IDLE, Activity, Stage
from .archive import KEPT_IMAGES, Archive
from .arduino_ota.errors import BoardError
from .arduino_ota.firmware.release import Release
from .arduino_ota.flash.flasher import Flasher
from .arduino_ota.libraries import OTA_PORT, Library
from .arduino_ota.protocol.client import BoardClient
from .arduino_ota.sketch.sketch import INTERNAL_STORAGE, LARGE_STORAGE
from .catalogs import SketchCatalog
from .const import CONF_LIBRARY, CONF_STORAGE, DOMAIN, LOGGER, UNKNOWN_VERSION
from .recognition import Recognition
from .store import BoardRecord, PastFlash

if TYPE_CHECKING:
    from .shared import Shared


@dataclass(frozen=True, slots=True)
class BoardState:
    """Whether a board answers; None as long as nobody has asked."""

    reachable: bool | None = None


class BoardCoordinator(DataUpdateCoordinator[BoardState]):
    """Knows where a board is, what it runs, what is offered for it, and what is being done to it.

    It is not polled: `presence` tells it whether the board answers, an installation tells it how far it is.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        shared: Shared,
        catalog: SketchCatalog,
    ) -> None:
        """Follow the board of a configuration entry."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.shared = shared
        self.catalog = catalog
        self.archive = Archive(hass, entry.entry_id)
        self.record: BoardRecord = shared.store.record(entry.entry_id)
        self.data = BoardState()
        self.activity: Activity = IDLE
        # Held by whoever asks the board something: it serves one connection at a time, and none while it is flashed.
        self.turn = asyncio.Lock()
        # When the board last said which password it takes, by the monotonic clock in seconds.
        self.password_checked = float("-inf")
        # A sketch from here runs, and has not been heard to say its name yet.
        self.awaits_name = False

    @property
    def host(self) -> str:
        """The address at which the board was seen last."""
        return str(self.config_entry.data[CONF_HOST])

    @property
    def mac(self) -> str | None:
        """The hardware address; None where it cannot be learned."""
        return self.config_entry.data.get(CONF_MAC)

    @property
    def board_name(self) -> str:
        """The name that the running sketch gives itself, not always unique."""
        return str(self.config_entry.data[CONF_NAME])

    @property
    def library(self) -> Library:
        """The library that the running sketch was built with."""
        return Library(self.config_entry.data[CONF_LIBRARY])

    @property
    def client(self) -> BoardClient:
        """A client for the address that the board has now, which talks to nobody but the board."""
        return self.client_with(Recognition(self))

    def client_with(self, recognition: Recognition) -> BoardClient:
        """Return such a client with its look at the peer."""
        return BoardClient(async_get_clientsession(self.hass), self.host, self._port, recognition)

    def client_at(self, host: str) -> BoardClient:
        """Return a client for an address at which the board may be; it must not be given a password."""
        return BoardClient(async_get_clientsession(self.hass), host, self._port)

    @property
    def _port(self) -> int:
        port: int = self.config_entry.data.get(CONF_PORT, OTA_PORT)
        return port

    @property
    def flasher(self) -> Flasher:
        """What flashes this board at the address that it has now."""
        return Flasher(self.client, self.record, self.shared.timing)

    @cached_property
    def storage_size(self) -> int:
        """How large a sketch may be, in bytes."""
        return INTERNAL_STORAGE if self.config_entry.options[CONF_STORAGE] == "internal" else LARGE_STORAGE

    @property
    def is_being_flashed(self) -> bool:
        """Whether an install has the board for itself; one that waits for the board to return has not."""
        return self.activity.stage not in (Stage.IDLE, Stage.WAITING)

    @property
    def installed_version(self) -> str:
        """The version that the board runs; never empty, because an update entity without one shows no control."""
        return self.record.installed_version or UNKNOWN_VERSION

    @property
    def releases(self) -> tuple[Release, ...]:
        """What the board can take of what its source offers, newest first."""
        return tuple(
            release
            for release in self.catalog.data.releases
            if release.size is None or release.size <= self.storage_size
        )

    @property
    def archived(self) -> tuple[PastFlash, ...]:
        """The sketches that the board ran before and can go back to, the last one first, each version once."""
        there: dict[str, PastFlash] = {}
        for flash in self.record.history:
            if flash.sha256 in self.archive.sha256s:
                there.setdefault(flash.version, flash)
        return tuple(there.values())

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that can be installed: what the source offers, newest first, then what is archived."""
        return tuple(dict.fromkeys([*(one.version for one in self.releases), *(one.version for one in self.archived)]))

    @property
    def offered_version(self) -> str | None:
        """The version that the user has chosen while it can be had, else the newest that has not failed here."""
        if self.record.pinned_version in self.versions:
            return self.record.pinned_version
        trusted = (one.version for one in self.releases if one.version not in self.record.failed_versions)
        return next(trusted, None)

    async def tidy_archive(self) -> None:
        """Keep the last images that were flashed, the one that may be being flashed, and the one that waits."""
        kept = [flash.sha256 for flash in self.record.history]
        if self.record.pending is not None:
            kept.insert(0, self.record.pending.sha256)
        last = list(dict.fromkeys(kept))[:KEPT_IMAGES]
        await self.archive.keep([*last, self.record.awaited.sha256] if self.record.awaited else last)

    @callback
    def set_activity(self, activity: Activity) -> None:
        """Show what is being done to the board."""
        self.activity = activity
        self.async_update_listeners()

    @callback
    def set_reachable(self, reachable: bool) -> None:
        """Note whether the board answers, and log the changes."""
        if reachable is self.data.reachable:
            return
        if not reachable:
            LOGGER.info("%s does not answer at %s", self.name, self.host)
        elif self.data.reachable is False:
            LOGGER.info("%s answers again at %s", self.name, self.host)
        self.async_set_updated_data(BoardState(reachable))

    @callback
    def follow(self, **changes: object) -> None:
        """Note in the entry what has changed about the board, without reloading it."""
        if changes.items() <= self.config_entry.data.items():
            return
        self.hass.config_entries.async_update_entry(self.config_entry, data={**self.config_entry.data, **changes})
        self.async_update_listeners()

    async def unlock(self, entered: str) -> None:
        """Take over the password of the entry, unless the record knows a later one.

        The record is on the disk at once, the entry a moment later: after a crash in between the record is right.
        """
        if self.record.keyring.current is None:
            await self.record.accept(entered)
        self.follow(**{CONF_PASSWORD: self.record.keyring.current})

    async def accept_password(self, password: str) -> None:
        """Store the password that the board accepts: on disk at once, and in the entry."""
        self.password_checked = time.monotonic()
        if self.record.keyring.current != password:
            await self.record.accept(password)
        self.follow(**{CONF_PASSWORD: password})
        # Nobody needs to be asked for it any more.
        for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def show_version(self) -> None:
        """Show on the device page what the board runs now."""
        devices = dr.async_get(self.hass)
        entry_id = self.config_entry.entry_id
        if device := devices.async_get_device_by_identifier((DOMAIN, entry_id), entry_id):
            devices.async_update_device(device.id, sw_version=self.record.installed_version)
        self.async_update_listeners()

    @override
    async def _async_update_data(self) -> BoardState:
        """Ask the board itself, for those who ask for an update of its entities."""
        if self.is_being_flashed or self.turn.locked():
            return self.data
        async with self.turn:
            try:
                await self.client.identify()
            except BoardError:
                return BoardState(reachable=False)
        return BoardState(reachable=True)
