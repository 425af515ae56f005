"""Repairs that can be done in place."""

from abc import abstractmethod
from pathlib import Path
from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .arduino_ota.errors import BoardError
from .errors import Refused, flow_errors
from .flows.credentials import async_take_name, refuse_while_flashed
from .flows.forms import PASSWORD_SCHEMA
from .install.reconnect import async_resolve


class BoardRepair(RepairsFlow):
    """Mends something about the board of an entry, in one step."""

    def __init__(self, entry_id: str, placeholders: dict[str, str]) -> None:
        """Take what the form says about the board."""
        self._entry_id = entry_id
        self._placeholders = placeholders

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Tell what is wrong, and what to do."""
        return await self.async_step_confirm()

    @abstractmethod
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Do it, once that is confirmed."""


class NotBackFlow(BoardRepair):
    """Asks a board that did not come back once more."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask it now."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                if await self._answers():
                    return self.async_create_entry(data={})
            except Refused as err:
                errors["base"] = err.key
            else:
                errors["base"] = "still_away"
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self._placeholders,
        )

    async def _answers(self) -> bool:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return False
        # Another flash is under way, and will find out by itself what became of this one.
        refuse_while_flashed(entry)
        try:
            return await async_resolve(entry.runtime_data.coordinator)
        except BoardError:
            return False


class RenamedFlow(BoardRepair):
    """Takes a person's word that what answers by another name is the board that should be there."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Take the password of the sketch that runs now, and check it with the board."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._take(user_input[CONF_PASSWORD])
            except (BoardError, Refused) as err:
                errors = flow_errors(err)
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders=self._placeholders,
        )

    async def _take(self, password: str) -> None:
        if (entry := self.hass.config_entries.async_get_entry(self._entry_id)) is None:
            raise Refused("not_loaded")
        await async_take_name(entry, self._placeholders["name"], password)


class FolderFlow(RepairsFlow):
    """Makes a firmware folder that is missing."""

    def __init__(self, folder: str) -> None:
        """Make a folder, given as its whole path."""
        self._folder = folder

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Tell what is wrong."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Make it now; the issue goes away with the next look."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if await self.hass.async_add_executor_job(self._make):
                return self.async_create_entry(data={})
            errors["base"] = "folder_unreadable"
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={"folder": self._folder},
        )

    def _make(self) -> bool:
        try:
            Path(self._folder).mkdir(parents=True, exist_ok=True)
            next(Path(self._folder).iterdir(), None)
        except OSError:
            return False
        return True


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    match data:
        case {"entry_id": str(entry_id), "board": str(board), "host": str(host), "version": str(version)}:
            return NotBackFlow(entry_id, {"board": board, "host": host, "version": version})
        case {"entry_id": str(entry_id), "board": str(board), "host": str(host), "name": str(name)}:
            return RenamedFlow(entry_id, {"board": board, "host": host, "name": name})
        case {"folder": str(folder)}:
            return FolderFlow(folder)
        case _:
            return ConfirmRepairFlow()
