"""What is known of an image: from its content, from what is said of it, from its name."""

from collections.abc import Collection
from typing import Any, Final

from .. import limits
from ..hardware import model_named
from ..sketch import Sketch
from ..text import fit_to_show
from . import schema
from .reasons import Reason
from .release import Release, SourceError
from .versions import version_of_file

WITH_BOOTLOADER: Final = ".with_bootloader"

type Description = dict[str, Any]

# What can be said of an image in a file beside it and in a manifest. `name` and `title` are the same.
FIELDS: Final[dict[str, schema.Field]] = {
    "version": schema.version,
    "title": schema.line,
    "name": schema.line,
    "notes": schema.notes,
    "password": schema.password,
    "sha256": schema.sha256,
    "size": schema.number,
    "board": schema.line,
    "url": schema.web_page,
    "published": schema.moment,
}


def read_description(body: bytes, file: str) -> Description:
    """Read the JSON that belongs to an image. Raises SourceError."""
    try:
        return schema.read(schema.read_json(body), FIELDS)
    except schema.Invalid as error:
        raise SourceError(Reason.BAD_SIDECAR, file=file, path=error.path, problem=error.problem) from None


def declared(description: Description, *, file: str, identifier: str, signature: str | None = None) -> Release:
    """Return the release that is described; without a version of its own, with the one in the name of its file.

    Raises SourceError if it is for no board that is known.
    """
    words = dict(description)
    name, board = words.pop("name", None), words.pop("board", None)
    model = model_named(board) if board else None
    if board and model is None:
        raise SourceError(Reason.UNSUPPORTED_BOARD, file=file, board=board)
    words.setdefault("title", name)
    words.setdefault("version", version_of_file(file))
    shown = fit_to_show(file, limits.LINE)
    return Release(identifier=identifier, file=shown, board=model.id if model else None, signature=signature, **words)


def inspected(image: bytes, release: Release) -> Release:
    """Return a release with what its image says. A board in particular may have more to refuse.

    Raises SourceError or SketchRefused.
    """
    release.verify(image)
    return release.with_facts(Sketch.inspect(image, model=None, storage=None))


def without_bootloader(names: Collection[str]) -> list[str]:
    """Return the names of images; of two outputs of one build the one without the bootloader is meant."""
    named = {name.casefold() for name in names}
    plain = {name: name.casefold().replace(WITH_BOOTLOADER, "") for name in names}
    return [name for name in names if plain[name] == name.casefold() or plain[name] not in named]
