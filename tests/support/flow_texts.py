"""Whether everything that a flow shows has its English text, with nothing missing in it."""

from collections.abc import Mapping
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.data_entry_flow import FlowResultType
import voluptuous as vol

ENGLISH: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "custom_components/mkr1000_ota/translations/en.json").read_text()
)

# Texts that Home Assistant itself has for all integrations.
BY_HOME_ASSISTANT = "homeassistant"


def check_texts(flow: str, result: Mapping[str, Any]) -> None:
    """Check what a step of the config or options flow has led to; fails for a text that is not there."""
    check_form(ENGLISH[flow], result)
    if result["type"] is FlowResultType.MENU:
        # The frontend gives no placeholders to the title of a menu of these flows.
        assert not _placeholders(ENGLISH[flow]["step"][result["step_id"]]["title"])


def check_form(texts: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Check what a step of any flow has led to against the texts of that flow."""
    given = set(result.get("description_placeholders") or {})
    match result["type"]:
        case FlowResultType.FORM:
            step = texts["step"][result["step_id"]]
            fields = {str(key) for key in result["data_schema"].schema} if _has_fields(result["data_schema"]) else set()
            assert "title" in step
            assert fields <= step.get("data", {}).keys()
            assert fields <= step.get("data_description", {}).keys()
            errors = [texts["error"][key] for key in (result["errors"] or {}).values()]
            assert set(result["errors"] or {}) <= fields | {"base"}
            for text in (*_all_texts(step), *errors):
                assert _placeholders(text) <= given, text
        case FlowResultType.MENU:
            step = texts["step"][result["step_id"]]
            assert set(result["menu_options"]) <= step["menu_options"].keys()
            assert step.get("menu_option_descriptions", {}).keys() <= step["menu_options"].keys()
            for text in _all_texts(step):
                assert _placeholders(text) <= given, text
        case FlowResultType.SHOW_PROGRESS:
            assert result["progress_action"] in texts["progress"]
        case FlowResultType.ABORT if result.get("translation_domain") != BY_HOME_ASSISTANT:
            assert _placeholders(texts["abort"][result["reason"]]) <= given
        case FlowResultType.CREATE_ENTRY if "create_entry" in texts and result["context"]["source"] != SOURCE_IGNORE:
            assert _placeholders(texts["create_entry"][result["description"] or "default"]) <= given
        case _:
            pass


def says(result: Mapping[str, Any], key: str) -> bool:
    """Return whether the problem that a form shows is a certain sentence."""
    literals = [re.escape(text) for text, *_ in Formatter().parse(ENGLISH["exceptions"][key]["message"])]
    shown: str = result["description_placeholders"]["problem"]
    return re.fullmatch(".*".join([*literals, ""]), shown) is not None


def _has_fields(schema: vol.Schema | None) -> bool:
    return schema is not None and isinstance(schema.schema, dict)


def _all_texts(tree: Mapping[str, Any]) -> list[str]:
    return [text for value in tree.values() for text in ([value] if isinstance(value, str) else _all_texts(value))]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
