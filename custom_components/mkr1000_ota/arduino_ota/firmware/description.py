"""What is known of an image in a file: from its content, from the description beside it, from its name."""

import hashlib
from typing import Any

import voluptuous as vol

from ..sketch.sketch import Sketch
from . import schema
from .board_names import MKR1000, is_mkr1000
from .integrity import check
from .reasons import Reason
from .release import Release, SourceError
from .versions import VERSION, bare, version_of_file

# An Intel HEX of a whole flash has three times its size, and the inspector then says that it is one.
LARGEST_FILE = 1024 * 1024
LARGEST_DESCRIPTION = 256 * 1024

# Unknown keys are refused: a misspelt `password` would be a board locked.
_DESCRIPTION = vol.Schema(
    {
        vol.Optional("version"): schema.version,
        vol.Optional("title"): schema.line,
        vol.Optional("notes"): schema.notes,
        vol.Optional("password"): schema.password,
        vol.Optional("sha256"): schema.sha256,
        vol.Optional("md5"): schema.md5,
        vol.Optional("size"): schema.size,
        vol.Optional("board"): schema.line,
        vol.Optional("url"): schema.web_page,
        vol.Optional("published"): schema.moment,
    }
)

type Description = dict[str, Any]


def read_description(body: bytes, file: str) -> Description:
    """Read the JSON file beside an image. Raises SourceError."""
    try:
        description: Description = schema.validate(_DESCRIPTION, schema.read_json(body))
    except schema.Invalid as error:
        raise SourceError(Reason.BAD_SIDECAR, file=file, path=error.path, problem=error.problem) from None
    except ValueError:
        raise SourceError(Reason.BAD_SIDECAR, file=file, path="its beginning", problem="it is not JSON") from None
    return description


def describe(image: bytes, file: str, description: Description, *, storage_size: int) -> Release:
    """Return the release that a file is, after a look inside.

    The version that the sketch itself states beats the description's, which beats the file name's.
    Raises SourceError or SketchRefused.
    """
    declared = {name: description[name] for name in ("size", "sha256", "md5") if name in description}
    check(image, file, **declared)
    sketch = Sketch.inspect(image, storage_size=storage_size)
    board = description.get("board")
    if board is not None and not is_mkr1000(board):
        raise SourceError(Reason.DECLARED_FOR_OTHER_BOARD, file=file, board=board)
    version = _stated(sketch) or description.get("version") or version_of_file(file)
    if version is None:
        raise SourceError(Reason.NO_VERSION, file=file)
    return Release(
        version=version,
        identifier=file,
        file=file,
        title=description.get("title"),
        notes=description.get("notes"),
        url=description.get("url"),
        size=len(image),
        sha256=hashlib.sha256(image).hexdigest(),
        board=MKR1000 if sketch.board else None,
        model=MKR1000,
        name=sketch.name,
        stated_version=sketch.version,
        password=description.get("password"),
        published=description.get("published"),
    )


def _stated(sketch: Sketch) -> str | None:
    return bare(sketch.version) if sketch.version and VERSION.fullmatch(sketch.version) else None
