"""Telling a person what is wrong with a source: once, however many boards use it."""

from collections.abc import Sequence
from datetime import timedelta
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.reasons import PASSING, Reason
from ..arduino_ota.firmware.release import Finding, FirmwareSource, SourceError
from ..arduino_ota.text import escape_markdown
from ..const import LOGGER
from ..errors import source_error
from ..issues import Kind, async_clear, async_report, digest, sentence

# How long something that may pass by itself is not worth a word, in seconds.
OUTAGE: Final = timedelta(days=1).total_seconds()
# OpenSSL's words for a certificate, as it looks to a clock that is not set yet after a power cut.
_NOT_YET_VALID: Final = "not yet valid"
# A hundred boards can have one source.
_NAMED: Final = 10


class SourceIssues:
    """What is wrong with a source, and since when.

    A folder that cannot be used can be created by its repair. Of a server it is told at once if only a person can fix it,
    else after a day.
    """

    def __init__(self, hass: HomeAssistant, source: FirmwareSource) -> None:
        self._hass = hass
        self._source = source
        self._key = source_id(source)
        self._told = False
        self._known: list[Finding] = []
        self.error: SourceError | None = None
        self.since: float | None = None

    @callback
    def note(self, error: SourceError | None) -> None:
        """Note what was wrong when the source was asked last, None for nothing."""
        self.error = error
        # What was noted while the clock was years ahead would last for years.
        self.since = None if error is None else min(self.since or time.time(), time.time())

    @callback
    def remember(self, since: float | None) -> None:
        """Note that the source was failing already before a restart."""
        self.since = min((one for one in (self.since, since) if one is not None), default=None)

    @callback
    def report(self, findings: Sequence[Finding], boards: Sequence[ConfigEntry]) -> None:
        """Tell what is wrong, what in the source is not offered, and whom it concerns; nothing where nobody uses it."""
        self._report_failing(boards)
        self._report_not_offered(findings, boards)

    def _report_failing(self, boards: Sequence[ConfigEntry]) -> None:
        if self.error is None or not boards:
            self._told = False
            async_clear(self._hass, self._key, Kind.FOLDER_UNUSABLE, Kind.SOURCE_FAILING)
            return
        if isinstance(self._source, FolderSource):
            kind, where = Kind.FOLDER_UNUSABLE, {"folder": str(self._source.directory)}
        elif self._source.server is not None and (self._told or self._matters(self.error)):
            kind, where = Kind.SOURCE_FAILING, {"source": self._source.server}
            self._told = True
        else:
            return
        reason = source_error(self.error)
        async_report(self._hass, kind, self._key, reason=reason, boards=_titles(boards), **where)

    def _matters(self, error: SourceError) -> bool:
        passes = error.reason in PASSING or _NOT_YET_VALID in error.placeholders.get("error", "")
        return not passes or (self.since is not None and time.time() - self.since >= OUTAGE)

    def _report_not_offered(self, findings: Sequence[Finding], boards: Sequence[ConfigEntry]) -> None:
        if not findings or not boards:
            self._known = []
            async_clear(self._hass, self._key, Kind.NOT_OFFERED)
            return
        known = [finding for finding in self._known if finding in findings]
        for finding in findings:
            if finding not in known:
                LOGGER.warning("%s is not offered: %s", finding.file, finding.message)
        self._known = list(findings)
        async_report(
            self._hass,
            Kind.NOT_OFFERED,
            self._key,
            reason="\n".join(f"- {_sentence(self._hass, finding)}" for finding in findings),
            source=self._source.server or str(getattr(self._source, "directory", "")),
            boards=_titles(boards),
        )


def _sentence(hass: HomeAssistant, finding: Finding) -> str:
    key = f"source_{finding.code}" if finding.code in set(Reason) else f"sketch_{finding.code}"
    facts = {"file": finding.file, **finding.placeholders}
    return sentence(hass, key, {name: escape_markdown(value) for name, value in facts.items()})


def source_id(source: FirmwareSource) -> str:
    """Return what may be stored and shown in logs instead of the key of a source, which may hold a token."""
    return digest(repr(source.key))


def _titles(boards: Sequence[ConfigEntry]) -> str:
    titles = sorted(board.title for board in boards)
    return ", ".join(titles if len(titles) <= _NAMED else [*titles[:_NAMED], "…"])
