"""The texts that people read: whole, well formed, and the same in every language."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any
from unicodedata import east_asian_width

from homeassistant.helpers import config_validation as cv
import pytest
import voluptuous as vol

from custom_components.mkr1000_ota.const import DOMAIN

INTEGRATION = Path(__file__).parent.parent / "custom_components" / DOMAIN
TRANSLATIONS = INTEGRATION / "translations"
LANGUAGES = {"en", "cs", "de", "es", "fr", "it", "ja", "nl", "pl", "pt-BR", "sv", "zh-Hans"}
PRESENT = sorted(path.stem for path in TRANSLATIONS.glob("*.json"))


def read(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    texts: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    return texts


ENGLISH = read("en")

QUOTED_PLACEHOLDER = re.compile(r"'{\w+}'|\"{\w+}\"")
URL = re.compile(r"((ftps?|scp|https?|mqtts?|socks5?)://|www\.)[a-z0-9]+([.-][a-z0-9]+)*\.[a-z]{2,5}", re.IGNORECASE)


def text(value: object) -> str:
    """Accept what hassfest accepts as the text of a translation."""
    words = str(cv.string_with_no_html(value))
    if words != words.strip() or not words:
        raise vol.Invalid("blanks at an end, or nothing else")
    if "[%" in words or URL.search(words) or QUOTED_PLACEHOLDER.search(words):
        raise vol.Invalid("a reference, an address, or a placeholder in quotes")
    if not all(name.isidentifier() for name in placeholders(words)):
        raise vol.Invalid("a placeholder that is no identifier")
    return words


def placeholders(words: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


KEY = vol.Match(r"(?!.+[_-]{2})(?![_-])[a-z0-9_-]+(?<![_-])$")
TEXTS = {KEY: text}
STEP = vol.Schema(
    {
        "title": text,
        "description": text,
        "data": {str: text},
        "data_description": {str: text},
        "menu_options": {str: text},
        "menu_option_descriptions": {str: text},
        "submit": text,
    }
)
FLOW = {
    vol.Required("step"): {str: STEP},
    "error": {str: text},
    "abort": {str: text},
    "progress": {str: text},
    "create_entry": {str: text},
}
ENTITY = {"name": text, "state": TEXTS, "state_attributes": {KEY: {"name": text, "state": TEXTS}}}
ISSUE = vol.Any(
    {vol.Required("title"): text, vol.Required("description"): text},
    {vol.Required("title"): text, vol.Required("fix_flow"): FLOW},
)
ACTION = {
    vol.Required("name"): text,
    vol.Required("description"): text,
    "fields": {KEY: {vol.Required("name"): text, vol.Required("description"): text}},
}
SCHEMA = vol.Schema(
    {
        vol.Required("config"): FLOW | {"flow_title": text},
        vol.Required("options"): FLOW,
        vol.Required("selector"): {KEY: {"options": TEXTS}},
        vol.Required("entity"): {KEY: {KEY: ENTITY}},
        vol.Required("exceptions"): {KEY: {vol.Required("message"): text}},
        vol.Required("issues"): {str: ISSUE},
        vol.Required("services"): {KEY: ACTION},
        vol.Required("system_health"): {"info": TEXTS},
    }
)


# What a dialog on a phone has for its title, in letters of the Latin alphabet.
LETTERS_OF_A_PHONE = 32


def width(words: str) -> int:
    """Return how wide a text is, in letters: a Chinese or Japanese sign takes the place of two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in words)


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_there_is_one_place_for_the_english_texts() -> None:
    assert not (INTEGRATION / "strings.json").exists()
    assert {path.suffix for path in TRANSLATIONS.iterdir()} == {".json"}


def test_all_languages_are_there() -> None:
    assert set(PRESENT) == LANGUAGES


@pytest.mark.parametrize("language", PRESENT)
def test_texts_are_well_formed(language: str) -> None:
    SCHEMA(read(language))


@pytest.mark.parametrize("language", PRESENT)
def test_a_language_says_all_that_english_says(language: str) -> None:
    english, texts = dict(leaves(ENGLISH)), dict(leaves(read(language)))
    assert set(texts) == set(english)
    assert {key: placeholders(words) for key, words in texts.items()} == {
        key: placeholders(words) for key, words in english.items()
    }


@pytest.mark.parametrize("language", [one for one in PRESENT if one != "en"])
def test_a_language_is_not_english(language: str) -> None:
    """Names and short words can be alike; whole sentences cannot."""
    texts = dict(leaves(read(language)))
    sentences = {key: words for key, words in leaves(ENGLISH) if words.count(" ") > 5}
    assert not [key for key, words in sentences.items() if texts.get(key) == words]


@pytest.mark.parametrize("language", PRESENT)
def test_the_title_of_a_repair_fits_into_its_dialog(language: str) -> None:
    """A second line of it would cover who reports the problem, so that it names no board: names can be long."""
    for issue in read(language)["issues"].values():
        for step in issue.get("fix_flow", {"step": {}})["step"].values():
            assert not placeholders(step["title"])
            assert width(step["title"]) <= LETTERS_OF_A_PHONE, step["title"]


@pytest.mark.parametrize("flow", ["config", "options"])
def test_every_field_is_explained(flow: str) -> None:
    for name, step in ENGLISH[flow]["step"].items():
        assert step.get("data", {}).keys() == step.get("data_description", {}).keys(), name
        assert step["title"], name
