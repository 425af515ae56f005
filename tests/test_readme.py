"""What the documents say is true: links lead somewhere, examples work, and nothing is left out."""

import os
from pathlib import Path
import re
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
README = (REPOSITORY / "README.md").read_text()
LINK = re.compile(r"\]\((?!https://)([^)\s]+)\)|src=\"(?!https://)([^\"]+)\"")


def blocks(language: str) -> list[str]:
    """Return the examples of a language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """Return a section of the README."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


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


def test_there_are_two_commands_for_a_newcomer() -> None:
    commands = [line.split("#")[0].strip() for line in blocks("sh")[0].splitlines()]
    assert commands == ["scripts/demo", "scripts/test"]
    assert all(os.access(REPOSITORY / command, os.X_OK) for command in commands)


@pytest.mark.parametrize("example", blocks("yaml"), ids=lambda example: example.partition("\n")[0])
async def test_automations_are_valid(hass: HomeAssistant, example: str) -> None:
    automation: Any = parse_yaml(example)
    validated = await async_validate_config_item(hass, "automation", automation)
    assert validated is not None
    assert validated.validation_status == "ok"


def test_descriptions_of_sketches_are_read() -> None:
    sidecar, manifest = blocks("json")
    assert read_description(sidecar.encode(), "garden-1.2.3.json")["version"] == "1.2.3"
    (release,) = read_manifest(manifest.encode(), URL("https://example.com/manifest.json")).releases
    assert (release.version, release.title, release.notes) == ("1.2.3", "Garden", "Waters in the morning.")


def test_every_option_is_explained() -> None:
    options = section("Options").lower()
    for step in ENGLISH["options"]["step"].values():
        for label in step.get("data", {}).values():
            assert label.lower() in options
    for choice in ENGLISH["options"]["step"]["init"]["menu_options"].values():
        assert choice.lower() in options


def test_every_entity_is_explained() -> None:
    entities = section("Entities")
    for platform, texts in ENGLISH["entity"].items():
        for words in texts.values():
            assert f"{words['name']} (`{platform}`)" in entities
    assert "Firmware (`update`)" in entities and "Connectivity (`binary_sensor`)" in entities
    for state in ENGLISH["entity"]["sensor"]["activity"]["state"].values():
        assert state.lower() in entities.lower()


def test_every_action_and_every_field_is_explained() -> None:
    actions = section("Actions")
    for name, service in SERVICES.items():
        assert f"`mkr1000_ota.{name}`" in actions
        for field in (service or {}).get("fields", {}):
            assert f"`{field}`" in actions


def test_every_event_is_explained() -> None:
    events = section("Events")
    for event in ENGLISH["entity"]["event"]["flash"]["state_attributes"]["event_type"]["state"]:
        assert f"`{event}`" in events


def test_troubleshooting_has_the_words_that_people_search_for() -> None:
    assert "OTA upload connects but flashing fails" in section("Troubleshooting")
