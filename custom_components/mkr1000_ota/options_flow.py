"""Choosing where the sketches of a board come from, and what it can take."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import voluptuous as vol

from .const import CONF_FOLDER, CONF_STORAGE, CONF_WAIT

STORAGES = ["internal", "sd", "serial_flash"]
# A week: longer than that, and nobody remembers having asked for it.
LONGEST_WAIT = 7 * 24 * 60

SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STORAGE): SelectSelector(SelectSelectorConfig(options=STORAGES, translation_key="storage")),
        vol.Required(CONF_FOLDER): TextSelector(),
        vol.Required(CONF_WAIT, default=0): NumberSelector(
            NumberSelectorConfig(min=0, max=LONGEST_WAIT, mode=NumberSelectorMode.BOX, unit_of_measurement="min")
        ),
    }
)


class BoardOptionsFlow(OptionsFlowWithReload):
    """Changes the options of a board."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(SCHEMA, self.config_entry.options),
        )
