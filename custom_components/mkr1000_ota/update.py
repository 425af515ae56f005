"""The sketch that a board runs, and the ones that it could run."""

from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .activity import IDLE
from .arduino_ota.firmware.release import Release, SourceError
from .arduino_ota.flash.verdict import Outcome
from .entity import BoardEntity
from .files import async_fetch
from .findings import source_id
from .installer import Installer
from .job import async_job_for_file, async_job_for_version, job_for_archived
from .outcome import report
from .problems import mistake, source_problem
from .remembered import Remembered
from .runtime import Board, BoardConfigEntry

# One board after the other would be slow; how many are flashed at once is limited where they are flashed.
PARALLEL_UPDATES = 0

_FIRMWARE = UpdateEntityDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE, display_precision=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: BoardConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the update entity of a board."""
    async_add_entities([FirmwareUpdate(entry.runtime_data)])


# What an action answers for a board that is away and being waited for.
WAITING = "waiting"


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
    def extra_restore_state_data(self) -> Remembered:
        """What is on offer: it must not look as if it had just come out when a server is back after a restart."""
        catalog = self.coordinator.catalog
        return Remembered(source_id(catalog.source), self._latest, catalog.failing.since)

    @override
    async def async_added_to_hass(self) -> None:
        """Offer what was offered before a restart, until the source can be asked."""
        await super().async_added_to_hass()
        if (left := await self.async_get_last_extra_data()) is not None:
            self.coordinator.catalog.remember(Remembered.from_dict(left.as_dict()))

    @property
    @override
    def installed_version(self) -> str:
        return self.coordinator.installed_version

    @property
    @override
    def latest_version(self) -> str:
        """What is offered; with nothing on offer, what runs is the latest there is."""
        return self.coordinator.offered_version or self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Any version that the user has chosen is to be installed, older ones too."""
        if self.coordinator.record.pinned_version is not None:
            return latest_version != installed_version
        return super().version_is_newer(latest_version, installed_version)

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
    async def async_update(self) -> None:
        """Look for updates at once: the button for that on Home Assistant's page of updates ends here."""
        await super().async_update()
        await self.coordinator.catalog.async_request_refresh()

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Install the version that is asked for, or the latest."""
        wanted = version or self.latest_version
        job = await async_job_for_version(self.coordinator, wanted)
        if job is None:
            board, offered = self.coordinator.name, self.coordinator.versions
            if not offered:
                raise mistake("nothing_offered", board=board)
            raise mistake("version_not_offered", board=board, version=wanted, offered=", ".join(offered))
        await self._installer.install(job)

    async def async_flash(
        self,
        *,
        file: str | None = None,
        url: str | None = None,
        password: str | None = None,
        version: str | None = None,
        allow_without_ota: bool = False,
    ) -> ServiceResponse:
        """Flash the sketch in a file or at an address."""
        try:
            fetched = await async_fetch(self.hass, {"file": file, "url": url})
        except SourceError as err:
            raise source_problem(err) from err
        job = await async_job_for_file(
            self.coordinator, fetched, version=version, password=password, allow_without_ota=allow_without_ota
        )
        return self._told(await self._installer.install(job))

    async def async_install_archived(self, *, version: str | None = None) -> ServiceResponse:
        """Go back to a sketch that the board ran before: that of a version, or the last one that is worth it."""
        archived = self.coordinator.archived
        passed_over = {self.installed_version, *self.coordinator.record.failed_versions}
        wanted = [
            flash
            for flash in archived
            if flash.version == version or (version is None and flash.version not in passed_over)
        ]
        if not wanted:
            board, versions = self.coordinator.name, [flash.version for flash in archived]
            if version is None or not versions:
                raise mistake("nothing_archived", board=board)
            raise mistake("version_not_archived", board=board, version=version, archived=", ".join(versions))
        return self._told(await self._installer.install(job_for_archived(self.coordinator, wanted[0])))

    def _told(self, outcome: Outcome | None) -> ServiceResponse:
        return report(outcome) if outcome is not None else {"verdict": WAITING}

    @property
    def _latest(self) -> Release | None:
        """The release that is offered; None also for an archived one, of which no more than the version is known."""
        offered = self.coordinator.offered_version
        return next((one for one in self.coordinator.releases if one.version == offered), None)
