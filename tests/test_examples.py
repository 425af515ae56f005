"""What sketch authors copy: the example sketch, and the workflow that releases it."""

import hashlib
import os
from pathlib import Path
import re
import subprocess
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import read_manifest
from custom_components.mkr1000_ota.arduino_ota.sketch.library_strings import VERSION_MARKER
from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import Sketch
from tests.virtual_board.sketches import build_sketch

REPOSITORY = Path(__file__).parent.parent
EXAMPLES = REPOSITORY / "examples"
SOURCE = (EXAMPLES / "garden" / "garden.ino").read_text()
SECRETS = (EXAMPLES / "garden" / "arduino_secrets.h.example").read_text()
WORKFLOW = load_yaml_dict(str(EXAMPLES / "release-sketch.yml"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["release"]["steps"]


def run_of(name: str) -> str:
    """Return the commands of a step."""
    (commands,) = (str(step["run"]) for step in STEPS if step.get("name", "").startswith(name))
    return commands


def test_the_sketch_states_its_version_and_serves_updates() -> None:
    version = re.findall(r'#define SKETCH_VERSION "([\w.]+)"', SOURCE)
    assert len(version) == 1
    assert f'asm volatile("" :: "r"("{VERSION_MARKER}" SKETCH_VERSION));' in SOURCE
    setup, loop = SOURCE.index("void setup()"), SOURCE.index("void loop()")
    assert setup < SOURCE.index("WiFiOTA.begin(") < loop < SOURCE.index("WiFiOTA.poll()")


def test_the_secrets_are_those_that_the_sketch_uses() -> None:
    defined = set(re.findall(r"#define (SECRET_\w+)", SECRETS))
    assert defined == set(re.findall(r"SECRET_\w+", SOURCE))
    assert defined == {
        f"SECRET_{name}" for name in re.findall(r"secrets\.([A-Z_]+)", str(STEPS)) if name != "MINISIGN_KEY"
    }
    assert (EXAMPLES / "garden" / ".gitignore").read_text().split() == ["arduino_secrets.h"]


def test_nothing_is_published_where_everybody_can_read_it() -> None:
    assert STEPS[0]["if"] == "${{ !github.event.repository.private }}"
    assert "exit 1" in STEPS[0]["run"]


@pytest.mark.parametrize("password", ["plain", 'quo"ted', "back\\slash", "pä ß:x"])
def test_secrets_reach_the_sketch_as_they_are(tmp_path: Path, password: str) -> None:
    """The commands are run, and what they write is read as a C compiler reads it."""
    (tmp_path / "garden").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "SKETCH": "garden",
        "SSID": "net",
        "PASS": "pass",
        "OTA_PASSWORD": password,
    }
    commands = run_of("Write the secrets")
    subprocess.run(["bash", "-ec", commands], check=True, cwd=tmp_path, env=environment, timeout=20)
    written = (tmp_path / "garden" / "arduino_secrets.h").read_text()
    (literal,) = re.findall(r'SECRET_OTA_PASSWORD "(.*)"$', written, re.MULTILINE)
    assert re.sub(r"\\(.)", r"\1", literal) == password


def test_the_workflow_makes_a_manifest_that_home_assistant_reads(tmp_path: Path) -> None:
    image = build_sketch(name="Garden", password="sesame", version="1.2.3")
    release = tmp_path / "release"
    release.mkdir()
    (release / "garden-1.2.3.bin").write_bytes(image)
    (tmp_path / ".mkr1000_ota").symlink_to(REPOSITORY)
    environment = {"PATH": os.environ["PATH"], "SKETCH": "garden", "IMAGE": "garden-1.2.3.bin"}
    commands = run_of("Inspect the image")

    subprocess.run(["bash", "-ec", commands], check=True, cwd=release, env=environment, timeout=60)

    manifest = (release / "manifest.json").read_bytes()
    (offered,) = read_manifest(manifest, URL("https://example.com/garden/manifest.json")).releases
    assert (offered.version, offered.title) == ("1.2.3", "garden")
    assert offered.identifier == "https://example.com/garden/garden-1.2.3.bin"
    assert offered.sha256 == hashlib.sha256(image).hexdigest()
    assert (release / "SHA256SUMS").read_text() == f"{offered.sha256}  garden-1.2.3.bin\n"
    assert offered.password is None and "sesame" not in (release / "manifest.json").read_text()
    assert Sketch.inspect(image).version == offered.version


def test_the_tag_must_be_the_version_of_the_sketch(tmp_path: Path) -> None:
    (tmp_path / "garden").mkdir()
    (tmp_path / "garden" / "garden.ino").write_text(SOURCE)
    for tag, code in (("v1.2.3", 0), ("v1.2.4", 1)):
        environment = {
            "PATH": os.environ["PATH"],
            "SKETCH": "garden",
            "GITHUB_REF_NAME": tag,
            "GITHUB_ENV": str(tmp_path / "env"),
        }
        commands = run_of("Compare the tag")
        ended = subprocess.run(["bash", "-ec", commands], check=False, cwd=tmp_path, env=environment, timeout=20)
        assert ended.returncode == code
    assert (tmp_path / "env").read_text() == "VERSION=1.2.3\nIMAGE=garden-1.2.3.bin\n"
