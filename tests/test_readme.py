"""What the documents say is true: links lead somewhere, examples work, and nothing is left out."""

import os
from pathlib import Path
import re
from textwrap import dedent
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.description import read_description
from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import read_manifest
from tests.test_quality import ENGLISH, REPOSITORY, SERVICES

DOCUMENTS = [
    *REPOSITORY.glob("*.md"),
    *REPOSITORY.glob("docs/**/*.md"),
    REPOSITORY / "examples" / "README.md",
]
LINK = re.compile(r"\]\((?!https://)([^)\s]+)\)|src=\"(?!https://)([^\"]+)\"")
# Four screens of 25 lines.
MOST_LINES = 100


def read(name: str) -> str:
    """Return a page of the documentation."""
    return (REPOSITORY / "docs" / f"{name}.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    """Return the examples of a language on a page."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", read(page), re.MULTILINE | re.DOTALL)
    return [dedent(example) for _, example in found]


def anchors(document: str) -> set[str]:
    """Return what GitHub makes of the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for link in (first or second for first, second in LINK.findall(text)):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_every_picture_is_shown_and_small() -> None:
    shown = "".join(document.read_text() for document in DOCUMENTS)
    pictures = [*(REPOSITORY / "docs" / "screenshots").iterdir()]
    assert pictures
    for picture in pictures:
        assert f"screenshots/{picture.name})" in shown
        assert picture.stat().st_size < 150_000


def test_the_readme_is_short() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= MOST_LINES


def test_there_are_two_commands_for_a_developer() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    for command in ("scripts/demo", "scripts/test"):
        assert command in text
        assert os.access(REPOSITORY / command, os.X_OK)


@pytest.mark.parametrize("example", blocks("automations", "yaml"), ids=lambda example: example.partition("\n")[0])
async def test_automations_are_valid(hass: HomeAssistant, example: str) -> None:
    automation: Any = parse_yaml(example)
    validated = await async_validate_config_item(hass, "automation", automation)
    assert validated is not None
    assert validated.validation_status == "ok"


def test_descriptions_of_sketches_are_read() -> None:
    sidecar, manifest = blocks("sources", "json")
    assert read_description(sidecar.encode(), "garden-1.2.3.json")["version"] == "1.2.3"
    releases = read_manifest(manifest.encode(), URL("https://example.com/manifest.json")).releases
    assert "1.2.3" in [release.version for release in releases]


def test_every_option_is_explained() -> None:
    options = read("options-and-entities").partition("## Options")[2].lower()
    for step in ENGLISH["options"]["step"].values():
        for label in step.get("data", {}).values():
            assert label.lower() in options


def test_every_entity_is_explained() -> None:
    entities = read("options-and-entities").partition("## Entities")[2]
    for platform, texts in ENGLISH["entity"].items():
        for words in texts.values():
            assert f"{words['name']} (`{platform}`)" in entities
    assert "Firmware (`update`)" in entities and "Connectivity (`binary_sensor`)" in entities
    for state in ENGLISH["entity"]["sensor"]["status"]["state"].values():
        assert state.lower() in entities.lower()


def test_every_action_and_every_field_is_explained() -> None:
    actions = read("automations").partition("## Actions")[2]
    for name, service in SERVICES.items():
        assert f"`mkr1000_ota.{name}`" in actions
        for field in (service or {}).get("fields", {}):
            assert f"`{field}`" in actions


def test_every_event_is_explained() -> None:
    events = read("automations").partition("## Events")[2]
    for event in ENGLISH["entity"]["event"]["update_result"]["state_attributes"]["event_type"]["state"]:
        assert f"`{event}`" in events


def test_troubleshooting_has_the_words_that_people_search_for() -> None:
    assert "OTA upload connects but flashing fails" in read("troubleshooting")
