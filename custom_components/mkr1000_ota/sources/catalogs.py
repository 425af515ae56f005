"""What every source offers, looked up once however many boards use it."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import time
from typing import Final, override
from weakref import WeakValueDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..arduino_ota.errors import SketchRefused
from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.manifest import ManifestSource
from ..arduino_ota.firmware.reasons import PASSING, Reason
from ..arduino_ota.firmware.release import Catalog, Finding, FirmwareSource, Release, SourceError
from ..arduino_ota.hardware import Model, Storage
from ..arduino_ota.sketch import Sketch
from ..const import DOMAIN, LOGGER
from ..errors import source_error
from .downloads import async_get_downloads
from .sketches import async_inspect
from .source_issues import SourceIssues

# A folder is looked at so often because somebody who drops a file there is watching.
FOLDER_INTERVAL: Final = timedelta(seconds=2)
SERVER_INTERVAL: Final = timedelta(hours=1)
# In seconds: after a power cut Home Assistant is often there before the network is.
RETRY_INTERVAL: Final = 300.0
# A network drive that hangs holds up whoever touches it for ever: nobody waits longer for a source, in seconds.
SOURCE_TIMEOUT: Final = 90.0
# A clock that is not set yet makes certificates look bad.
_OVER_SOON: Final = PASSING | {Reason.BAD_CERTIFICATE}


class SketchCatalog(DataUpdateCoordinator[Catalog]):
    """The catalog of one source, shared by all boards that use it. When the source fails, the last good one stays."""

    first_refresh: asyncio.Task[None]
    # The source itself has said what it offers.
    confirmed = False

    def __init__(self, hass: HomeAssistant, source: FirmwareSource) -> None:
        self.source = source
        self.users: list[ConfigEntry] = []
        self.issues = SourceIssues(hass, source)
        self._sketches: WeakValueDictionary[Hashable, Sketch] = WeakValueDictionary()
        self._loading: dict[Hashable, asyncio.Task[Sketch]] = {}
        # When the source said last what it offers, in seconds since the epoch.
        self.refreshed = 0.0
        # What was seen inside of releases whose source only names them, and those that somebody has looked for.
        self._named = Catalog()
        self._inspected: dict[Hashable, Release | Finding] = {}
        self._looked_for: set[Hashable] = set()
        is_folder = isinstance(source, FolderSource)
        self._interval = FOLDER_INTERVAL if is_folder else SERVER_INTERVAL
        super().__init__(
            hass,
            LOGGER,
            config_entry=None,
            name=f"updates from {source.server or ('a folder' if is_folder else 'an upload')}",
            # A folder is looked at every few seconds, mostly to find it as it was.
            always_update=False,
        )
        self.data = Catalog()

    async def async_confirm(self) -> bool:
        """See to it that the source has said itself what it offers, and return whether it has."""
        if self.first_refresh.done() and not self.confirmed:
            # Who asks meanwhile waits for the same refresh: another one each would begin when the last one ends.
            self.first_refresh = self.hass.async_create_background_task(
                self.async_refresh(), f"{DOMAIN} another first refresh of {self.name}"
            )
        await asyncio.wait((self.first_refresh,))
        return self.confirmed

    async def sketch(self, release: Release, model: Model | None, storage: Storage | None) -> Sketch:
        """Return the image of a release, inspected; it is in memory once, however many boards ask for it.

        Raises SourceError when it cannot be had and SketchRefused when it must not be flashed.
        """
        wanted = (release, model, storage)
        if (sketch := self._sketches.get(wanted)) is not None:
            return sketch
        if (loading := self._loading.get(wanted)) is None:
            # Neither the start nor the stop of Home Assistant waits for it.
            loading = self._loading[wanted] = self.hass.async_create_background_task(
                self._load(release, model, storage), f"{DOMAIN} load {release.version}"
            )
            loading.add_done_callback(lambda _: self._loading.pop(wanted))
            # Nobody may be left to hear why it has failed.
            loading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        # One board that gives up must not take the image away from the others.
        await asyncio.wait((loading,))
        sketch = self._sketches[wanted] = loading.result()
        return sketch

    @callback
    def look_into(self, *releases: Release) -> None:
        """Look in the background into those that nobody has looked into since the source was asked last."""
        unseen = {_key(release): release for release in releases if _key(release) not in self._looked_for}
        self._looked_for.update(unseen)
        if unseen:
            self.hass.async_create_background_task(
                self._look_into_all(unseen.values()), f"{DOMAIN} look into {self.name}"
            )

    async def _look_into_all(self, releases: Iterable[Release]) -> None:
        for release in releases:
            await self.async_look_into(release)

    async def async_look_into(self, release: Release) -> None:
        """Download a release that a server names, and complete it with what its image says."""
        try:
            sketch = await self.sketch(release, None, None)
            self._inspected[_key(release)] = release.with_facts(sketch)
        except SketchRefused as err:
            self._inspected[_key(release)] = Finding.from_error(release.label, err)
        except SourceError as err:
            if err.reason in PASSING:
                return
            # What was good once is so until there is another: a server is often changed file by file.
            if not isinstance(self._inspected.get(_key(release)), Release):
                self._inspected[_key(release)] = Finding.from_error(release.label, err)
        self.data = self._completed(self._named)
        self._report(self.data)
        self.async_update_listeners()

    def _may_be_another(self, release: Release) -> bool:
        """Return whether what was found in an image may be over: it was wrong, or nothing but its content tells."""
        known = self._inspected.get(_key(release))
        is_wrong = isinstance(known, Finding) and known.code in set(Reason)
        return is_wrong or (known is not None and not release.sha256 and isinstance(self.source, ManifestSource))

    def _completed(self, catalog: Catalog) -> Catalog:
        """Return a catalog with what is known of the images of its releases."""
        looked_into = Catalog.of(self._inspected.get(_key(release), release) for release in catalog.releases)
        # The last of these may say how many more there are.
        return replace(looked_into, findings=(*looked_into.findings, *catalog.findings))

    @callback
    def add_user(self, entry: ConfigEntry) -> None:
        """Note that a board uses the source; the first one begins to look at it."""
        self.users.append(entry)
        self._users_changed()
        if len(self.users) == 1:
            self.first_refresh = self.hass.async_create_background_task(
                self._begin(), f"{DOMAIN} first refresh of {self.name}"
            )

    @callback
    def remove_user(self, entry: ConfigEntry) -> None:
        """Note that it does not anymore; after the last one nothing is looked at, and nothing told."""
        self.users.remove(entry)
        self._users_changed()
        if not self.users:
            self.hass.async_create_task(self.async_shutdown())

    def _users_changed(self) -> None:
        self.issues.report(self.data.findings, self.users)
        # A board whose polling is disabled is no reason to look.
        is_polled = any(not entry.pref_disable_polling for entry in self.users)
        interval = self._interval if is_polled else None
        if interval != self.update_interval:
            # Otherwise its next look stays where it is: after a failed one it is due sooner.
            self.update_interval = interval
            self._schedule_refresh()

    async def _begin(self) -> None:
        # Nothing is looked at while Home Assistant stops.
        await self.async_register_shutdown()
        await self.async_refresh()

    async def _load(self, release: Release, model: Model | None, storage: Storage | None) -> Sketch:
        async with self._in_time():
            if self.source.server is None:
                image = await self.source.image(release)
            else:
                image = await (await async_get_downloads(self.hass)).image(self.source, release)
        return await async_inspect(self.hass, image, model, storage)

    @override
    async def _async_update_data(self) -> Catalog:
        try:
            async with self._in_time():
                catalog = await self.source.catalog()
        except SourceError as err:
            self.issues.note(err)
            self._report(self.data)
            known, is_over_soon = source_error(err), self.source.server is not None and err.reason in _OVER_SOON
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=known.translation_key,
                translation_placeholders=known.translation_placeholders,
                retry_after=RETRY_INTERVAL if is_over_soon and not self.confirmed else None,
            ) from err
        # What was remembered until now may be gone, even if there is nothing new to tell.
        self.always_update, self.confirmed = not self.confirmed, True
        self.refreshed = time.time()
        self._looked_for.clear()
        self._named = catalog
        self._inspected = {key: self._inspected[key] for key in map(_key, catalog.releases) if key in self._inspected}
        self.look_into(*filter(self._may_be_another, catalog.releases))
        catalog = self._completed(catalog)
        self.issues.note(None)
        self._report(catalog)
        return catalog

    def _report(self, catalog: Catalog) -> None:
        # If nobody uses it anymore, another one may tell of the same source by now.
        if self.users:
            self.issues.report(catalog.findings, self.users)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(SOURCE_TIMEOUT):
                yield
        except TimeoutError:
            where = self.source.server or "The folder"
            raise SourceError(Reason.TIMED_OUT, host=where) from None


@singleton(f"{DOMAIN}_catalogs")
def _catalogs(_hass: HomeAssistant) -> dict[Hashable, SketchCatalog]:
    """Return all catalogs in use, one for each distinct source."""
    return {}


@callback
def async_use_catalog(
    hass: HomeAssistant, source: FirmwareSource, entry: ConfigEntry, on_change: CALLBACK_TYPE
) -> tuple[SketchCatalog, CALLBACK_TYPE]:
    """Return the catalog of a source for a board, and what to call when it is not needed anymore."""
    catalogs = _catalogs(hass)
    catalog = catalogs.setdefault(source.key, SketchCatalog(hass, source))
    catalog.add_user(entry)
    unsubscribe = catalog.async_add_listener(on_change)

    @callback
    def leave() -> None:
        unsubscribe()
        catalog.remove_user(entry)
        if not catalog.users:
            del catalogs[source.key]

    return catalog, leave


def _key(release: Release) -> Hashable:
    # What is published again under the same address, such as a release called latest, is looked into again.
    return release.identifier, release.version, release.sha256, release.size, release.published
