"""What a source offered before a restart, shown until the source itself can be asked again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, override

from homeassistant.helpers.restore_state import ExtraStoredData

from ..arduino_ota.firmware.release import Release

# No address, no password: what fetches a sketch, and what it wants, is for the source to say when it is asked again.
_KEPT = ("version", "title", "url", "size")


@dataclass(frozen=True)
class Remembered(ExtraStoredData):
    """What the update entity of a board leaves behind for its next start.

    `source` is a name of the source that tells nothing about it. The release can be shown, not fetched.
    """

    source: str
    offered: Release | None
    failing_since: datetime | None

    @override
    def as_dict(self) -> dict[str, Any]:
        offered = self.offered
        return {
            "source": self.source,
            "offered": {name: getattr(offered, name) for name in _KEPT} if offered else None,
            "failing_since": self.failing_since.isoformat() if self.failing_since else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_dict` returned, after a journey through JSON."""
        offered, since = stored["offered"], stored["failing_since"]
        return cls(
            stored["source"],
            Release(identifier="", **offered) if offered else None,
            datetime.fromisoformat(since) if since else None,
        )
