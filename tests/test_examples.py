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
from custom_components.mkr1000_ota.arduino_ota.firmware.versions import version_of_file
from custom_components.mkr1000_ota.arduino_ota.sketch.ota_library import VERSION_MARKER
from tests.virtual_board.sketches import BOARDS, build_sketch

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


def compiled_for(board: str) -> str:
    """Return what a compiler sees of the sketch whose tools define a board."""
    seen, lines = [True], []
    for line in SOURCE.splitlines():
        match line.split():
            case ["#if", condition]:
                seen.append(condition == f"defined(ARDUINO_SAMD_{board})")
            case ["#else"]:
                seen[-1] = not seen[-1]
            case ["#endif"]:
                seen.pop()
            case _ if all(seen):
                lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("board", "libraries", "begin"),
    [
        ("MKR1000", ["WiFi101.h", "WiFi101OTA.h"], "WiFiOTA.begin("),
        ("MKRWIFI1010", ["WiFiNINA.h", "ArduinoOTA.h"], "ArduinoOTA.begin(WiFi.localIP(), "),
        ("NANO_33_IOT", ["WiFiNINA.h", "ArduinoOTA.h"], "ArduinoOTA.begin(WiFi.localIP(), "),
    ],
)
def test_the_sketch_states_its_version_and_serves_updates(board: str, libraries: list[str], begin: str) -> None:
    source = compiled_for(board)
    assert re.findall(r"#include <(.*)>", source) == ["SPI.h", *libraries]
    assert len(re.findall(r'#define SKETCH_VERSION "([\w.]+)"', source)) == 1
    assert f'asm volatile("" :: "r"("{VERSION_MARKER}" SKETCH_VERSION));' in source
    setup, loop = source.index("void setup()"), source.index("void loop()")
    called = re.findall(r"(\w+OTA)\.(?:begin|poll)", source)
    assert called == [begin.partition(".")[0]] * 2
    assert setup < source.index("  connect();") < source.index(f'{begin}"Garden", OTA_PASSWORD, InternalStorage)')
    assert source.index(begin) < loop < source.index(f"{called[0]}.poll()")


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


def test_the_workflow_builds_each_model_under_a_name_that_tells_it(tmp_path: Path) -> None:
    """The commands are run with a compiler that notes what it is asked for."""
    tools = tmp_path / "tools"
    tools.mkdir()
    compiler = tools / "arduino-cli"
    compiler.write_text('#!/bin/sh\n[ "$1" = compile ] || exit 0\nmkdir -p "$5" && echo "$3" > "$5/$6.ino.bin"\n')
    compiler.chmod(0o755)
    models = str(WORKFLOW["env"]["MODELS"])
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SKETCH": "garden",
        "VERSION": "1.2.3",
        "MODELS": models,
    }
    subprocess.run(["bash", "-ec", run_of("Build")], check=True, cwd=tmp_path, env=environment, timeout=20)
    assert models.split() == ["mkr1000", "mkrwifi1010", "nano_33_iot"]
    for model in models.split():
        file = f"garden-{model}-1.2.3.bin"
        assert (tmp_path / "release" / file).read_text() == f"arduino:samd:{model}\n"
        assert version_of_file(file) == "1.2.3"


def test_the_workflow_makes_one_manifest_of_all_models(tmp_path: Path) -> None:
    release = tmp_path / "release"
    release.mkdir()
    libraries = {"mkr1000": "WiFi101OTA", "mkrwifi1010": "ArduinoOTA", "nano_33_iot": "ArduinoOTA"}
    for model, library in libraries.items():
        image = build_sketch("Garden", "sesame", "1.2.3", library, board=BOARDS[model])
        (release / f"garden-{model}-1.2.3.bin").write_bytes(image)
    (tmp_path / ".mkr1000_ota").symlink_to(REPOSITORY)
    environment = {"PATH": os.environ["PATH"], "SKETCH": "garden"}

    subprocess.run(["bash", "-ec", run_of("Inspect")], check=True, cwd=release, env=environment, timeout=60)

    manifest = (release / "manifest.json").read_bytes()
    offered = read_manifest(manifest, URL("https://example.com/garden/manifest.json")).releases
    assert {each.board: each.identifier for each in offered} == {
        model: f"https://example.com/garden/garden-{model}-1.2.3.bin" for model in libraries
    }
    for each in offered:
        assert (each.version, each.title, each.password) == ("1.2.3", "garden", None)
        image = (release / f"garden-{each.board}-1.2.3.bin").read_bytes()
        assert each.sha256 == hashlib.sha256(image).hexdigest()
    assert b"sesame" not in manifest


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
    assert (tmp_path / "env").read_text() == "VERSION=1.2.3\n"
