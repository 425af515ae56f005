"""The sources of one board: the one chosen in its options, its upload, and what it ran before. What is on offer of all that?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.util import dt as dt_util

from ..arduino_ota.firmware.belonging import BoardFacts
from ..arduino_ota.firmware.offers import Build, Offers, Place, Seen, find_offers
from ..arduino_ota.firmware.release import FirmwareSource, Release
from ..arduino_ota.flash.stored import UNKNOWN
from ..arduino_ota.hardware import LARGEST_SKETCH
from ..arduino_ota.sketch import Caution, Finding
from ..const import CONF_PUBLIC_KEY
from ..network.identity import name_of, names_of_others
from ..storage.memory import RememberedRelease, SourceMemory
from ..storage.records import BoardRecord, PastFlash
from .catalogs import SketchCatalog, async_use_catalog
from .chosen import source_of, uploads_of
from .sketches import model_of, storage_of
from .source_issues import source_id

# What is remembered of an offer as it is.
_REMEMBERED: Final = {each.name for each in fields(RememberedRelease)} - {UNKNOWN, "warnings"}


class BoardSources:
    """Follows the catalogs of one board until it is unloaded; `on_change` is called when any of them has changed."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, record: BoardRecord, on_change: CALLBACK_TYPE) -> None:
        self._hass = hass
        self._entry = entry
        self._on_change = on_change
        source = source_of(hass, entry)
        self.uploads, leave_uploads = self._use(uploads_of(hass, entry.entry_id))
        self.chosen, self._leave_chosen = self._use(source)
        entry.async_on_unload(leave_uploads)
        entry.async_on_unload(lambda: self._leave_chosen())  # noqa: PLW0108 - by then it may leave another one
        self.chosen.issues.remember(self._recalled(record).failing_since)

    async def async_switch(self) -> None:
        """Take over an upload and the source that is chosen now; a catalog that stays in use is not looked up anew."""
        leave = self._leave_chosen
        self.chosen, self._leave_chosen = self._use(source_of(self._hass, self._entry))
        leave()
        # The entry may be unloaded meanwhile.
        await self.uploads.async_refresh()
        self._on_change()

    def find_offers(self, record: BoardRecord, archived: Collection[PastFlash]) -> Offers:
        """Return what is on offer; as long as the source has not been asked, what it offered last."""
        facts = self._facts(record)
        shown = self._recalled(record).release
        recalled = (_recalled_release(shown),) if shown else ()
        releases = self.chosen.data.releases if self.chosen.confirmed else recalled
        offers = self._find_offers(facts, record, archived, releases)
        if offers.offered is None and offers.needs_download is not None:
            # What is the newest has still to be looked into: until then, what was on offer stays.
            hashes = {release.sha256 for release in recalled}
            others = [release for release in releases if release.sha256 not in hashes]
            known = self._find_offers(facts, record, archived, [*others, *recalled])
            return replace(known, needs_download=offers.needs_download)
        return offers

    def _find_offers(
        self, facts: BoardFacts, record: BoardRecord, archived: Iterable[PastFlash], releases: Sequence[Release]
    ) -> Offers:
        return find_offers(
            facts,
            releases,
            uploads=self.uploads.data.releases,
            archived=[
                Release(
                    version=flash.version,
                    identifier=flash.sha256,
                    sha256=flash.sha256,
                    model=facts.model,
                    warnings=_warnings(flash.warnings),
                )
                for flash in archived
            ],
            # What came by cable or by an action is seen first when it is flashed.
            seen={flash.sha256: Seen(at=flash.started) for flash in record.history} | dict(record.seen),
            now=max(self.chosen.refreshed, self.uploads.refreshed) or time.time(),
            zone=dt_util.get_default_time_zone(),
        )

    def _facts(self, record: BoardRecord) -> BoardFacts:
        entry = self._entry
        return BoardFacts(
            name=name_of(entry),
            is_named=bool(entry.data.get(CONF_NAME)),
            model=model_of(entry).id,
            largest=LARGEST_SKETCH[storage_of(entry)],
            running=record.sha256,
            ran=frozenset(record.ran),
            failed=frozenset(record.failed),
            others=names_of_others(self._hass, entry).keys(),
            key_pinned=bool(entry.options.get(CONF_PUBLIC_KEY)),
            chosen=record.chosen,
        )

    def memory(self, offers: Offers, record: BoardRecord) -> SourceMemory:
        """Return what is to be kept of the source for a start at which it cannot be asked: nothing secret."""
        known = self._recalled(record)
        release = known.release
        if self.chosen.confirmed:
            offered = offers.offered
            release = _shown(offered.release) if offered and offered.place is Place.SOURCE else None
        since = self.chosen.issues.since
        return replace(known, source=source_id(self.chosen.source), release=release, failing_since=since)

    def _recalled(self, record: BoardRecord) -> SourceMemory:
        memory = record.source_memory
        return memory if memory.source == source_id(self.chosen.source) else SourceMemory()

    def catalog_of(self, build: Build) -> SketchCatalog:
        return self.uploads if build.place is Place.UPLOAD else self.chosen

    def _use(self, source: FirmwareSource) -> tuple[SketchCatalog, CALLBACK_TYPE]:
        return async_use_catalog(self._hass, source, self._entry, self._on_change)


def _shown(release: Release) -> RememberedRelease:
    warnings = {warning.code.value: warning.placeholders for warning in release.warnings}
    return RememberedRelease(**{name: getattr(release, name) for name in _REMEMBERED}, warnings=warnings)


def _recalled_release(shown: RememberedRelease) -> Release:
    known = {name: getattr(shown, name) for name in _REMEMBERED}
    return Release(identifier="", **known, warnings=_warnings(shown.warnings))


def _warnings(facts: Mapping[str, Mapping[str, str]]) -> tuple[Finding, ...]:
    """Return warnings by their codes; a newer version may know more of them."""
    return tuple(Finding(Caution(code), dict(values)) for code, values in facts.items() if code in Caution)
