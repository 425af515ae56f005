"""`ota inspect`, as its users run it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.virtual_board.sketches import Quirks, build_sketch

FIELDS = ["file", "ok", "reason", "message", "size", "board", "ota", "library", "name", "version", "warnings"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Some files to inspect."""
    contents = {
        "good": build_sketch("Küche", "pä ß:x", "1.2.3"),
        "arduinoota": build_sketch("Hall", "", library="ArduinoOTA"),
        "no_ota": build_sketch(version="1.0", quirks=Quirks(poll=False)),
        "large": build_sketch("Barn", size=130_000, quirks=Quirks(sdu=True, storage="SDStorage")),
        "page": b"<html>Sign in</html>",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in [*contents, "missing"]}


@pytest.fixture
def inspect(ota: Run) -> Any:
    """Run the command; return its status and the objects that it printed."""

    async def inspect(*arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
        ended = await ota("inspect", *arguments)
        assert not ended.err
        return ended.status, [json.loads(line) for line in ended.out.splitlines()]

    return inspect


async def test_a_good_sketch_is_described(inspect: Any, files: dict[str, Path]) -> None:
    """All that it says of itself, and nothing secret."""
    status, [report] = await inspect(files["good"])
    assert status == 0
    assert sorted(report) == sorted(FIELDS)
    assert report == {
        "file": str(files["good"]),
        "ok": True,
        "reason": None,
        "message": None,
        "size": 16384,
        "board": "Arduino MKR1000",
        "ota": True,
        "library": "WiFi101OTA",
        "name": "Küche",
        "version": "1.2.3",
        "warnings": [],
    }


async def test_passwords_are_printed_when_asked_for(inspect: Any, files: dict[str, Path]) -> None:
    """The likeliest first."""
    status, reports = await inspect("--passwords", files["good"], files["arduinoota"])
    assert status == 0
    assert [report["passwords"][0] for report in reports] == ["pä ß:x", ""]


async def test_every_file_has_a_line_and_one_refused_file_makes_the_status(
    inspect: Any, files: dict[str, Path]
) -> None:
    """In the order in which they are named."""
    status, reports = await inspect(*files.values())
    assert status == 1
    assert [report["file"] for report in reports] == [str(file) for file in files.values()]
    assert [report["ok"] for report in reports] == [True, True, False, False, False, False]
    assert [report["reason"] for report in reports] == [None, None, "no_ota", "too_large", "html", "unreadable"]
    assert all(report["message"] for report in reports if not report["ok"])
    assert [report["size"] for report in reports[3:]] == [130_000, 20, None]


async def test_a_refused_sketch_is_described_as_far_as_it_is_one(inspect: Any, files: dict[str, Path]) -> None:
    """What it lacks is not all there is to say."""
    _, [no_ota, large] = await inspect(files["no_ota"], files["large"])
    assert (no_ota["board"], no_ota["ota"], no_ota["version"]) == ("Arduino MKR1000", False, "1.0")
    assert (large["board"], large["ota"], large["name"]) == ("Arduino MKR1000", True, "Barn")


async def test_what_is_allowed_is_not_refused(inspect: Any, files: dict[str, Path]) -> None:
    """A card takes a larger sketch, if the loader is in front; one without OTA may be wanted for once."""
    assert (await inspect("--storage", "sd", files["large"]))[0] == 0
    assert (await inspect("--storage", "serial_flash", files["large"]))[0] == 1
    assert (await inspect("--storage", "internal", files["large"]))[0] == 1
    assert (await inspect("--allow", "no_ota", files["no_ota"]))[0] == 0


async def test_a_lack_of_ram_is_told_once(inspect: Any, files: dict[str, Path]) -> None:
    files["good"].write_bytes(build_sketch(quirks=Quirks(free_ram=1000)))
    status, [report] = await inspect(files["good"])
    assert (status, report["reason"], report["warnings"]) == (1, "too_little_ram", [])
    status, [report] = await inspect(files["good"], "--allow", "too_little_ram")
    assert (status, [warning["reason"] for warning in report["warnings"]]) == (0, ["little_ram"])


async def test_a_folder_cannot_be_read(inspect: Any, tmp_path: Path) -> None:
    """It is reported like a file that is not there."""
    status, [report] = await inspect(tmp_path)
    assert (status, report["reason"]) == (1, "unreadable")
    assert "directory" in report["message"]
