"""Repairs that can be done in place: each issue is found again by its id."""

from abc import abstractmethod
from pathlib import Path
from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import voluptuous as vol

from .arduino_ota.errors import BoardError
from .data import BoardConfigEntry, BoardData
from .errors import FormError, flow_errors
from .flows.credentials import async_update_password
from .flows.forms import PASSWORD_SCHEMA
from .install.notices import async_dismiss
from .install.prepare import async_request_for_version
from .issues import Kind, split_id

_NOTHING = vol.Schema({})


class _Repair(RepairsFlow):
    """One step: what is wrong, and what Submit does about it."""

    schema = _NOTHING

    def __init__(self, data: dict[str, str]) -> None:
        self.placeholders = data

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Tell what is wrong, and what to do."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Do it, once that is confirmed."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self.fix(user_input)
            except (BoardError, FormError) as err:
                errors = flow_errors(err)
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.schema,
            errors=errors,
            description_placeholders=self.placeholders,
        )

    @abstractmethod
    async def fix(self, user_input: dict[str, str]) -> None:
        """Do it. Raises FormError, or a BoardError."""


class _BoardRepair(_Repair):
    """A repair of the board of an entry."""

    def __init__(self, entry_id: str, data: dict[str, str]) -> None:
        super().__init__(data)
        self._entry_id = entry_id

    @property
    def entry(self) -> BoardConfigEntry:
        """The entry, which must be loaded. Raises FormError."""
        entry: BoardConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise FormError("not_loaded")
        return entry

    @property
    def board(self) -> BoardData:
        """What the entry holds."""
        return self.entry.runtime_data


class NotBackRepair(_BoardRepair):
    """Asks a board that did not come back once more."""

    @override
    async def fix(self, user_input: dict[str, str]) -> None:
        board = self.board.coordinator
        await board.async_refresh()
        if board.data is not True:
            raise FormError("still_away")


class PasswordRepair(_BoardRepair):
    """Takes a person's word that what announces another name is the board that should be there."""

    schema = PASSWORD_SCHEMA

    @override
    async def fix(self, user_input: dict[str, str]) -> None:
        await async_update_password(self.entry, user_input[CONF_PASSWORD])


class InstallRepair(_BoardRepair):
    """Installs again what may not have been installed."""

    def __init__(self, kind: Kind, entry_id: str, data: dict[str, str]) -> None:
        super().__init__(entry_id, data)
        self._kind = kind

    @override
    async def fix(self, user_input: dict[str, str]) -> None:
        board = self.board
        try:
            request = await async_request_for_version(board.coordinator, self.placeholders["version"])
        except HomeAssistantError as err:
            raise FormError("not_available") from err
        if request is None:
            raise FormError("not_available")
        await async_dismiss(board.coordinator, self._kind)
        self.entry.async_create_background_task(self.hass, board.installer.install(request), "install again")


class FolderRepair(_Repair):
    """Creates a firmware folder that is missing."""

    @override
    async def fix(self, user_input: dict[str, str]) -> None:
        if not await self.hass.async_add_executor_job(self._create):
            raise FormError("folder_unreadable")

    def _create(self) -> bool:
        folder = Path(self.placeholders["folder"])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            next(folder.iterdir(), None)
        except OSError:
            return False
        return True


class DismissRepair(_BoardRepair):
    """Tells something that a person only has to know."""

    def __init__(self, kind: Kind, entry_id: str, data: dict[str, str]) -> None:
        super().__init__(entry_id, data)
        self._kind = kind

    @override
    async def fix(self, user_input: dict[str, str]) -> None:
        await async_dismiss(self.board.coordinator, self._kind)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    facts = {key: str(value) for key, value in (data or {}).items()}
    kind, key = split_id(issue_id)
    match kind:
        case Kind.NOT_BACK:
            return NotBackRepair(key, facts)
        case Kind.RENAMED:
            return PasswordRepair(key, facts)
        case Kind.UNCERTAIN | Kind.NOT_INSTALLED:
            return InstallRepair(kind, key, facts)
        case Kind.UNHEALTHY:
            return DismissRepair(kind, key, facts)
        case Kind.FOLDER_UNUSABLE:
            return FolderRepair(facts)
        case _:
            return ConfirmRepairFlow()
