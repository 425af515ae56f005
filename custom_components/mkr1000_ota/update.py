"""The sketch that a board runs, and the ones that it could run."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, override

from homeassistant.components.update import UpdateDeviceClass, UpdateEntity, UpdateEntityFeature
from homeassistant.core import ServiceResponse
from homeassistant.util import dt as dt_util

from .arduino_ota.firmware.belonging import Hold
from .arduino_ota.firmware.release import Release, SourceError
from .arduino_ota.flash.pending import Phase
from .arduino_ota.sketch import Caution
from .arduino_ota.text import escape_markdown, fit_to_show
from .const import CONF_FOLDER, CONF_SOURCE, DOMAIN, SourceKind
from .coordinator import IDLE, Stage
from .data import InstallRequest
from .entity import BoardEntity, setup_of
from .errors import source_error, validation_error
from .install.action_file import async_fetch
from .install.prepare import async_request_for_file, async_request_for_version, request_for_archived
from .issues import Kind, sentence

# One board after the other would be slow; how many are flashed at once is limited where they are flashed.
PARALLEL_UPDATES = 0

# What an action returns for a board that is offline and being waited for.
WAITING: Final = "waiting"

# Home Assistant cuts a summary off behind so many characters, in the middle of whatever it is.
_LONGEST_SUMMARY: Final = 255
# Characters of a name that leave room for what is said of it, in every language.
_LONGEST_NAME: Final = 40

# Why one of the newer builds is held back is told, if possible of one that is for this board.
_FOR_THIS_BOARD: Final = (Hold.CHOSEN, Hold.FAILED, Hold.TOO_LARGE)


class FirmwareUpdate(BoardEntity, UpdateEntity):
    """The sketch of a board."""

    key = "firmware"
    _attr_device_class = UpdateDeviceClass.FIRMWARE
    _attr_display_precision = 1

    @property
    @override
    def supported_features(self) -> UpdateEntityFeature:
        """The dialog fetches notes only once, when it opens; a summary follows. So there are notes only if they say more."""
        features = UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS | UpdateEntityFeature.SPECIFIC_VERSION
        has_notes = bool(self._release and self._release.notes)
        fits = not has_notes and sum(len(_alert(*alert)) for alert in self._alerts()) <= _LONGEST_SUMMARY
        return features if self.in_progress or fits else features | UpdateEntityFeature.RELEASE_NOTES

    @property
    @override
    def installed_version(self) -> str:
        return self.coordinator.installed_version

    @property
    @override
    def latest_version(self) -> str:
        """What is offered; with nothing on offer, what runs is the latest there is."""
        offered = self.coordinator.offers.offered
        return offered.label if offered else self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """What is on offer has been found to be what should be installed, in whatever way it is called."""
        return latest_version != installed_version

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
        return self._release.title if self._release else None

    @property
    @override
    def release_url(self) -> str | None:
        return self._release.url if self._release else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Whether automations may install what is offered: nothing over an unknown sketch, no warnings, no renaming."""
        return {"unattended": self.coordinator.offers.unattended}

    @property
    @override
    def release_summary(self) -> str | None:
        """What goes on; else what is to be known about the offer."""
        alerts = [("info", self._status)] if self.in_progress else self._alerts()
        return _summary(alerts) or (self._release.notes if self._release else None)

    @override
    async def async_release_notes(self) -> str | None:
        notes = self._release.notes if self._release else None
        return "\n\n".join([*(_alert(*alert) for alert in self._alerts()), *([notes] if notes else [])]) or None

    @property
    def _release(self) -> Release | None:
        offered = self.coordinator.offers.offered
        return offered.release if offered else None

    def _say(self, key: str, **facts: str) -> str:
        facts = {name: escape_markdown(fit_to_show(fact, _LONGEST_NAME)) for name, fact in facts.items()}
        return sentence(self.hass, key, facts)

    @property
    def _status(self) -> str:
        board = self.coordinator
        stage, pending = board.state.stage, board.record.pending
        facts = {"board": board.name, "version": board.state.version or ""}
        if stage is Stage.RESTARTING and pending is not None and pending.phase is Phase.UPLOADING:
            # It was broken off, and has not got all of the sketch.
            stage = Stage.CHECKING
        if stage is Stage.WAITING and (order := board.record.order) is not None:
            facts |= {"since": _moment(order.ordered), "until": _moment(order.until)}
        return self._say(f"status_{stage}", **facts)

    def _alerts(self) -> Iterator[tuple[str, str]]:
        """What a person should know before installing, the most important first."""
        board, offers = self.coordinator, self.coordinator.offers
        for kind in (Kind.NOT_BACK, Kind.UNCERTAIN):
            # The installed version may not be true anymore.
            if (notice := board.record.notices.get(kind)) is not None and not notice.is_closed:
                why = "verdict_not_back" if notice.reason == "not_back" else notice.reason
                yield "warning", self._say(why, **{**notice.placeholders, "board": board.name})
        if self._release and (running := board.record.running) and Caution.HANGS_AFTER_UPDATE in running.warnings:
            yield "warning", self._say("running_hangs")
        for warning in self._release.warnings if self._release else ():
            yield "warning", self._say(f"warning_{warning.code}", **warning.placeholders)
        if offers.renames and board.board_name:
            yield "warning", self._say("renames_board", board=board.board_name, name=offers.renames)
        for build in sorted(offers.held_back, key=lambda build: build.hold not in _FOR_THIS_BOARD)[:1]:
            release = build.release
            facts = {"version": build.label, "file": release.label, "name": release.name or ""}
            yield "info", self._say(f"held_back_{build.hold}", **facts)
        if not (offers.builds or offers.held_back or board.record.ran):
            options = board.config_entry.options
            if options.get(CONF_SOURCE, SourceKind.FOLDER) == SourceKind.FOLDER:
                folder = escape_markdown(self.hass.config.path(options.get(CONF_FOLDER, DOMAIN)))
                yield "info", sentence(self.hass, "where_to_put_sketches", {"folder": folder})
            elif (error := board.sources.chosen.issues.error) is not None:
                yield "warning", self._say(f"source_{error.reason}", **error.placeholders)
            else:
                yield "info", self._say("nothing_offered", board=board.name)

    @override
    async def async_update(self) -> None:
        """Look for updates at once: the button for that on Home Assistant's page of updates ends here."""
        await super().async_update()
        await self.coordinator.sources.chosen.async_request_refresh()

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        board, wanted = self.coordinator, version or self.latest_version
        request = await async_request_for_version(board, wanted)
        if request is not None:
            await self._carry_out(request)
        elif board.versions:
            offered = ", ".join(board.versions)
            raise validation_error("version_not_offered", board=board.name, version=wanted, offered=offered)
        else:
            raise validation_error("nothing_offered", board=board.name)

    async def async_flash(
        self,
        *,
        file: str | None = None,
        url: str | None = None,
        password: str | None = None,
        version: str | None = None,
        allow: Sequence[str] = (),
    ) -> ServiceResponse:
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
        board = self.coordinator
        named = (flash for flash in board.archived if flash.version == version)
        if wanted := next(named, None) if version is not None else board.rollback_target:
            return await self._carry_out(request_for_archived(board, wanted, tuple(allow)))
        versions = ", ".join(flash.version for flash in board.archived)
        if version is None or not versions:
            raise validation_error("nothing_archived", board=board.name)
        raise validation_error("version_not_archived", board=board.name, version=version, archived=versions)

    async def _carry_out(self, request: InstallRequest) -> ServiceResponse:
        """Install, and return how that ended. Raises the translated error that says why the board does not run it."""
        end = await self.installer.install(request)
        if end is None:
            return {"verdict": WAITING}
        if end.error is not None:
            raise end.error
        return dict(end.attributes)


async_setup_entry = setup_of(FirmwareUpdate)


def _alert(kind: str, text: str) -> str:
    return f'<ha-alert alert-type="{kind}">{text}</ha-alert>'


def _summary(alerts: Iterable[tuple[str, str]]) -> str:
    """Return as many alerts as fit, each whole; the first one is shortened if it alone is too long."""
    summary = ""
    for kind, text in alerts:
        room = _LONGEST_SUMMARY - len(summary) - len(_alert(kind, ""))
        if len(text) <= room:
            summary += _alert(kind, text)
        elif not summary:
            summary = _alert(kind, f"{text[: room - 1].rstrip()}…")
    return summary


def _moment(timestamp: float) -> str:
    return dt_util.as_local(dt_util.utc_from_timestamp(timestamp)).strftime("%Y-%m-%d %H:%M")
