"""The sources of one board: the one chosen in its options, its upload, and what it ran before. What is on offer of all that?"""

from collections.abc import Iterable
from functools import partial
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..arduino_ota.firmware.belonging import BoardFacts
from ..arduino_ota.firmware.offers import Build, Offers, Place, find_offers
from ..arduino_ota.firmware.release import FirmwareSource, Release
from ..const import DOMAIN
from ..storage.records import BoardRecord, PastFlash
from .catalogs import SketchCatalog, async_get_catalogs
from .chosen import source_of, uploads_of

# What is remembered of an offer while its source cannot be asked: nothing that fetches it, no password.
_REMEMBERED: Final = ("version", "file", "title", "url", "size", "sha256", "name", "model", "series")


class BoardSources:
    """Follows the catalogs of one board."""

    chosen: SketchCatalog
    uploads: SketchCatalog

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._on_change: CALLBACK_TYPE = lambda: None
        self._leave_chosen: CALLBACK_TYPE = lambda: None
        self._leave_uploads: CALLBACK_TYPE = lambda: None

    async def async_open(self, on_change: CALLBACK_TYPE) -> None:
        """Begin to follow them; `on_change` is called when any of them has changed."""
        self._on_change = on_change
        self.uploads, self._leave_uploads = self._use(uploads_of(self._hass, self._entry.entry_id))
        self.chosen, self._leave_chosen = self._use(await source_of(self._hass, self._entry))

    async def async_switch(self) -> None:
        """Follow the source that is chosen now; a catalog that stays in use is not looked up anew."""
        leave = self._leave_chosen
        self.chosen, self._leave_chosen = self._use(await source_of(self._hass, self._entry))
        leave()
        self._on_change()

    @callback
    def async_close(self) -> None:
        """Follow them no longer."""
        self._leave_chosen()
        self._leave_uploads()

    def find_offers(self, facts: BoardFacts, record: BoardRecord, archived: Iterable[PastFlash]) -> Offers:
        """Return what is on offer; as long as the source has not been asked, what it offered last."""
        releases = self.chosen.data.releases
        if not self.chosen.confirmed and record.offer is not None:
            releases = (Release(identifier="", **record.offer),)
        return find_offers(
            facts,
            releases,
            uploads=self.uploads.data.releases,
            archived=[
                Release(version=flash.version, identifier=flash.sha256, sha256=flash.sha256, model=facts.model)
                for flash in archived
            ],
            seen=record.seen,
            now=max(self.chosen.refreshed, self.uploads.refreshed) or time.time(),
            zone=dt_util.get_default_time_zone(),
        )

    @callback
    def look_into(self, release: Release) -> None:
        """Download the newest candidate of a server in the background, so that it can be offered."""
        catalog = self.chosen
        if catalog.begin_looking(release):
            self._entry.async_create_background_task(
                self._hass, catalog.async_look_into(release), f"{DOMAIN} look into {release.label}"
            )

    def catalog_of(self, build: Build) -> SketchCatalog:
        """Return the catalog that a build is from."""
        return self.uploads if build.place is Place.UPLOAD else self.chosen

    def _use(self, source: FirmwareSource) -> tuple[SketchCatalog, CALLBACK_TYPE]:
        catalog, release = async_get_catalogs(self._hass).async_use(source, self._entry)
        unsubscribe = catalog.async_add_listener(self._on_change)
        return catalog, partial(_both, unsubscribe, release)


def remembered(offers: Offers) -> dict[str, Any] | None:
    """Return what is to be kept of an offer."""
    if offers.offered is None or offers.offered.place is not Place.SOURCE:
        return None
    release = offers.offered.release
    return {name: value for name in _REMEMBERED if (value := getattr(release, name)) is not None}


def _both(first: CALLBACK_TYPE, second: CALLBACK_TYPE) -> None:
    first()
    second()
