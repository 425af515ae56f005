"""The workflows that build a release, as far as they can run here."""

import os
from pathlib import Path
import re
import subprocess
from typing import Any
import zipfile

from homeassistant.util.yaml import load_yaml_dict
import pytest

from tests.test_quality import INTEGRATION, MANIFEST, REPOSITORY

WORKFLOWS = REPOSITORY / ".github" / "workflows"
RELEASE: list[dict[str, Any]] = load_yaml_dict(str(WORKFLOWS / "release.yml"))["jobs"]["release"]["steps"]


def run(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the release in this repository."""
    (commands,) = (str(step["run"]) for step in RELEASE if step.get("name") == name)
    return subprocess.run(
        ["bash", "-ec", commands],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]} | environment,
        timeout=30,
    )


@pytest.mark.parametrize(
    "path", [*WORKFLOWS.iterdir(), *(REPOSITORY / "examples").glob("*.yml")], ids=lambda path: path.name
)
def test_actions_are_used_by_their_major_version(path: Path) -> None:
    used = re.findall(r"uses: ([\w./-]+)@(\S+)", path.read_text())
    without_releases = {"home-assistant/actions/hassfest": "master", "hacs/action": "main"}
    for action, version in used:
        assert version == without_releases.get(action) or re.fullmatch(r"v\d+", version), action


def test_hacs_and_hassfest_look_at_every_change() -> None:
    jobs = load_yaml_dict(str(WORKFLOWS / "validate.yml"))["jobs"]
    assert {step["uses"] for job in jobs.values() for step in job["steps"]} >= {
        "home-assistant/actions/hassfest@master",
        "hacs/action@main",
    }


def test_the_tests_run_on_the_oldest_and_on_the_newest_home_assistant() -> None:
    matrix = load_yaml_dict(str(WORKFLOWS / "tests.yml"))["jobs"]["tests"]["strategy"]["matrix"]["include"]
    assert [row["home-assistant"] for row in matrix] == ["2026.10", "newest"]


@pytest.mark.parametrize(("tag", "code"), [(f"v{MANIFEST['version']}", 0), ("v99.0.0", 1)])
def test_a_tag_must_say_what_the_manifest_says(tag: str, code: int) -> None:
    assert run("Compare the tag with every version in the repository", GITHUB_REF_NAME=tag).returncode == code


def test_the_zip_holds_the_integration_and_nothing_else(tmp_path: Path) -> None:
    """What HACS unpacks into custom_components/mkr1000_ota."""
    files = (path.relative_to(INTEGRATION) for path in INTEGRATION.rglob("*") if path.is_file())
    listed = [path.as_posix() for path in files if "__pycache__" not in path.parts]
    # The step runs where the repository is checked out; here its results must not land there.
    (commands,) = (str(step["run"]) for step in RELEASE if step.get("name") == "Build the zip")
    environment = {"PATH": os.environ["PATH"], "GITHUB_WORKSPACE": str(tmp_path)}
    subprocess.run(["bash", "-ec", commands], check=True, cwd=REPOSITORY, env=environment, timeout=30)
    with zipfile.ZipFile(tmp_path / "mkr1000_ota.zip") as archive:
        assert sorted(archive.namelist()) == sorted(listed)
        assert {"manifest.json", "translations/en.json", "brand/icon.png", "board/client.py"} <= set(listed)
        assert archive.testzip() is None
    assert (tmp_path / "SHA256SUMS").exists()


def test_who_reports_a_problem_is_asked_for_diagnostics() -> None:
    forms = {path.stem: load_yaml_dict(str(path)) for path in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").iterdir()}
    assert forms.pop("config")["blank_issues_enabled"] is False
    for form in forms.values():
        assert form["name"] and form["description"]
        assert all(field["type"] == "markdown" or field["attributes"]["label"] for field in form["body"])
    asked = {field["id"]: field for field in forms["problem"]["body"] if "id" in field}
    assert asked["diagnostics"]["validations"] == {"required": True}
