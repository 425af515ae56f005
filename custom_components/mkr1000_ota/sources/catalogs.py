"""What every source offers, looked up once however many boards take it."""

import asyncio
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import override
from weakref import WeakValueDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.reasons import PASSING, Reason
from ..arduino_ota.firmware.release import Catalog, FirmwareSource, Release, SourceError
from ..arduino_ota.sketch.sketch import Sketch
from ..const import DOMAIN, LOGGER
from ..errors import source_problem
from ..issues import async_report_findings, source_id
from .failing import Failing
from .remembered import Remembered
from .sketches import Sketches

# A folder is looked at so often because somebody who drops a file there is watching.
LOOK_AT_FOLDERS_EVERY = timedelta(seconds=3)
ASK_SERVERS_EVERY = timedelta(hours=1)
# In seconds: after a power cut Home Assistant is often there before the network is.
ASK_AGAIN_AFTER = 300.0
# A clock that is not set yet makes certificates look bad.
_OVER_SOON = PASSING | {Reason.BAD_CERTIFICATE}


class SketchCatalog(DataUpdateCoordinator[Catalog]):
    """The catalog of one source, shared by all boards that take their sketches from there.

    When the source fails, the last good catalog stays. After a restart, what is remembered of it is shown until the
    first look that succeeds; nothing is installed before.
    """

    first_look: asyncio.Task[None]
    # The source itself has said what it offers.
    confirmed = False

    def __init__(self, hass: HomeAssistant, source: FirmwareSource, sketches: Sketches) -> None:
        """Follow a source."""
        self.source = source
        self.users: list[ConfigEntry] = []
        self.failing = Failing(hass, source)
        self._inspected = sketches
        self._sketches: WeakValueDictionary[Hashable, Sketch] = WeakValueDictionary()
        self._loading: dict[Hashable, asyncio.Task[Sketch]] = {}
        super().__init__(
            hass,
            LOGGER,
            config_entry=None,
            name=f"sketches of the {type(source).__name__}",
            update_interval=None if isinstance(source, FolderSource) else ASK_SERVERS_EVERY,
        )
        self.data = Catalog()

    async def async_begin(self) -> None:
        """Look for the first time, and see to it that nothing is looked at while Home Assistant stops."""
        await self.async_register_shutdown()
        await self.async_refresh()

    async def async_confirm(self) -> bool:
        """See to it that the source has said itself what it offers, and return whether it has."""
        if self.first_look.done() and not self.confirmed:
            # Who asks meanwhile waits for the same look: a refresh of their own each would begin when the last one ends.
            self.first_look = self.hass.async_create_background_task(
                self.async_refresh(), f"{DOMAIN} another first look at {self.name}"
            )
        await asyncio.wait((self.first_look,))
        return self.confirmed

    @callback
    def remember(self, remembered: Remembered) -> None:
        """Take over what is known from before a restart, unless the source itself is known already."""
        if self.confirmed or remembered.source != source_id(self.source):
            return
        self.failing.remember(remembered.failing_since)
        self.failing.tell(self.users)
        offered = remembered.offered
        if offered is not None and self.data.find(offered.version) is None:
            self.data = Catalog.of((*self.data.releases, offered))
            self.async_update_listeners()

    async def sketch(self, release: Release, storage_size: int) -> Sketch:
        """Return the image of a release, inspected; it is in memory once, however many boards ask for it.

        Raises SourceError when it cannot be had and SketchRefused when it must not be flashed.
        """
        wanted = (release, storage_size)
        if (sketch := self._sketches.get(wanted)) is not None:
            return sketch
        if (loading := self._loading.get(wanted)) is None:
            loading = self._loading[wanted] = self.hass.async_create_task(
                self._load(release, storage_size), f"{DOMAIN} load {release.version}"
            )
            loading.add_done_callback(lambda _: self._loading.pop(wanted))
        # One board that gives up must not take the image away from the others.
        sketch = await asyncio.shield(loading)
        self._sketches[wanted] = sketch
        return sketch

    @callback
    def add_user(self, entry: ConfigEntry) -> None:
        """Note that a board takes its sketches from here."""
        self.users.append(entry)
        self.failing.tell(self.users)

    @callback
    def remove_user(self, entry: ConfigEntry) -> None:
        """Note that it does not any more, and take back what was reported of a source that nobody uses."""
        self.users.remove(entry)
        self.failing.tell(self.users)
        if not self.users:
            async_report_findings(self.hass, self.source, ())

    async def _load(self, release: Release, storage_size: int) -> Sketch:
        if not release.identifier:
            # It is only remembered: nothing says any more what fetches it.
            raise SourceError(Reason.FILE_GONE, file=release.label)
        image = await self.source.image(release)
        return await self._inspected.inspect(image, storage_size)

    @override
    async def _async_update_data(self) -> Catalog:
        try:
            catalog = await self.source.catalog()
        except SourceError as err:
            self.failing.note(err)
            self.failing.tell(self.users)
            known = source_problem(err)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=known.translation_key,
                translation_placeholders=known.translation_placeholders,
                retry_after=ASK_AGAIN_AFTER if err.reason in _OVER_SOON and not self.confirmed else None,
            ) from err
        self.confirmed = True
        self.failing.over()
        if self.users:
            async_report_findings(self.hass, self.source, catalog.findings)
        return catalog


class Catalogs:
    """All catalogs in use, one for each distinct source."""

    def __init__(self, hass: HomeAssistant, sketches: Sketches) -> None:
        """Start without any."""
        self._hass = hass
        self._sketches = sketches
        self._catalogs: dict[Hashable, SketchCatalog] = {}
        self._stop_looking: CALLBACK_TYPE | None = None
        self._looking = False

    @callback
    def use(self, source: FirmwareSource, entry: ConfigEntry) -> tuple[SketchCatalog, Callable[[], None]]:
        """Return the catalog of a source for a board, and what to call when it is not needed any more."""
        if (catalog := self._catalogs.get(source.key)) is not None:
            catalog.add_user(entry)
        else:
            catalog = self._catalogs[source.key] = SketchCatalog(self._hass, source, self._sketches)
            catalog.add_user(entry)
            catalog.first_look = self._hass.async_create_background_task(
                catalog.async_begin(), f"{DOMAIN} first look at {catalog.name}"
            )
        if isinstance(source, FolderSource) and self._stop_looking is None:
            self._stop_looking = async_track_time_interval(
                self._hass, self._look_at_folders, LOOK_AT_FOLDERS_EVERY, cancel_on_shutdown=True
            )

        @callback
        def release() -> None:
            catalog.remove_user(entry)
            if not catalog.users:
                del self._catalogs[source.key]
                self._hass.async_create_task(catalog.async_shutdown())
            if self._stop_looking and not self._folders():
                self._stop_looking()
                self._stop_looking = None

        return catalog, release

    def _folders(self) -> list[tuple[SketchCatalog, FolderSource]]:
        return [
            (catalog, catalog.source) for catalog in self._catalogs.values() if isinstance(catalog.source, FolderSource)
        ]

    async def _look_at_folders(self, _now: object) -> None:
        if self._looking:
            # A network drive that hangs must not take one thread after the other.
            return
        self._looking = True
        try:
            await self._look_once(self._folders())
        finally:
            self._looking = False

    async def _look_once(self, folders: list[tuple[SketchCatalog, FolderSource]]) -> None:
        changed = await self._hass.async_add_executor_job(lambda: [folder.changed() for _, folder in folders])
        for (catalog, _), is_changed in zip(folders, changed, strict=True):
            if is_changed and catalog.users:
                await catalog.async_refresh()
