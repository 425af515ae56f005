"""Choosing the board that is to be added: one of those that answer, or one whose address is typed."""

from abc import abstractmethod
import asyncio
from collections.abc import Collection
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import callback

from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import BoardError
from ..const import DOMAIN
from ..errors import FormError, flow_errors
from .discovered_board import DiscoveredBoard, async_look_at_typed, async_scan, heard_lately
from .forms import ADDRESS_SCHEMA, MANUAL, bullets, pick_schema


class AddFlow(ConfigFlow):
    """The steps from the scan to a board that is there."""

    _scan: asyncio.Task[None] | None = None

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show that boards are being looked for."""
        if self._scan is None:
            self._scan = self.hass.async_create_task(
                async_scan(self.hass, self.async_update_progress), f"{DOMAIN} scan", eager_start=False
            )
        if not self._scan.done():
            return self.async_show_progress(step_id="scan", progress_action="scan", progress_task=self._scan)
        return self.async_show_progress_done(next_step_id="pick")

    async def async_step_pick(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take one of the boards that answered and are not set up; where there is none, an address at once."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_HOST] == MANUAL:
                return await self.async_step_address()
            errors = await self._look_at(user_input[CONF_HOST])
            if not errors:
                return await self.async_step_password()
        free, taken = await self._heard()
        if not free:
            return self._ask_address(free, taken, user_input, errors)
        return self.async_show_form(
            step_id="pick_more" if taken else "pick",
            data_schema=self.add_suggested_values_to_schema(pick_schema(free), user_input),
            errors=errors,
            description_placeholders={"configured": bullets(taken)},
        )

    async def async_step_address(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the address of a board that is not among those that answered."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._look_at(user_input[CONF_HOST])
            if not errors:
                return await self.async_step_password()
        return self._ask_address(*await self._heard(), user_input, errors)

    # The same forms, in other words for what the scan has found besides.
    async_step_pick_more = async_step_pick
    async_step_none_answered = async_step_all_set_up = async_step_address

    @callback
    def _ask_address(
        self,
        free: Collection[Sighting],
        taken: Collection[Sighting],
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="address" if free else "all_set_up" if taken else "none_answered",
            data_schema=self.add_suggested_values_to_schema(ADDRESS_SCHEMA, user_input),
            errors=errors,
            description_placeholders={"configured": bullets(taken)},
        )

    async def _look_at(self, typed: str) -> dict[str, str]:
        """Take the board at an address; return the errors that the form shows if there is none to be added."""
        try:
            await self._take(await async_look_at_typed(self.hass, typed))
        except (BoardError, FormError) as err:
            return flow_errors(err, CONF_HOST)
        return {}

    async def _heard(self) -> tuple[list[Sighting], list[Sighting]]:
        """Return the boards that can be added, and those that are set up."""
        heard = heard_lately(self.hass)
        configured = {entry.data.get(CONF_HOST) for entry in self._async_current_entries(include_ignore=False)}
        return (
            [one for one in heard if one.address not in configured],
            [one for one in heard if one.address in configured],
        )

    @abstractmethod
    async def _take(self, found: DiscoveredBoard, *, raise_on_progress: bool = False) -> None:
        """Go on with a board, or end the flow."""

    @abstractmethod
    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password of the board that was taken."""
