"""Telling a person about a server that does not say what it offers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..arduino_ota.firmware.folder import FolderSource
from ..arduino_ota.firmware.reasons import PASSING
from ..arduino_ota.firmware.release import FirmwareSource, SourceError
from ..const import DOMAIN
from ..issues import async_forgive_folder, async_report_folder, source_id

# How long something that may pass by itself is not worth a word.
OUTAGE_LASTS: Final = timedelta(days=1)
# A hundred boards can have one source.
_BOARDS_NAMED: Final = 10


class Failing:
    """What is wrong with a source, and since when.

    One issue tells it, however many boards use the source. A folder that cannot be used can be made by its repair. Of
    a server it is told at once if only a person can mend it, else after a day.
    """

    def __init__(self, hass: HomeAssistant, source: FirmwareSource) -> None:
        """Nothing is wrong yet."""
        self._hass = hass
        self._source = source
        self._told = False
        self.error: SourceError | None = None
        self.since: datetime | None = None

    @callback
    def note(self, error: SourceError) -> None:
        """Note that the source has failed once more."""
        self.error = error
        self.since = self.since or dt_util.utcnow()

    @callback
    def remember(self, since: datetime | None) -> None:
        """Note that the source was failing already before a restart."""
        self.since = min((one for one in (self.since, since) if one is not None), default=None)

    @callback
    def over(self) -> None:
        """Note that the source works, and take back what was told."""
        self.error = self.since = None
        self._take_back()

    @callback
    def tell(self, boards: Sequence[ConfigEntry]) -> None:
        """Tell what is wrong, if anything is, and whom it concerns; if nobody uses the source, take it back."""
        if self.error is None:
            return
        if not boards:
            self._take_back()
        elif isinstance(self._source, FolderSource):
            async_report_folder(self._hass, self._source.directory)
        elif self._source.server is not None and (self._told or self._matters(self.error)):
            self._told = True
            self._tell(self.error, self._source.server, boards)

    def _matters(self, error: SourceError) -> bool:
        if error.reason not in PASSING:
            return True
        return self.since is not None and dt_util.utcnow() - self.since >= OUTAGE_LASTS

    def _tell(self, error: SourceError, server: str, boards: Sequence[ConfigEntry]) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=f"server_{error.reason}",
            translation_placeholders={**error.placeholders, "server": server, "boards": _named(boards)},
        )

    def _take_back(self) -> None:
        self._told = False
        if isinstance(self._source, FolderSource):
            async_forgive_folder(self._hass, self._source.directory)
        else:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)

    @property
    def _issue_id(self) -> str:
        return f"server_{source_id(self._source)}"


def _named(boards: Sequence[ConfigEntry]) -> str:
    named = sorted(board.title for board in boards)
    return ", ".join(named if len(named) <= _BOARDS_NAMED else [*named[:_BOARDS_NAMED], "…"])
