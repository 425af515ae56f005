"""Inspect sketch files and print what was found; see scripts/inspect."""

import argparse
from contextlib import suppress
import json
from pathlib import Path
import sys
from typing import Any

from without_home_assistant import without_home_assistant

sketches = without_home_assistant("sketch.sketch")
STORAGE = {
    "internal": sketches.INTERNAL_STORAGE,
    "sd": sketches.LARGE_STORAGE,
    "serial_flash": sketches.LARGE_STORAGE,
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/inspect", description="Inspect sketches for an Arduino MKR1000.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--storage", choices=STORAGE, default="internal", help="where the board puts a new sketch")
    parser.add_argument("--allow-without-ota", action="store_true", help="do not refuse what only USB could replace")
    parser.add_argument("--passwords", action="store_true", help="print what may be its password, likeliest first")
    return parser.parse_args()


def inspect(file: Path, storage_size: int, *, allow_without_ota: bool) -> tuple[dict[str, Any], Any]:
    """Inspect one file; return the verdict and what the sketch says about itself, None if it says nothing."""
    verdict: dict[str, Any] = {"ok": True, "reason": None, "message": None, "size": None}
    try:
        content = file.read_bytes()
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        return verdict | {"ok": False, "reason": "unreadable", "message": message}, None
    verdict |= {"size": len(content)}
    found = None
    with suppress(sketches.SketchRefused):  # also a sketch that is refused here can be a sound one
        found = sketches.Sketch.inspect(content, storage_size=sketches.LARGE_STORAGE, allow_without_ota=True)
    try:
        sketches.Sketch.inspect(content, storage_size=storage_size, allow_without_ota=allow_without_ota)
    except sketches.SketchRefused as refused:
        return verdict | {"ok": False, "reason": refused.reason, "message": str(refused)}, found
    return verdict, found


def main() -> int:
    """Print one JSON object a line for each file; return the status to exit with."""
    wanted = arguments()
    facts = ["board", "ota", "library", "name", "version", *(["passwords"] if wanted.passwords else [])]
    all_fit = True
    for file in wanted.files:
        verdict, found = inspect(file, STORAGE[wanted.storage], allow_without_ota=wanted.allow_without_ota)
        all_fit = all_fit and verdict["ok"] is True
        report = {"file": str(file)} | verdict | {fact: getattr(found, fact, None) for fact in facts}
        print(json.dumps(report), flush=True)
    return 0 if all_fit else 1


if __name__ == "__main__":
    sys.exit(main())
