"""The sketch that a board runs, and the ones that it could run."""

from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .activity import IDLE
from .entity import BoardEntity
from .firmware.release import Release
from .installer import Installer
from .job import Job
from .problems import mistake
from .runtime import Board, BoardConfigEntry

# One board after the other would be slow; how many are flashed at once is limited where they are flashed.
PARALLEL_UPDATES = 0

_FIRMWARE = UpdateEntityDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE, display_precision=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the update entity of a board."""
    async_add_entities([FirmwareUpdate(entry.runtime_data)])


class FirmwareUpdate(BoardEntity, UpdateEntity):
    """The sketch of a board."""

    entity_description: UpdateEntityDescription
    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
        | UpdateEntityFeature.SPECIFIC_VERSION
    )

    def __init__(self, board: Board) -> None:
        """Show the sketch of a board."""
        super().__init__(board.coordinator, _FIRMWARE)
        self._installer: Installer = board.installer

    @property
    @override
    def installed_version(self) -> str:
        return self.coordinator.installed_version

    @property
    @override
    def latest_version(self) -> str:
        """What is offered; with nothing on offer, what runs is the latest there is."""
        latest = self._latest
        return latest.version if latest else self.installed_version

    @property
    @override
    def in_progress(self) -> bool:
        return self.coordinator.activity != IDLE

    @property
    @override
    def update_percentage(self) -> float | None:
        return self.coordinator.activity.percentage

    @property
    @override
    def title(self) -> str | None:
        latest = self._latest
        return latest.title if latest else None

    @property
    @override
    def release_summary(self) -> str | None:
        latest = self._latest
        return latest.notes if latest else None

    @property
    @override
    def release_url(self) -> str | None:
        latest = self._latest
        return latest.url if latest else None

    @override
    async def async_release_notes(self) -> str | None:
        latest = self._latest
        return latest.notes if latest else None

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Install the version that is asked for, or the latest."""
        wanted = version or self.latest_version
        release = next((one for one in self.coordinator.releases if one.version == wanted), None)
        if release is None:
            raise mistake(
                "version_not_offered",
                board=self.coordinator.name,
                version=wanted,
                offered=", ".join(one.version for one in self.coordinator.releases) or "-",
            )
        await self._installer.install(Job.of(self.coordinator, release))

    @property
    def _latest(self) -> Release | None:
        releases = self.coordinator.releases
        return releases[0] if releases else None
