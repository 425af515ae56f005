"""Print the manifest that offers sketches; see scripts/make_manifest."""

import argparse
import hashlib
import json
from pathlib import Path
import sys
from typing import Any
from urllib.parse import quote

from without_home_assistant import without_home_assistant

sketches = without_home_assistant("sketch.sketch")
names = without_home_assistant("firmware.versions")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/make_manifest", description="Make the manifest that offers sketches for an Arduino MKR1000."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.bin")
    parser.add_argument("--name", help="what the sketch is called")
    parser.add_argument("--version", help="the version of a file that states none, neither inside nor in its name")
    parser.add_argument("--notes", type=_text_of, metavar="FILE", help="release notes, in Markdown")
    parser.add_argument(
        "--password",
        help="the OTA password of the new sketch; it can be read by everybody who can read the manifest or the sketch",
    )
    parser.add_argument("--release-url", metavar="URL", help="a page about this release")
    parser.add_argument(
        "--url-prefix", default="", metavar="URL", help="where the files are, if not beside the manifest"
    )
    return parser.parse_args()


def release(file: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Return what the manifest says of one file. Raises ValueError, OSError or SketchRefused."""
    image = file.read_bytes()
    sketch = sketches.Sketch.inspect(image, storage_size=sketches.LARGE_STORAGE)
    version = sketch.version or names.version_of_file(file.name) or wanted.version
    if version is None or not names.VERSION.fullmatch(version):
        raise ValueError("No version: put the version marker into the sketch, or give --version")
    facts = {
        "name": wanted.name,
        "version": version,
        "board": "mkr1000",
        "path": wanted.url_prefix + quote(file.name),
        "size": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
        "url": wanted.release_url,
        "notes": wanted.notes,
        "password": wanted.password,
        "signature": wanted.url_prefix + quote(f"{file.name}.minisig") if _is_signed(file) else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def main() -> int:
    """Print the manifest; return the status to exit with."""
    wanted = arguments()
    releases, refused = [], False
    for file in wanted.files:
        try:
            releases.append(release(file, wanted))
        except OSError as error:
            print(f"{file}: The file cannot be read: {error.strerror}.", file=sys.stderr)
            refused = True
        except (ValueError, sketches.SketchRefused) as error:
            print(f"{file}: {error}", file=sys.stderr)
            refused = True
    if refused:
        return 1
    print(json.dumps(releases[0] if len(releases) == 1 else {"releases": releases}, indent=2, ensure_ascii=False))
    return 0


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise argparse.ArgumentTypeError(f"{file} is not a text in UTF-8") from error


def _is_signed(file: Path) -> bool:
    return file.with_name(f"{file.name}.minisig").exists()


if __name__ == "__main__":
    sys.exit(main())
