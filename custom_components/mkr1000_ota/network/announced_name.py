"""What a board announces by now: whoever merely makes up a name for it is contradicted before that counts."""

from typing import Final

from ..arduino_ota.discovery.announcements import Sighting

# A board responds to a query a minute. In seconds.
RENAMED_AFTER: Final = 240.0


class AnnouncedName:
    """Follows what is announced from the address of a board since its sketch was flashed, while the board is online."""

    def __init__(self, own: str | None) -> None:
        """`own` is the name that this sketch has announced itself: what its image says may be put together at run time."""
        self.own = own
        self._last: Sighting | None = None
        self._same_since = 0.0
        self._odd_one_noted = float("-inf")

    def is_worth_noting(self, sighting: Sighting, known: str | None, noted: str | None) -> bool:
        """Return whether the entry of a board that is known by a name should remember a sighting instead of a `noted` one.

        One name that is not its own says as much as the next: nobody can have this written over and over again.
        """
        if sighting.name == known or noted is None:
            return True
        if noted != known or sighting.seen - self._odd_one_noted < RENAMED_AFTER:
            return False
        self._odd_one_noted = sighting.seen
        return True

    def note(self, sighting: Sighting, known: str | None, *, is_online: bool) -> None:
        """Note a sighting of a board that is known by a name."""
        if self._last is None or self._last.name != sighting.name:
            self._same_since = sighting.seen
        self._last = sighting if is_online else None
        if sighting.name == known:
            self.own = known

    def forget(self) -> None:
        self._last = None

    @property
    def settled(self) -> Sighting | None:
        """What alone has been announced for a while."""
        last = self._last
        return last if last is not None and last.seen - self._same_since >= RENAMED_AFTER else None
