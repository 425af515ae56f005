"""What a person has to do: every repair issue, one kind for each thing that is done.

An issue is found by its id: the kind, and what it concerns (an entry, a source, a name). Why it is raised is a sentence
inside, in the language of the server. What concerns a board is part of its record, and raised from there at each start.
"""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
import hashlib
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations

from .arduino_ota.text import escape_markdown
from .const import DOMAIN


class Kind(StrEnum):
    """What is to be done; also the translation key. The sentence that says why is its placeholder `reason`."""

    # About one board, kept in its record
    NOT_BACK = "not_back"
    UNCERTAIN = "uncertain"
    NOT_INSTALLED = "not_installed"
    UNHEALTHY = "unhealthy"
    # About one board, seen anew after each start
    RENAMED = "renamed"
    WRONG_BOARD = "wrong_board"
    SAME_BOARD = "same_board"
    # About several boards
    UNPROVEN = "unproven"
    SAME_NAME = "same_name"
    # About one source
    FOLDER_UNUSABLE = "folder_unusable"
    SOURCE_FAILING = "source_failing"
    NOT_OFFERED = "not_offered"


# What can be done about an issue from here, the likeliest first: the steps of its repair.
ACTIONS: Final = {
    Kind.NOT_BACK: ["check", "reconfigure", "close"],
    Kind.UNCERTAIN: ["install", "close"],
    Kind.NOT_INSTALLED: ["install", "close"],
    Kind.UNHEALTHY: ["install", "close"],
    Kind.RENAMED: ["reconfigure"],
    Kind.WRONG_BOARD: ["reconfigure"],
    Kind.SAME_BOARD: ["reconfigure"],
    Kind.FOLDER_UNUSABLE: ["create_folder"],
}
_ERRORS = {Kind.NOT_BACK, Kind.FOLDER_UNUSABLE, Kind.SOURCE_FAILING}


@callback
def async_report(
    hass: HomeAssistant, kind: Kind, key: str, *, reason: HomeAssistantError | str | None = None, **placeholders: str
) -> None:
    """Raise an issue, or say anew what it says, with names and the like as the text that they are.

    `reason` is an error that the user would be shown, or finished Markdown.
    """
    shown = _as_text(placeholders)
    if isinstance(reason, HomeAssistantError):
        reason = sentence(hass, reason.translation_key or "", _as_text(reason.translation_placeholders or {}))
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(kind, key),
        is_fixable=kind in ACTIONS,
        severity=ir.IssueSeverity.ERROR if kind in _ERRORS else ir.IssueSeverity.WARNING,
        translation_key=kind,
        translation_placeholders=shown | ({} if reason is None else {"reason": reason}),
        data=dict(placeholders),
    )


@callback
def async_clear(hass: HomeAssistant, key: str, *kinds: Kind) -> None:
    """Take issues back, all that concern the same thing unless kinds are given."""
    for kind in kinds or Kind:
        ir.async_delete_issue(hass, DOMAIN, issue_id(kind, key))


@callback
def reported_keys(hass: HomeAssistant, kind: Kind) -> list[str]:
    """Return what issues of a kind concern."""
    ids = (issue_id for domain, issue_id in ir.async_get(hass).issues if domain == DOMAIN)
    return [key for one, _, key in (each.partition(".") for each in ids) if one == kind]


def issue_id(kind: Kind, key: str) -> str:
    """Return the id of an issue."""
    return f"{kind}.{key}"


def split_id(issue_id: str) -> tuple[Kind, str]:
    """Return what an issue is about, from its id. Raises ValueError."""
    kind, _, key = issue_id.partition(".")
    return Kind(kind), key


def sentence(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return the text of an error in the language of the server; nothing where a newer version has chosen it."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    return texts.get(f"component.{DOMAIN}.exceptions.{key}.message", "").format_map(defaultdict(str, placeholders))


def with_address(title: str, host: str) -> str:
    """Return what a board is called with its address, which the title of the second board of a name holds already."""
    address = f" ({host})"
    return title.removesuffix(address) + address


def _as_text(placeholders: Mapping[str, str]) -> dict[str, str]:
    return {name: escape_markdown(value) for name, value in placeholders.items()}


def digest(text: str) -> str:
    """Return what may be stored and shown instead of a text that may hold a secret, such as the key of a source."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
