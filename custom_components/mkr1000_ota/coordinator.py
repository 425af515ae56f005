"""One board as Home Assistant knows it: where it is, what it runs, what is on offer, and what is being done to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
import time
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .arduino_ota.discovery.announcements import Sighting
from .arduino_ota.firmware.offers import Offers
from .arduino_ota.flash import timeouts
from .arduino_ota.flash.flasher import Flasher
from .arduino_ota.hardware import Model, Storage
from .arduino_ota.libraries import OTA_PORT, Library
from .arduino_ota.protocol.client import BoardClient
from .const import CONF_HEARD_NAME, CONF_LIBRARY, DOMAIN, LOGGER, UNKNOWN_VERSION
from .network.announced_name import AnnouncedName
from .network.identity import STORED, KnownBoard, Match, known_board, verifier
from .sources.board_sources import BoardSources
from .sources.sketches import model_of, storage_of
from .storage.images import KEPT_IMAGES, Images
from .storage.records import BoardRecord, PastFlash
from .storage.store import RecordStore


class Stage(StrEnum):
    """The stages of an install, in their order; also the states of the status sensor."""

    IDLE = "idle"
    # The board is offline, and the install may wait for it.
    WAITING = "waiting"
    # As many boards as allowed are being flashed already.
    QUEUED = "queued"
    DOWNLOADING = "downloading"
    CHECKING = "checking"
    UPLOADING = "uploading"
    RESTARTING = "restarting"
    CHECKING_HEALTH = "checking_health"


@dataclass(frozen=True, slots=True)
class InstallState:
    """How far an install is: its stage, and the bytes that the board has taken of `size` bytes."""

    stage: Stage = Stage.IDLE
    version: str | None = None
    taken: int = 0
    size: int = 0

    @property
    def is_cancelable(self) -> bool:
        """Whether the board has not seen anything of it yet."""
        return self.stage in (Stage.DOWNLOADING, Stage.WAITING, Stage.QUEUED)

    @property
    def has_the_board(self) -> bool:
        """Whether it has the board for itself; one of which the board has not seen anything has not."""
        return self.stage is not Stage.IDLE and not self.is_cancelable

    @property
    def percentage(self) -> float | None:
        """How much of the image the board has, in percent with one decimal; None where that is no question.

        A board that restarts has all of it: without a percentage, the frontend would say that it prepares the install.
        """
        if self.stage not in (Stage.UPLOADING, Stage.RESTARTING) or not self.size:
            return None
        return round(100 * self.taken / self.size, 1)


IDLE = InstallState()
NOTHING = Offers(builds=(), offered=None, held_back=(), needs_download=None, seen={}, renames=None, unattended=False)


class BoardCoordinator(DataUpdateCoordinator[bool | None]):
    """Knows a board; its data is whether the board is online, None as long as nobody knows.

    It is not polled: presence/ tells whether the board responds, install/ how far an install is.
    """

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: RecordStore, images: Images) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.store = store
        self.images = images
        self.sources = BoardSources(hass, entry, store.record, self.refresh_offers)
        self.offers = NOTHING
        self.data = None
        self.state = IDLE
        self.timeouts = timeouts.DEFAULT
        # Held by whoever asks the board something: it serves one connection at a time, and none while it is flashed.
        self.lock = asyncio.Lock()
        # Asks the board whether it is online, for those who want to know now.
        self.ask: Callable[[], Awaitable[object]] | None = None
        # Sends nothing to anybody but the board, and goes along when it gets another address, even in a flash.
        self.client = self.client_for(STORED)
        noted = entry.data.get(CONF_HEARD_NAME)
        self.announced = AnnouncedName(noted if noted == self.board_name else None)

    @property
    def record(self) -> BoardRecord:
        return self.store.record

    @property
    def host(self) -> str:
        return str(self.config_entry.data[CONF_HOST])

    @property
    def mac(self) -> str | None:
        return self.config_entry.data.get(CONF_MAC)

    @property
    def board_name(self) -> str | None:
        return self.config_entry.data.get(CONF_NAME)

    @property
    def library(self) -> Library:
        return Library(self.config_entry.data[CONF_LIBRARY])

    @property
    def known(self) -> KnownBoard:
        """What tells the board from others; while it is not known which sketch it runs, either may announce itself."""
        pending = self.record.pending
        return known_board(self.hass, self.config_entry, new_names=[pending.name] if pending else [])

    @property
    def port(self) -> int:
        return int(self.config_entry.data.get(CONF_PORT, OTA_PORT))

    def client_for(self, accepts: frozenset[Match]) -> BoardClient:
        verify = verifier(self.hass, self.config_entry, lambda: self.known, accepts=accepts)
        return self.client_at(self.host, verify)

    def client_at(self, host: str, verify: Callable[[str], Awaitable[None]] | None = None) -> BoardClient:
        """Return a client for an address; without a look at the peer it must not be given a password."""
        return BoardClient(async_get_clientsession(self.hass), host, self.port, verify)

    @property
    def flasher(self) -> Flasher:
        return Flasher(self.client, self.store, self.timeouts)

    @property
    def model(self) -> Model:
        return model_of(self.config_entry)

    @property
    def storage(self) -> Storage:
        return storage_of(self.config_entry)

    @property
    def installed_version(self) -> str:
        """The version that the board runs; never empty, because an update entity without one shows no control."""
        return self.record.version or UNKNOWN_VERSION

    @property
    def archived(self) -> tuple[PastFlash, ...]:
        """The sketches that the board ran before and can go back to, the last one first, each version once."""
        there: dict[str, PastFlash] = {}
        for flash in self.record.history:
            if flash.sha256 in self.images.sha256s:
                there.setdefault(flash.version, flash)
        return tuple(there.values())

    @property
    def rollback_target(self) -> PastFlash | None:
        """The last of them that is not what the board runs, and has not failed itself."""
        passed_over = {self.record.sha256, *self.record.failed}
        return next((flash for flash in self.archived if flash.sha256 not in passed_over), None)

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(build.label for build in self.offers.builds)

    @callback
    def refresh_offers(self) -> None:
        """Find out anew what is on offer: something has changed about the board, its sources, or other boards."""
        self.offers = self.sources.find_offers(self.record, self.archived)
        seen, memory = self.offers.seen, self.sources.memory(self.offers, self.record)
        if (seen, memory) != (self.record.seen, self.record.source_memory):
            self.config_entry.async_create_background_task(
                self.hass,
                self.store.note(lambda record: replace(record, seen=seen, source_memory=memory)),
                f"{DOMAIN} remember {self.name}",
            )
        if self.offers.needs_download is not None and self.sources.chosen.confirmed:
            # The newest candidate of a server: it can be offered once somebody has looked inside.
            self.sources.chosen.look_into(self.offers.needs_download)
        self.async_update_listeners()

    async def async_tidy_images(self) -> None:
        """Keep the last images that were flashed, and those that are being flashed or may be yet."""
        await self.images.keep(lambda: [*self.record.needed_images, *self.record.past_images[:KEPT_IMAGES]])

    @callback
    def set_state(self, state: InstallState) -> None:
        self.state = state
        self.async_update_listeners()

    @callback
    def set_online(self, online: bool) -> None:
        if online is self.data:
            return
        if not online:
            self.announced.forget()
            LOGGER.info("%s does not respond at %s", self.name, self.host)
        elif self.data is False:
            LOGGER.info("%s is back at %s", self.name, self.host)
        self.async_set_updated_data(online)

    @callback
    def update_entry(self, **changes: object) -> None:
        """Note in the entry what has changed about the board, without reloading it."""
        if changes.items() <= self.config_entry.data.items():
            return
        if CONF_HOST in changes:
            self.announced.forget()
        elif changes.get(CONF_HEARD_NAME, "") is None:
            self.announced = AnnouncedName(None)
        if changes.get(CONF_NAME, self.board_name) != self.board_name:
            self.announced.own = None
        self.hass.config_entries.async_update_entry(self.config_entry, data={**self.config_entry.data, **changes})
        self.async_update_listeners()

    @callback
    def note_sighting(self, sighting: Sighting) -> None:
        """Remember what is announced from the address of the board: it may prove later that somebody else is there."""
        known, noted = self.board_name, self.config_entry.data.get(CONF_HEARD_NAME)
        if self.announced.is_worth_noting(sighting, known, noted):
            self.update_entry(**{CONF_HEARD_NAME: sighting.name})
        self.announced.note(sighting, known, is_online=bool(self.data))
        # Where the MAC address says which board it is, there is time to see which name is made up.
        if (known, self.mac, self.record.pending) == (None, None, None) and self.known.may_announce(sighting.name):
            self._take_name(sighting)

    @callback
    def note_response(self) -> None:
        """Note that the board itself has responded; what it alone has announced for a while is its name by now."""
        self.set_online(True)
        if self.mac is not None and self.record.pending is None and (last := self.announced.settled) is not None:
            self._take_name(last)

    @callback
    def _take_name(self, sighting: Sighting) -> None:
        if self.announced.own not in (None, sighting.name):
            noting = self.async_note_other_sketch()
            self.config_entry.async_create_background_task(self.hass, noting, f"{DOMAIN} rename {self.name}")
        self.update_entry(**{CONF_NAME: sighting.name})

    async def async_note_other_sketch(self) -> None:
        """Note that the board runs a sketch that was flashed from somewhere else."""
        if self.record.version is not None:
            LOGGER.warning("%s runs another sketch: it was flashed with another tool", self.name)
            await self.store.note(BoardRecord.flashed_elsewhere)
            self.show_version()

    async def async_accept_password(self, password: str) -> None:
        await self.store.note(lambda record: record.accepted(password, time.time()))
        self.show_password()
        self.show_version()

    @callback
    def show_password(self) -> None:
        """Have the entry hold the password that the board accepted last, and ask nobody for it anymore."""
        self.update_entry(**{CONF_PASSWORD: self.record.keyring.current})
        for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def show_version(self) -> None:
        self.update_device(sw_version=self.record.version)
        self.refresh_offers()

    @callback
    def set_mac(self, mac: str) -> None:
        """Note the MAC address of a board that has just accepted its password."""
        self.hass.config_entries.async_update_entry(
            self.config_entry, data={**self.config_entry.data, CONF_MAC: mac}, unique_id=mac
        )
        self.update_device(new_connections={(dr.CONNECTION_NETWORK_MAC, mac)})

    @callback
    def update_device(self, **changes: Any) -> None:
        devices, entry_id = dr.async_get(self.hass), self.config_entry.entry_id
        if device := devices.async_get_device_by_identifier((DOMAIN, entry_id), entry_id):
            devices.async_update_device(device.id, **changes)

    @override
    async def _async_update_data(self) -> bool | None:
        if self.ask is not None:
            await self.ask()
        return self.data
