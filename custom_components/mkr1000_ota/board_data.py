"""What one configuration entry consists of while it is loaded."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .coordinator import BoardCoordinator
from .install.installer import Installer
from .install.reconnect import Homecoming

type BoardConfigEntry = ConfigEntry[Board]


@dataclass(frozen=True, slots=True)
class Board:
    """A board that is set up."""

    coordinator: BoardCoordinator
    installer: Installer
    homecoming: Homecoming
