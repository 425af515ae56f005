"""The commands about sketch files; they need nothing but Python."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import sys
from typing import Any, Final
from urllib.parse import quote

from ..errors import SketchRefused
from ..firmware import schema
from ..firmware.description import FIELDS
from ..firmware.versions import VERSION, version_of_file
from ..hardware import MKR1000, MODELS, Storage
from ..sketch.findings import OVERRIDABLE, Caution, Refusal
from ..sketch.sketch import Sketch
from . import Exit, read_file, tell

_MODELS: Final = {model.id: model for model in MODELS}
_FACTS: Final = ("ota", "library", "name", "version")


def inspect(parser: ArgumentParser, arguments: Sequence[str]) -> Exit:
    """Print one JSON object a line for each file."""
    parser.epilog = "Prints one JSON object a line. Ends with status 1 if any file is refused or cannot be read."
    add_sketch_arguments(parser)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--passwords", action="store_true", help="print what may be its password, likeliest first")
    wanted = parser.parse_args(arguments)
    all_fit = True
    for file in wanted.files:
        report = _report(file, wanted)
        all_fit = all_fit and report["ok"]
        tell(json.dumps(report), sys.stdout)
    return Exit.OK if all_fit else Exit.REFUSED


def manifest(parser: ArgumentParser, arguments: Sequence[str]) -> Exit:
    """Print the manifest, unless a file is refused."""
    parser.epilog = (
        "Put the manifest beside the files, or say with --url-prefix where they are. A signature FILE.bin.minisig\n"
        "beside a file is named, too. Prints no manifest and ends with status 1 if any file is refused."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.bin")
    parser.add_argument("--name", help="what the sketch is called")
    parser.add_argument("--version", help="the version of a file that states none, neither inside nor in its name")
    parser.add_argument("--notes", type=Path, metavar="FILE", help="release notes, in Markdown")
    parser.add_argument(
        "--password",
        help="the OTA password of the new sketch; it can be read by everybody who can read the manifest or the sketch",
    )
    parser.add_argument("--url", help="a page about this release")
    parser.add_argument(
        "--url-prefix", default="", metavar="URL", help="where the files are, if not beside the manifest"
    )
    wanted = parser.parse_args(arguments)
    if not re.match(r"(https?://[^/]|/|[^:]*$)", wanted.url_prefix):
        parser.error(f"{wanted.url_prefix} is no place on the web")
    if wanted.url_prefix and not wanted.url_prefix.endswith("/"):
        wanted.url_prefix += "/"
    try:
        wanted.notes = wanted.notes and wanted.notes.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        parser.error(f"{wanted.notes}: {sentence(error)}")
    releases = []
    for file in wanted.files:
        try:
            releases.append(_release(file, wanted))
        except (schema.Invalid, ValueError, OSError, SketchRefused) as error:
            tell(f"{file}: {sentence(error)}", sys.stderr)
    if len(releases) < len(wanted.files):
        return Exit.REFUSED
    document = releases[0] if len(releases) == 1 else {"releases": releases}
    # In ASCII it is the same file whatever the encoding of the terminal.
    tell(json.dumps(document, indent=2), sys.stdout)
    return Exit.OK


def add_sketch_arguments(parser: ArgumentParser) -> None:
    """Add the options that `inspected` reads."""
    parser.add_argument("--model", choices=_MODELS, default=MKR1000.id, help="the board, if it is not an MKR1000")
    parser.add_argument("--storage", choices=[*Storage], default=Storage.INTERNAL, help="where it puts a new sketch")
    parser.add_argument(
        "--allow", action="append", choices=sorted(OVERRIDABLE), default=[], help="do not refuse it for this reason"
    )


def inspected(image: bytes, wanted: Namespace) -> Sketch:
    """Inspect an image for the board that the options describe. Raises SketchRefused."""
    model, storage = _MODELS[wanted.model], Storage(wanted.storage)
    return Sketch.inspect(image, model=model, storage=storage, allow=OVERRIDABLE.intersection(wanted.allow))


def sentence(error: Exception) -> str:
    """Say what is wrong with a file."""
    return f"The file cannot be read: {error.strerror}." if isinstance(error, OSError) else str(error)


def _report(file: Path, wanted: Namespace) -> dict[str, Any]:
    verdict: dict[str, Any] = {"ok": True, "reason": None, "message": None}
    size = found = None
    try:
        image = read_file(file)
        size = len(image)
        with suppress(SketchRefused):  # also a sketch that is refused can be a sound one
            found = Sketch.inspect(image, model=None, storage=None, allow=OVERRIDABLE)
        inspected(image, wanted)
    except (OSError, SketchRefused) as error:
        verdict = {"ok": False, "reason": getattr(error, "reason", "unreadable"), "message": sentence(error)}
    facts = [*_FACTS, *(["passwords"] if wanted.passwords else [])]
    report = {"file": str(file)} | verdict | {"size": size, "board": found and found.model and found.model.name}
    warnings = found and [
        {"reason": warning.code, "message": warning.message}
        for warning in found.warnings
        # What would certainly crash is not said to crash perhaps.
        if (warning.code, verdict["reason"]) != (Caution.LITTLE_RAM, Refusal.TOO_LITTLE_RAM)
    ]
    return report | {fact: getattr(found, fact, None) for fact in facts} | {"warnings": warnings}


def _release(file: Path, wanted: Namespace) -> dict[str, Any]:
    """Return what the manifest says of one file."""
    sketch = Sketch.inspect(read_file(file), model=None, storage=None)
    version = sketch.version or version_of_file(file.name) or wanted.version
    if version is not None and not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version")
    signature = f"{file.name}.minisig"
    facts = {
        "name": wanted.name,
        "version": version,
        "board": sketch.model and sketch.model.id,
        "path": wanted.url_prefix + quote(os.fsencode(file.name)),
        "size": sketch.size,
        "sha256": sketch.sha256,
        "signature": wanted.url_prefix + quote(os.fsencode(signature)) if file.with_name(signature).exists() else None,
        "password": wanted.password,
        "url": wanted.url,
        "notes": wanted.notes,
    }
    said = {name: value for name, value in facts.items() if value is not None}
    schema.pick(said, FIELDS)
    return said
