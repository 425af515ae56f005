"""What the entry of a board holds while it is loaded, and the words in which installs are ordered and reported."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import HomeAssistantError

from .arduino_ota.sketch.sketch import Sketch
from .coordinator import BoardCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRequest:
    """A build that somebody wants on a board: its label, and what it is called when something is wrong with it.

    `load` downloads and inspects it, and returns the sketch with the text of its signature. `claimed` is the version that
    its source or a person gives it, whatever the image says. `until` is set, in seconds since the epoch, for one that was
    waiting for its board already.
    """

    version: str
    file: str
    load: Callable[[], Awaitable[tuple[Sketch, str | None]]]
    password: str | None = field(default=None, repr=False)
    claimed: str | None = None
    allow: tuple[str, ...] = ()
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallEnd:
    """How an install ended: the event that tells of it with its attributes, and the error unless the board runs the build.

    There is no event where one has told of it already.
    """

    event: str | None
    attributes: dict[str, Any]
    error: HomeAssistantError | None = None


class Installer(Protocol):
    """What installs on one board."""

    async def install(self, request: InstallRequest) -> InstallEnd | None:
        """Install a build, and return how that ended; None where it waits for the board."""

    def order(self, request: InstallRequest) -> None:
        """Install a build although nobody waits for the end. Raises ServiceValidationError if something is being done."""

    def resume(self) -> None:
        """Go on with what is due, such as a roll-back that has failed."""

    async def cancel(self) -> None:
        """Cancel an install of which the board has not seen anything. Raises ServiceValidationError."""


@dataclass(frozen=True, slots=True)
class BoardData:
    """A board that is set up."""

    coordinator: BoardCoordinator
    installer: Installer


type BoardConfigEntry = ConfigEntry[BoardData]
