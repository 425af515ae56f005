"""The forms of the config flow."""

from collections.abc import Iterable

from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .board.sighting import Sighting

SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

# An empty password is legal, and a form leaves an empty field out.
PASSWORD_SCHEMA = vol.Schema({vol.Optional(CONF_PASSWORD, default=""): SECRET})
RECONFIGURE_SCHEMA = vol.Schema({vol.Required(CONF_HOST): TextSelector(), vol.Optional(CONF_PASSWORD): SECRET})


def pick_schema(boards: Iterable[Sighting]) -> vol.Schema:
    """Return the form in which one of some boards is chosen, or an address is typed."""
    return vol.Schema(
        {
            vol.Required(CONF_HOST): SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=one.address, label=label(one)) for one in boards],
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        }
    )


def label(sighting: Sighting) -> str:
    """Return what a person tells boards apart by."""
    return f"{sighting.name} · {sighting.address} · {sighting.library}"
