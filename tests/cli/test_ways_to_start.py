"""Starting the command line: in a checkout, without any package, and where Home Assistant's modules are in the way."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.mkr1000_ota import arduino_ota
from tests.cli.command import INTEGRATION, REPOSITORY
from tests.cli.conftest import Run
from tests.virtual_board.sketches import build_sketch

# Whatever is installed, it is not there with these.
BARE = (sys.executable, "-I", "-S", "-c")
RUN = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('arduino_ota', run_name='__main__')"
OFFERED = "import sys; sys.path.append(sys.argv[1]); import arduino_ota; print(arduino_ota.Sketch, arduino_ota.Library)"
# A Python that has select in a file behind everything of PYTHONPATH, as most builds have it, in its lib-dynload.
NO_BUILT_IN_SELECT = """
from importlib.machinery import PathFinder
import select
import sys

sys.modules["built_in_select"] = sys.modules.pop("select")
sys.path.append({dynload!r})


class NotBuiltIn:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name) if name == "select" else None


sys.meta_path.insert(0, NotBuiltIn)
"""


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """A sketch in a file."""
    file = tmp_path / "garden-1.2.3.bin"
    file.write_bytes(build_sketch("Garden", "sesame", "1.2.3"))
    return file


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with the Python of these tests, so that no script needs to get one."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3.14").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python3.14").chmod(0o755)
    return f"{programs}:/usr/bin:/bin"


@pytest.fixture
def select_in_a_file(tmp_path: Path, path: str) -> dict[str, str]:
    """The environment of a Python in which select is not built in."""
    dynload = tmp_path / "lib-dynload"
    dynload.mkdir()
    (dynload / "select.py").write_text("from built_in_select import *\n")
    (tmp_path / "sitecustomize.py").write_text(NO_BUILT_IN_SELECT.format(dynload=str(dynload)))
    return os.environ | {"PYTHONPATH": str(tmp_path), "PATH": path}


def run(
    *command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env, cwd=cwd)


@pytest.mark.parametrize("command", ["inspect", "manifest"])
def test_sketches_need_no_package_at_all(sketch: Path, command: str) -> None:
    ended = run(*BARE, RUN, INTEGRATION, command, sketch)
    assert not ended.stderr
    assert json.loads(ended.stdout)["version"] == "1.2.3"


@pytest.mark.parametrize(
    ("command", "package"),
    [(["check", "127.0.0.1"], "aiohttp"), (["flash", "x.bin", "127.0.0.1"], "aiohttp"), (["scan"], "zeroconf")],
)
def test_what_is_missing_is_named(command: list[str], package: str) -> None:
    ended = run(*BARE, RUN, INTEGRATION, *command)
    assert ended.returncode == 2
    assert f"the package {package} is missing: run scripts/setup once" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_library_is_imported_without_any_package() -> None:
    ended = run(*BARE, OFFERED, INTEGRATION)
    assert "arduino_ota.sketch" in ended.stdout, ended.stderr


def test_everything_that_it_offers_is_there() -> None:
    for name in arduino_ota.__all__:
        assert getattr(arduino_ota, name) is not None
    with pytest.raises(AttributeError):
        _ = arduino_ota.nothing_of_that_name


def test_a_checkout_needs_no_set_up_where_there_is_a_python(sketch: Path, tmp_path: Path, path: str) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "custom_components").mkdir(parents=True)
    (checkout / "custom_components" / INTEGRATION.name).symlink_to(INTEGRATION)
    (checkout / "scripts").mkdir()
    script = checkout / "scripts" / "ota"
    script.write_bytes((REPOSITORY / "scripts" / "ota").read_bytes())
    script.chmod(0o755)
    ended = run(script, "inspect", sketch, env={"PATH": path})
    assert json.loads(ended.stdout)["ok"] is True, ended.stderr


def test_home_assistants_select_hides_nothing(sketch: Path, select_in_a_file: dict[str, str]) -> None:
    """A platform of the integration is called like a module of the standard library, which asyncio needs."""
    command = ("check", "127.0.0.1:1")
    hidden = f"import sys; sys.path.insert(1, {str(INTEGRATION)!r}); import asyncio"
    assert "select.py" in run(sys.executable, "-c", hidden, env=select_in_a_file).stderr

    for ended in (
        run(REPOSITORY / "scripts" / "ota", *command, env=select_in_a_file),
        run(sys.executable, "-m", "arduino_ota", *command, env=select_in_a_file, cwd=INTEGRATION),
    ):
        assert ended.returncode == 3
        assert ended.stderr.startswith("Nothing accepts a connection at 127.0.0.1:1: ")


@pytest.mark.parametrize("wrong", [[], ["fly"], ["flash"], ["flash", "x.bin", "300.0.0.1"], ["scan", "x"]])
async def test_what_makes_no_sense_is_refused(ota: Run, wrong: list[str]) -> None:
    ended = await ota(*wrong)
    assert ended.status == 2
    assert "usage: ota" in ended.err


@pytest.mark.parametrize("command", [[], ["inspect"], ["manifest"], ["scan"], ["check"], ["flash"]])
async def test_everything_explains_itself(ota: Run, command: list[str]) -> None:
    ended = await ota(*command, "--help")
    assert ended.status == 0
    assert ended.out.startswith("usage: ota")
