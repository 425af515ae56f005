"""What a person does in the options of a board."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from tests.support.steps import Result


async def open_options(home: HomeAssistant, entry: ConfigEntry, *steps: str) -> Result:
    """Open the options, and choose from their menus."""
    result: Result = await home.config_entries.options.async_init(entry.entry_id)
    for step in steps:
        assert result["type"] is FlowResultType.MENU
        result = await home.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})
    return result


async def submit(home: HomeAssistant, result: Result, **entered: Any) -> Result:
    """Submit a form, and wait until what it says is taken over."""
    result = await home.config_entries.options.async_configure(result["flow_id"], entered)
    await home.async_block_till_done(wait_background_tasks=True)
    return result


def shown(result: Result) -> dict[str, Any]:
    """Return the values that a form comes with."""
    return {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description is not None
    }
