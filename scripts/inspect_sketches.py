"""Inspect sketch files and print what was found; see scripts/inspect."""

import argparse
from collections.abc import Collection
from contextlib import suppress
import json
from pathlib import Path
import sys
from typing import Any

from without_home_assistant import without_home_assistant

sketches = without_home_assistant("sketch")
SketchRefused = without_home_assistant("errors").SketchRefused
Storage = without_home_assistant("hardware").Storage


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/inspect", description="Inspect sketches for an Arduino MKR1000.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--storage", choices=[*Storage], default=Storage.INTERNAL, help="where the board puts a new sketch"
    )
    parser.add_argument("--allow-without-ota", action="store_true", help="do not refuse what only USB could replace")
    parser.add_argument("--passwords", action="store_true", help="print what may be its password, likeliest first")
    return parser.parse_args()


def inspect(file: Path, storage: str, allow: Collection[str]) -> tuple[dict[str, Any], Any]:
    """Inspect one file; return the verdict and what the sketch says about itself, None if it says nothing."""
    verdict: dict[str, Any] = {"ok": True, "reason": None, "message": None, "size": None}
    try:
        content = file.read_bytes()
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        return verdict | {"ok": False, "reason": "unreadable", "message": message}, None
    verdict |= {"size": len(content)}
    found = None
    with suppress(SketchRefused):  # also a sketch that is refused here can be a sound one
        found = sketches.Sketch.inspect(content, model=None, storage=None, allow=sketches.OVERRIDABLE)
    try:
        sketches.Sketch.inspect(content, storage=Storage(storage), allow=allow)
    except SketchRefused as refused:
        return verdict | {"ok": False, "reason": refused.reason, "message": str(refused)}, found
    return verdict, found


def main() -> int:
    """Print one JSON object a line for each file; return the status to exit with."""
    wanted = arguments()
    facts = ["ota", "library", "name", "version", *(["passwords"] if wanted.passwords else [])]
    allow = [sketches.Refusal.NO_OTA] if wanted.allow_without_ota else []
    all_fit = True
    for file in wanted.files:
        verdict, found = inspect(file, wanted.storage, allow)
        all_fit = all_fit and verdict["ok"] is True
        verdict["board"] = found.model.name if found and found.model else None
        report = {"file": str(file)} | verdict | {fact: getattr(found, fact, None) for fact in facts}
        print(json.dumps(report), flush=True)
    return 0 if all_fit else 1


if __name__ == "__main__":
    sys.exit(main())
