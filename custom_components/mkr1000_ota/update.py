"""The sketch that a board runs, and the ones that it could run."""

from collections.abc import Sequence
from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .arduino_ota.firmware.release import Release, SourceError
from .coordinator import IDLE
from .data import BoardConfigEntry, BoardData, InstallRequest
from .entity import BoardEntity
from .errors import source_error, validation_error
from .install.action_file import async_fetch
from .install.prepare import async_request_for_file, async_request_for_version, request_for_archived

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

    def __init__(self, board: BoardData) -> None:
        super().__init__(board.coordinator, _FIRMWARE)
        self._installer = board.installer

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
        if self.coordinator.record.chosen is not None:
            return latest_version != installed_version
        return super().version_is_newer(latest_version, installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        return self.coordinator.state != IDLE

    @property
    @override
    def update_percentage(self) -> float | None:
        return self.coordinator.state.percentage

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
        request = await async_request_for_version(self.coordinator, wanted)
        if request is None:
            board, offered = self.coordinator.name, self.coordinator.versions
            if not offered:
                raise validation_error("nothing_offered", board=board)
            raise validation_error("version_not_offered", board=board, version=wanted, offered=", ".join(offered))
        await self._carry_out(request)

    async def async_flash(
        self,
        *,
        file: str | None = None,
        url: str | None = None,
        password: str | None = None,
        version: str | None = None,
        allow: Sequence[str] = (),
    ) -> ServiceResponse:
        """Flash the sketch in a file or at an address."""
        try:
            fetched = await async_fetch(self.hass, {"file": file, "url": url})
        except SourceError as err:
            raise source_error(err) from err
        request = await async_request_for_file(
            self.coordinator, fetched, version=version, password=password, allow=tuple(allow)
        )
        return await self._carry_out(request)

    async def async_install_archived(self, *, version: str | None = None, allow: Sequence[str] = ()) -> ServiceResponse:
        """Go back to a sketch that the board ran before: that of a version, or the last one that is worth it."""
        archived = self.coordinator.archived
        passed_over = {self.installed_version, *self.coordinator.failed_versions}
        wanted = [
            flash
            for flash in archived
            if flash.version == version or (version is None and flash.version not in passed_over)
        ]
        if not wanted:
            board, versions = self.coordinator.name, [flash.version for flash in archived]
            if version is None or not versions:
                raise validation_error("nothing_archived", board=board)
            raise validation_error("version_not_archived", board=board, version=version, archived=", ".join(versions))
        return await self._carry_out(request_for_archived(self.coordinator, wanted[0], tuple(allow)))

    async def _carry_out(self, request: InstallRequest) -> ServiceResponse:
        """Install, and return how that ended. Raises the translated error that says why the board does not run it."""
        end = await self._installer.install(request)
        if end is None:
            return {"verdict": WAITING}
        if end.error is not None:
            raise end.error
        return dict(end.attributes)

    @property
    def _latest(self) -> Release | None:
        """The release that is offered; None also for an archived one, of which no more than the version is known."""
        offered = self.coordinator.offered_version
        return next((one for one in self.coordinator.releases if one.version == offered), None)
