"""The rules that hassfest and HACS hold a custom integration to, and the quality scale."""

import ast
from collections.abc import Iterator
from importlib import metadata, resources
import json
from pathlib import Path
import re
import struct
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import validate_selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.requirements import DISCOVERY_INTEGRATIONS
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

from custom_components.mkr1000_ota import async_setup
from custom_components.mkr1000_ota.const import DOMAIN

REPOSITORY = Path(__file__).parent.parent
INTEGRATION = REPOSITORY / "custom_components" / DOMAIN
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text())
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())
ENGLISH: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text())
SERVICES: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))

RULES = {
    "bronze": (
        "action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage "
        "dependency-transparency docs-actions docs-conditions docs-high-level-description "
        "docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id "
        "has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry"
    ),
    "silver": (
        "action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters "
        "entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage"
    ),
    "gold": (
        "devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations "
        "docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices "
        "entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations "
        "icon-translations reconfiguration-flow repair-issues stale-devices"
    ),
    "platinum": "async-dependency inject-websession strict-typing",
}
# These cannot be left out by anybody.
NEVER_EXEMPT = {"config-flow", "runtime-data", "unique-config-entry", "test-coverage", "strict-typing"}

# What hassfest lets every integration import without naming it.
IMPORTED_BY_ANYBODY = {
    *(platform.value for platform in Platform),
    "automation",
    "frontend",
    "homeassistant",
    "onboarding",
    "persistent_notification",
    "script",
    "system_health",
    "system_log",
    "websocket_api",
}

BRAND_SIZES = {"icon.png": 256, "icon@2x.png": 512}
LOGO_SHORT_SIDES = {"logo.png": (128, 256), "logo@2x.png": (256, 512)}

HTTPS = vol.Match(r"https://[^\s]+$")
UPPER = vol.All(str, vol.Match(r"[^a-z]*\*[^a-z]*$"))
LOWER = vol.All(str, vol.Match(r"[^A-Z]*$"))
MANIFEST_SCHEMA = vol.Schema(
    {
        vol.Required("domain"): DOMAIN,
        vol.Required("name"): str,
        # Where Home Assistant 2026.11 and later show it among what can be added.
        vol.Required("categories"): ["diy_makers.boards_hardware"],
        vol.Required("codeowners"): vol.All([vol.Match(r"@[\w/-]+$")], vol.Length(min=1)),
        vol.Required("config_flow"): True,
        vol.Required("connectivity"): ["network"],
        vol.Required("documentation"): HTTPS,
        vol.Required("integration_type"): "device",
        vol.Required("iot_class"): vol.In({"local_push", "local_polling", "cloud_push", "cloud_polling"}),
        vol.Required("issue_tracker"): HTTPS,
        vol.Required("quality_scale"): vol.In(RULES),
        vol.Required("version"): vol.Match(r"\d+\.\d+\.\d+(b\d+)?$"),
        vol.Optional("after_dependencies"): [str],
        vol.Optional("dependencies"): [str],
        vol.Optional("dhcp"): [
            vol.Any(
                {vol.Required("registered_devices"): True},
                vol.All({"hostname": LOWER, "macaddress": UPPER}, vol.Length(min=1)),
            )
        ],
        vol.Optional("loggers"): [str],
        vol.Optional("requirements"): [vol.Match(r"[A-Za-z0-9_.-]+==[0-9][\w.]*$")],
        vol.Optional("zeroconf"): [
            {
                vol.Required("type"): vol.Match(r"_[a-z0-9-]+\._(tcp|udp)\.local\.$"),
                "name": LOWER,
                "properties": {LOWER: LOWER},
            }
        ],
    }
)
HACS_SCHEMA = vol.Schema(
    {
        vol.Required("name"): str,
        "content_in_root": bool,
        "country": vol.Any(str, [str]),
        "filename": vol.Match(r".+\.zip$"),
        "hacs": str,
        "hide_default_branch": bool,
        "homeassistant": str,
        "persistent_directory": str,
        "render_readme": bool,
        "zip_release": bool,
    }
)


def test_the_manifest_has_what_it_must_and_nothing_else() -> None:
    MANIFEST_SCHEMA(MANIFEST)


def test_the_manifest_is_in_order() -> None:
    assert list(MANIFEST) == ["domain", "name", *sorted(MANIFEST.keys() - {"domain", "name"})]
    assert not set(MANIFEST.get("dependencies", ())) & set(MANIFEST.get("after_dependencies", ()))


def test_the_version_is_the_same_everywhere() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text()
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    assert f'version = "{MANIFEST["version"]}"' in project
    assert re.findall(r"^## (\d[\w.]*)", changelog, re.MULTILINE)[0] == MANIFEST["version"]


def test_hacs_finds_what_it_needs() -> None:
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    HACS_SCHEMA(hacs)
    assert AwesomeVersion(hacs["homeassistant"]) >= AwesomeVersion("2026.10.0")
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["zip_release"] and hacs["filename"] in (REPOSITORY / ".github/workflows/release.yml").read_text()
    # A branch has no such file: it would be offered and could not be installed.
    assert hacs["hide_default_branch"]
    assert (REPOSITORY / "LICENSE").read_text().startswith("MIT License")
    assert (REPOSITORY / "README.md").stat().st_size > 1000
    folders = [path for path in (REPOSITORY / "custom_components").iterdir() if path.name != "__pycache__"]
    assert folders == [INTEGRATION]


def test_there_is_a_picture_for_every_size_and_theme() -> None:
    pictures = {path.name: _size_of_png(path) for path in (INTEGRATION / "brand").iterdir()}
    assert set(pictures) == ALLOWED_IMAGES
    for name, side in BRAND_SIZES.items():
        assert pictures[name] == pictures[f"dark_{name}"] == (side, side)
    for name, (shortest, longest) in LOGO_SHORT_SIDES.items():
        assert pictures[name] == pictures[f"dark_{name}"]
        assert shortest <= min(pictures[name]) <= longest


def _size_of_png(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_what_is_imported_is_depended_on() -> None:
    named = {*MANIFEST.get("dependencies", ()), *MANIFEST.get("after_dependencies", ())}
    found_by = {domain for domain, keys in DISCOVERY_INTEGRATIONS.items() if any(key in MANIFEST for key in keys)}
    platforms = {path.stem for path in INTEGRATION.glob("*.py")}
    assert set(_imported_integrations()) <= IMPORTED_BY_ANYBODY | named | found_by | platforms


def _imported_integrations() -> Iterator[str]:
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ImportFrom(module="homeassistant.components", names=names):
                    yield from (name.name for name in names)
                case ast.ImportFrom(module=str(module)) if module.startswith("homeassistant.components."):
                    yield module.split(".")[2]
                case ast.Import(names=names):
                    modules = (name.name.split(".") for name in names)
                    yield from (parts[2] for parts in modules if parts[:2] == ["homeassistant", "components"])


def test_every_rule_of_the_quality_scale_is_answered() -> None:
    scale = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))
    assert list(scale) == ["rules"]
    answers = scale["rules"]
    rules = [rule for tier in RULES.values() for rule in tier.split()]
    assert list(answers) == rules
    assert len(rules) == 54
    for rule, answer in answers.items():
        match answer:
            case "done":
                continue
            case {"status": "done" | "exempt" as status, "comment": str(comment)} if len(comment) > 20:
                assert status == "done" or rule not in NEVER_EXEMPT
            case _:
                pytest.fail(f"{rule} is neither done nor exempt with a reason")
    assert MANIFEST["quality_scale"] == "platinum"


def test_every_platform_says_how_many_updates_it_takes_at_once() -> None:
    for platform in Platform:
        if (path := INTEGRATION / f"{platform}.py").exists():
            assert re.search(r"^PARALLEL_UPDATES = \d", path.read_text(), re.MULTILINE), platform


def test_what_is_required_has_types_of_its_own() -> None:
    """Strict typing ends where a package says nothing of its types."""
    for requirement in MANIFEST.get("requirements", ()):
        files = metadata.distribution(requirement.partition("==")[0]).files or ()
        assert any(file.name == "py.typed" for file in files), requirement


def test_home_assistants_way_in_takes_a_typed_entry() -> None:
    """In each of them hassfest wants to see the type of what runtime_data holds."""
    ways_in = {
        "async_get_config_entry_diagnostics": 1,
        "async_get_options_flow": 0,
        "async_remove_config_entry_device": 1,
        "async_remove_entry": 1,
        "async_setup_entry": 1,
        "async_unload_entry": 1,
    }
    for path in INTEGRATION.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in ways_in:
                annotation = node.args.args[ways_in[node.name]].annotation
                assert isinstance(annotation, ast.Name) and annotation.id == "BoardConfigEntry", f"{path}: {node.name}"


async def test_every_action_has_icon_name_description_and_fields(hass: HomeAssistant) -> None:
    assert await async_setup(hass, {})
    registered = set(hass.services.async_services_for_domain(DOMAIN))
    assert registered == set(SERVICES) == set(ENGLISH["services"]) == set(ICONS["services"])
    for action in registered:
        words = ENGLISH["services"][action]
        assert words["name"] and words["description"]
        fields = (SERVICES[action] or {}).get("fields", {})
        assert set(fields) == set(words.get("fields", {}))
        for name, field in fields.items():
            assert field.keys() <= {"example", "default", "required", "selector"}
            validate_selector(field["selector"])
            assert words["fields"][name]["name"] and words["fields"][name]["description"]
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    assert set(described) == registered


def test_icons_are_of_the_material_design() -> None:
    icons = list(_leaves({"entity": ICONS["entity"], "services": ICONS["services"]}))
    assert set(ICONS) == {"entity", "services"}
    there_are = resources.files("hass_frontend") / "static" / "mdi" / "iconList.json"
    assert icons and set(icons) <= {f"mdi:{icon['name']}" for icon in json.loads(there_are.read_text())}
    assert all(set(icon) == {"service"} for icon in ICONS["services"].values())


def _leaves(tree: dict[str, Any]) -> Iterator[str]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value
