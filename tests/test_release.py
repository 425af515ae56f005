"""The workflows that build a release, as far as they can run here."""

import calendar
import hashlib
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
FILES = sorted(WORKFLOWS.iterdir())
ALWAYS_NEWEST = {"home-assistant/actions/hassfest": "master", "hacs/action": "main"}
RELEASE: list[dict[str, Any]] = load_yaml_dict(str(WORKFLOWS / "release.yml"))["jobs"]["release"]["steps"]


def build_zip(target: Path) -> zipfile.ZipFile:
    """Build what is released, in a folder of its own: here the results must not land in the repository."""
    (commands,) = (str(step["run"]) for step in RELEASE if step.get("name") == "Build the zip")
    environment = os.environ | {"GITHUB_WORKSPACE": str(target)}
    subprocess.run(["bash", "-ec", commands], check=True, cwd=REPOSITORY, env=environment, timeout=30)
    return zipfile.ZipFile(target / "mkr1000_ota.zip")


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


@pytest.mark.parametrize("path", [*FILES, *(REPOSITORY / "examples").glob("*.yml")], ids=lambda path: path.name)
def test_actions_are_pinned_to_what_was_read(path: Path) -> None:
    """A tag can be moved to other code, a commit cannot. The checks of HACS and Home Assistant have to be the newest."""
    used = re.findall(r"uses: ([\w./-]+)@(.+)", path.read_text())
    assert used
    for action, version in used:
        if newest := ALWAYS_NEWEST.get(action):
            assert version.split()[0] == newest
        else:
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", version), action


@pytest.mark.parametrize("path", [*FILES, *(REPOSITORY / "examples").glob("*.yml")], ids=lambda path: path.name)
def test_no_token_is_left_behind_in_a_checkout(path: Path) -> None:
    jobs = load_yaml_dict(str(path)).get("jobs", {}).values()
    checkouts = [step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_says_what_it_may(path: Path) -> None:
    workflow = load_yaml_dict(str(path))
    assert workflow["permissions"] == {"contents": "write" if path.name == "release.yml" else "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())


def test_updates_of_what_is_used_are_proposed_when_they_are_some_days_old() -> None:
    updates = load_yaml_dict(str(REPOSITORY / ".github" / "dependabot.yml"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)


def test_hacs_and_hassfest_look_at_every_change() -> None:
    jobs = load_yaml_dict(str(WORKFLOWS / "validate.yml"))["jobs"]
    assert {step["uses"] for job in jobs.values() for step in job["steps"]} >= {
        "home-assistant/actions/hassfest@master",
        "hacs/action@main",
    }


def test_nothing_else_is_taken_for_an_integration() -> None:
    """The action of hassfest checks whatever has a file of that name, wherever it is: no example may be called so."""
    listed = ["git", "ls-files", "manifest.json", "*/manifest.json"]
    found = subprocess.run(listed, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=30).stdout
    assert found.split() == [(INTEGRATION / "manifest.json").relative_to(REPOSITORY).as_posix()]


def test_continuous_integration_runs_what_everybody_runs() -> None:
    steps = load_yaml_dict(str(WORKFLOWS / "tests.yml"))["jobs"]["tests"]["steps"]
    assert any(step.get("run", "").endswith(" .ci/run") for step in steps)


@pytest.mark.parametrize(("tag", "code"), [(f"v{MANIFEST['version']}", 0), ("v99.0.0", 1)])
def test_a_tag_must_say_what_the_manifest_says(tag: str, code: int) -> None:
    assert run("Compare the tag with every version in the repository", GITHUB_REF_NAME=tag).returncode == code


@pytest.mark.parametrize(("tag", "kind"), [("v1.2.3", []), ("v1.2.3b1", ["--prerelease"])])
def test_a_beta_is_published_as_one(tmp_path: Path, tag: str, kind: list[str]) -> None:
    """Home Assistant offers a pre-release only to those who want one."""
    told = tmp_path / "gh"
    told.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    told.chmod(0o755)
    ended = run("Publish", GITHUB_REF_NAME=tag, PATH=f"{tmp_path}:{os.environ['PATH']}")
    files = ["mkr1000_ota.zip", "SHA256SUMS"]
    assert ended.stdout.split() == [
        *("release", "create", tag, *files, "--verify-tag", "--notes-file", "notes.md", *kind)
    ]
    assert ended.returncode == 0


def test_the_zip_holds_the_integration_and_nothing_else(tmp_path: Path) -> None:
    """What HACS unpacks into custom_components/mkr1000_ota."""
    files = (path.relative_to(INTEGRATION) for path in INTEGRATION.rglob("*") if path.is_file())
    listed = [path.as_posix() for path in files if "__pycache__" not in path.parts]
    archive = build_zip(tmp_path)
    assert sorted(archive.namelist()) == sorted(listed)
    assert {"manifest.json", "translations/en.json", "brand/icon.png", "arduino_ota/__init__.py"} <= set(listed)
    assert all(archive.read(name) == (INTEGRATION / name).read_bytes() for name in listed)
    digest = hashlib.sha256((tmp_path / "mkr1000_ota.zip").read_bytes()).hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  mkr1000_ota.zip\n"


def test_what_is_unpacked_by_hand_can_be_read_by_home_assistant_and_is_new(tmp_path: Path) -> None:
    """Permissions and dates come along. Python runs what it has compiled before if date and size are the same."""
    committed = ["git", "log", "-1", "--format=%ct"]
    newest = subprocess.run(committed, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=30).stdout
    for file in build_zip(tmp_path).infolist():
        assert file.external_attr >> 16 == 0o100644
        # The dates in a zip are even.
        assert 0 <= int(newest) - calendar.timegm(file.date_time) <= 1


def test_the_same_commit_makes_the_same_zip(tmp_path: Path) -> None:
    build_zip(tmp_path)
    first = (tmp_path / "mkr1000_ota.zip").read_bytes()
    build_zip(tmp_path)
    assert (tmp_path / "mkr1000_ota.zip").read_bytes() == first


def test_who_reports_a_problem_is_asked_for_diagnostics() -> None:
    forms = {path.stem: load_yaml_dict(str(path)) for path in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").iterdir()}
    assert forms.pop("config")["blank_issues_enabled"] is False
    for form in forms.values():
        assert form["name"] and form["description"]
        assert all(field["type"] == "markdown" or field["attributes"]["label"] for field in form["body"])
    asked = {field["id"]: field for field in forms["problem"]["body"] if "id" in field}
    assert asked["diagnostics"]["validations"] == {"required": True}
