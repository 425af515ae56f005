"""A sketch that is to be installed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .board.sketch import Sketch
from .coordinator import BoardCoordinator
from .firmware.release import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A sketch to install. `load` returns its inspected image, or raises SourceError or SketchRefused."""

    version: str
    file: str
    load: Callable[[], Awaitable[Sketch]]
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, board: BoardCoordinator, release: Release) -> Job:
        """Return the job of installing a release of the board's source."""

        async def load() -> Sketch:
            return await board.catalog.sketch(release, board.storage_size)

        password = release.password
        if password is None:
            password = board.record.next_passwords.get(release.version)
        return cls(version=release.version, file=release.label, load=load, password=password)
