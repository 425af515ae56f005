"""A folder, sketches that are dropped into it, and what becomes of them."""

from collections.abc import Callable
import json
import os
from pathlib import Path
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.folder import FolderSource
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog
from tests.virtual_board.sketches import build_sketch

LONG_AGO = 1_700_000_000.0
SKETCH = build_sketch()
type Drop = Callable[..., Path]


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Path:
    """A folder for sketches."""
    folder = tmp_path / "sketches"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(folder: Path) -> Drop:
    """Put a file into the folder; it has been at rest since long ago unless told otherwise."""

    def drop(name: str, content: bytes | str | dict[str, Any] = SKETCH, modified: float = LONG_AGO) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        match content:
            case bytes():
                path.write_bytes(content)
            case str():
                path.write_text(content)
            case dict():
                path.write_text(json.dumps(content))
        os.utime(path, (modified, modified))
        return path

    return drop


@pytest.fixture
def source(folder: Path) -> FolderSource:
    """The source of the folder."""
    return FolderSource(folder)


def offered(catalog: Catalog) -> dict[str, str | None]:
    """Return the version of each file that is offered."""
    return {release.file: release.version for release in catalog.releases}


def refused(catalog: Catalog) -> dict[str, str]:
    """Return the reason for each file that is not offered."""
    return {finding.file: finding.code for finding in catalog.findings}
