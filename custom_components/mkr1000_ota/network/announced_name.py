"""What a board announces by now: whoever merely makes up a name for it is contradicted before that counts."""

from typing import Final

from ..arduino_ota.discovery.announcements import Sighting

# A board responds to a query a minute. In seconds.
RENAMED_AFTER: Final = 240.0


class AnnouncedName:
    """Follows what is announced from the address of a board while the board is online."""

    def __init__(self) -> None:
        self._last: Sighting | None = None
        self._same_since = 0.0
        # The SHA-256 of the sketch that has announced the name which the board is known by.
        self._announced_by: str | None = None

    def note(self, sighting: Sighting, known: str | None, sha256: str | None, *, is_online: bool) -> None:
        """Note a sighting of a board that is known by a name, and runs a sketch from here if `sha256` says which."""
        if self._last is None or self._last.name != sighting.name:
            self._same_since = sighting.seen
        self._last = sighting if is_online else None
        if sighting.name == known:
            self._announced_by = sha256

    def forget(self) -> None:
        self._last = None

    @property
    def settled(self) -> Sighting | None:
        """What alone has been announced for a while."""
        last = self._last
        return last if last is not None and last.seen - self._same_since >= RENAMED_AFTER else None

    def was_announced_by(self, sha256: str | None) -> bool:
        """Return whether a sketch has announced the name itself, and not just its image states it."""
        return sha256 is not None and sha256 == self._announced_by
