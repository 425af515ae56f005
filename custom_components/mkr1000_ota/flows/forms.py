"""The forms of the flows, and what they show of secrets: nothing."""

from collections.abc import Iterable, Mapping
import re
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.helpers import selector
import voluptuous as vol
from yarl import URL

from ..arduino_ota import limits
from ..arduino_ota.errors import BoardError, WrongPassword
from ..arduino_ota.firmware.github import DEFAULT_ASSET
from ..arduino_ota.hardware import Model, Storage
from ..const import (
    CONF_ASSET,
    CONF_FOLDER,
    CONF_HEALTH_ENTITY,
    CONF_HEALTH_URL,
    CONF_HEALTH_WITHIN,
    CONF_MANIFEST_URL,
    CONF_MODEL,
    CONF_PRERELEASES,
    CONF_PUBLIC_KEY,
    CONF_REPOSITORY,
    CONF_STORAGE,
    CONF_TOKEN,
    CONF_WAIT,
    DEFAULT_HEALTH_WITHIN,
    DEFAULT_WAIT,
)
from ..errors import FormError, flow_errors

type Entered = dict[str, Any] | None
type Failure = BoardError | FormError | None

CONF_SKETCH: Final = "sketch"
CONF_VERSION: Final = "version"
CONF_NOTES: Final = "notes"
CONF_SIGNATURE: Final = "signature"

# What can be chosen in a list besides what was found; no address and no model looks like it.
MANUAL: Final = "manual"
SEARCH: Final = "search"
OTHER: Final = "other"

# A week, in minutes: longer than that, and nobody remembers having asked for it.
LONGEST_WAIT: Final = 7 * 24 * 60
LONGEST_HEALTH_CHECK: Final = 3600

# What may have a password in it. The rest of the address of a health check, such as {host}, is left as it was typed.
_ADDRESSES: Final = (CONF_MANIFEST_URL, CONF_HEALTH_URL)
_PASSWORD_OF_ADDRESS: Final = re.compile(r"^(\s*\w+://[^/?#:@]*:)[^/?#]*@")
# Stands for a stored secret on its way to the browser and back.
UNCHANGED: Final = "__unchanged__"

# Texts that may have several lines; whoever reads them says what is wrong with them.
_MULTILINE: Final = {CONF_NOTES: limits.NOTES, CONF_SIGNATURE: limits.SIGNATURE, CONF_PUBLIC_KEY: limits.SIGNATURE}
_LONGEST: Final = _MULTILINE | {
    CONF_MANIFEST_URL: limits.URL,
    CONF_HEALTH_URL: limits.URL,
    CONF_PASSWORD: limits.PASSWORD,
}

_TEXT: Final = selector.TextSelector()
_LINES: Final = selector.TextSelector(selector.TextSelectorConfig(multiline=True))
_SECRET: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="off")
)
_FILE: Final = selector.FileSelector(selector.FileSelectorConfig(accept=".bin"))


def _number(smallest: int, largest: int, unit: str) -> Any:
    config = selector.NumberSelectorConfig(
        min=smallest, max=largest, mode=selector.NumberSelectorMode.BOX, unit_of_measurement=unit
    )
    return vol.All(selector.NumberSelector(config), vol.Coerce(int))


def _select(translation_key: str, choices: Iterable[tuple[str, str]]) -> selector.SelectSelector:
    # One that takes typed values, too, would show the values instead of the labels.
    options = [selector.SelectOptionDict(value=value, label=label) for value, label in choices]
    return selector.SelectSelector(selector.SelectSelectorConfig(options=options, translation_key=translation_key))


# An empty password is legal, and a form leaves an empty field out.
PASSWORD_SCHEMA: Final = vol.Schema({vol.Optional(CONF_PASSWORD, default=""): _SECRET})
ADDRESS_SCHEMA: Final = vol.Schema({vol.Required(CONF_HOST): _TEXT})
REAUTH_SCHEMA: Final = vol.Schema({vol.Optional(CONF_PASSWORD): _SECRET, vol.Optional(CONF_SKETCH): _FILE})
RECONFIGURE_SCHEMA: Final = ADDRESS_SCHEMA.extend(REAUTH_SCHEMA.schema)
CONFIRM_SCHEMA: Final = vol.Schema({})
UPLOAD_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_SKETCH): _FILE,
        vol.Optional(CONF_VERSION): _TEXT,
        vol.Optional(CONF_PASSWORD): _SECRET,
        vol.Optional(CONF_NOTES): _LINES,
    }
)
SIGNED_UPLOAD_SCHEMA: Final = UPLOAD_SCHEMA.extend({vol.Required(CONF_SIGNATURE): _LINES})
# By the step of the options flow.
OPTIONS: Final = {
    "folder": vol.Schema({vol.Required(CONF_FOLDER): _TEXT}),
    "manifest": vol.Schema({vol.Required(CONF_MANIFEST_URL): _TEXT}),
    "github": vol.Schema(
        {
            vol.Required(CONF_REPOSITORY): _TEXT,
            vol.Required(CONF_ASSET, default=DEFAULT_ASSET): _TEXT,
            vol.Required(CONF_PRERELEASES, default=False): bool,
            vol.Optional(CONF_TOKEN): _SECRET,
        }
    ),
    "signing": vol.Schema({vol.Optional(CONF_PUBLIC_KEY): _TEXT}),
    "health": vol.Schema(
        {
            vol.Optional(CONF_HEALTH_URL): _TEXT,
            vol.Optional(CONF_HEALTH_ENTITY): selector.EntitySelector(),
            vol.Required(CONF_HEALTH_WITHIN, default=DEFAULT_HEALTH_WITHIN): _number(1, LONGEST_HEALTH_CHECK, "s"),
        }
    ),
    "storage": vol.Schema(
        {vol.Required(CONF_STORAGE): _select("storage", [(kind.value, kind.value) for kind in Storage])}
    ),
    "waiting": vol.Schema({vol.Required(CONF_WAIT, default=DEFAULT_WAIT): _number(0, LONGEST_WAIT, "min")}),
}


def pick_schema(boards: Iterable[tuple[str, str]]) -> vol.Schema:
    """Return the form in which one of some boards is chosen, by address and label, or what to do if it is none of them."""
    return vol.Schema({vol.Required(CONF_HOST): _select("board", [*boards, (SEARCH, SEARCH), (MANUAL, MANUAL)])})


def model_schema(models: Iterable[Model], *others: str) -> vol.Schema:
    """Return the form in which the model of a board is chosen, or one of some other answers."""
    choices = [*((model.id, model.name) for model in models), *((other, other) for other in others)]
    return vol.Schema({vol.Required(CONF_MODEL): _select("model", choices)})


def show_form(
    flow: ConfigEntryBaseFlow,
    step: str,
    schema: vol.Schema,
    suggested: Mapping[str, Any] | None,
    error: Failure = None,
    field: str = "base",
    **placeholders: str,
) -> ConfigFlowResult:
    """Show a form, and what was wrong with what was entered: at a field unless the error belongs to another one."""
    return flow.async_show_form(
        step_id=step,
        data_schema=flow.add_suggested_values_to_schema(schema, suggested),
        errors=flow_errors(error, field) if error else {},
        description_placeholders=placeholders | (error.placeholders if isinstance(error, FormError) else {}),
    )


def checked(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered, without blanks around it. Raises FormError if it cannot be stored and shown as it is."""
    as_it_is = {CONF_PASSWORD, *_MULTILINE}
    texts = {name: text if name in as_it_is else text.strip() for name, text in form.items() if isinstance(text, str)}
    for name, text in texts.items():
        if len(text) > _LONGEST.get(name, limits.LINE):
            raise FormError("too_long", name)
        if name not in _MULTILINE and not text.isprintable():
            raise FormError("unprintable", name)
    return {**form, **texts}


def typed_password(form: Mapping[str, Any]) -> str:
    """Return the password that was entered; a form leaves an empty one out.

    Raises WrongPassword for what is none of any board: there it could do harm.
    """
    password: str = form.get(CONF_PASSWORD, "")
    if len(password) > limits.PASSWORD:
        raise WrongPassword
    return password


def without_secrets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a form may show them."""
    shown = dict(options)
    if shown.get(CONF_TOKEN):
        shown[CONF_TOKEN] = UNCHANGED
    for name in _ADDRESSES:
        if shown.get(name):
            shown[name] = _PASSWORD_OF_ADDRESS.sub(rf"\1{UNCHANGED}@", str(shown[name]))
    return shown


def with_secrets(entered: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered with the stored secrets where they are unchanged; none is meant for another server.

    Raises FormError where one would be needed.
    """
    meant = dict(entered)
    if meant.get(CONF_TOKEN) == UNCHANGED:
        meant[CONF_TOKEN] = options.get(CONF_TOKEN)
    for name in _ADDRESSES:
        url, stored = _url(meant, name), _url(options, name)
        if url is None or url.password != UNCHANGED:
            continue
        if stored is None or (url.origin(), url.user) != (stored.origin(), stored.user):
            raise FormError("password_again", name)
        meant[name] = meant[name].replace(f":{UNCHANGED}@", f":{stored.raw_password or ''}@", 1)
    return meant


def _url(options: Mapping[str, Any], name: str) -> URL | None:
    try:
        return URL(options[name]) if options.get(name) else None
    except ValueError:
        return None
