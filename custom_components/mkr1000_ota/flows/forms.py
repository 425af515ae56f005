"""The forms of the config flow."""

from collections.abc import Iterable

from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..arduino_ota.discovery.announcements import Sighting

SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

# An empty password is legal, and a form leaves an empty field out.
PASSWORD_SCHEMA = vol.Schema({vol.Optional(CONF_PASSWORD, default=""): SECRET})
ADDRESS_SCHEMA = vol.Schema({vol.Required(CONF_HOST): TextSelector()})
RECONFIGURE_SCHEMA = vol.Schema({vol.Required(CONF_HOST): TextSelector(), vol.Optional(CONF_PASSWORD): SECRET})


# The choice of a board that is not in the list; no address looks like it.
MANUAL = "manual"


def pick_schema(boards: Iterable[Sighting]) -> vol.Schema:
    """Return the form in which one of some boards is chosen, or another one, whose address is asked for then.

    A select that takes typed values, too, would show the bare address of a board that is chosen.
    """
    choices = {**{one.address: label(one) for one in boards}, MANUAL: MANUAL}
    return vol.Schema(
        {
            vol.Required(CONF_HOST): SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=value, label=shown) for value, shown in choices.items()],
                    translation_key="board",
                )
            )
        }
    )


def label(sighting: Sighting) -> str:
    """Return what a person tells boards apart by."""
    return f"{sighting.name} · {sighting.address} · {sighting.library}"


def bullets(boards: Iterable[Sighting]) -> str:
    """Return boards as a list in Markdown, which the description of a form is."""
    return "\n".join(f"- {label(one)}" for one in boards)
