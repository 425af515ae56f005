"""The manifest: the JSON of ESP Web Tools and of ESPHome's http_request updates, extended for this board.

ESPHome documents `name`, `version` and `builds` with `chipFamily` and `ota` (`path`, `md5`, `summary`, `release_url`);
ESP Web Tools `parts` in the place of `ota`. Added here: `board`, `sha256`, `size`, `password`, `notes`, `signature`
and `published`, wherever they fit best, and `releases`, a list of several versions of the same shape. A version
with a single image needs no `builds`: `path` can stand right beside `version`.
"""

from collections.abc import Iterator
import re
from typing import Any

import voluptuous as vol
from yarl import URL

from ..hardware import MKR1000, model_named
from . import schema
from .fetcher import is_downgrade
from .reasons import Reason
from .release import LARGEST_IMAGE, Catalog, Finding, Release

_MOST_RELEASES = 200


def _optional(**validators: Any) -> dict[vol.Optional, Any]:
    # Many programs write null for what they have not got.
    return {vol.Optional(name): vol.Maybe(validator) for name, validator in validators.items()}


_FILE = _optional(path=schema.line, sha256=schema.sha256, md5=schema.md5, size=schema.size, signature=schema.line)
_WORDS = _optional(
    board=schema.line,
    password=schema.password,
    notes=schema.notes,
    summary=schema.notes,
    release_url=schema.web_page,
)
_IMAGE = vol.Schema(_FILE | _WORDS, extra=vol.ALLOW_EXTRA)
_BUILD = vol.Schema(
    _FILE | _WORDS | _optional(chipFamily=schema.line, ota=_IMAGE, parts=[_IMAGE]), extra=vol.ALLOW_EXTRA
)
_VERSION = _FILE | _WORDS | _optional(name=schema.line, published=schema.moment, builds=[_BUILD])
_RELEASE = vol.Schema({vol.Required("version"): schema.version} | _VERSION, extra=vol.ALLOW_EXTRA)
_SEVERAL = vol.Schema(
    {vol.Required("releases"): vol.All([_RELEASE], vol.Length(max=_MOST_RELEASES))}
    | _optional(name=schema.line, board=schema.line, password=schema.password),
    extra=vol.ALLOW_EXTRA,
)


def read_manifest(document: object, url: URL) -> Catalog:
    """Return what a manifest offers for this board; `url` is where it came from. Raises schema.Invalid."""
    found = [each for entry in _entries(document) for each in _offers(entry, url)]
    return Catalog.of(
        (each for each in found if isinstance(each, Release)), (each for each in found if isinstance(each, Finding))
    )


def _entries(document: object) -> Iterator[dict[str, Any]]:
    """Return each version with what the manifest says for all of them."""
    if not isinstance(document, dict) or "releases" not in document:
        yield schema.validate(_RELEASE, document)
        return
    manifest = schema.validate(_SEVERAL, document)
    common = {name: manifest[name] for name in ("name", "board", "password") if name in manifest}
    for entry in manifest["releases"]:
        yield _merged(common, entry)


def _offers(entry: dict[str, Any], url: URL) -> Iterator[Release | Finding]:
    label = " ".join(filter(None, (entry.get("name"), entry["version"])))
    builds = entry.get("builds") or [entry]
    fitting = [build for build in builds if _fits(build, entry)]
    if not fitting:
        named = {str(build.get("board") or build.get("chipFamily") or entry.get("board")) for build in builds}
        yield Finding.of(label, Reason.DECLARED_FOR_OTHER_BOARD, board=", ".join(sorted(named)))
    for build in fitting:
        yield _offer(_merged(entry, build, _image(build)), label, url)


def _fits(build: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Return whether nothing that is said of a build excludes this board."""
    boards = [each.get("board") for each in (entry, build, _image(build))]
    family = build.get("chipFamily")
    is_chip = family is None or model_named(family) == MKR1000 or re.match("(at)?samd21", family, re.IGNORECASE)
    return all(model_named(board) == MKR1000 for board in boards if board) and bool(is_chip)


def _image(build: dict[str, Any]) -> dict[str, Any]:
    match build:
        case {"ota": dict() as ota}:
            return ota
        case {"parts": [dict() as part]}:
            return part
    return {}


def _offer(facts: dict[str, Any], label: str, url: URL) -> Release | Finding:
    try:
        image = url.join(URL(facts["path"]))
        signature = str(url.join(URL(facts["signature"]))) if "signature" in facts else None
    except KeyError, ValueError:
        return Finding.of(label, Reason.NO_IMAGE)
    if image.scheme not in ("http", "https") or not image.host:
        return Finding.of(label, Reason.NO_IMAGE)
    if is_downgrade(url, image) and "sha256" not in facts:
        return Finding.of(label, Reason.INSECURE_IMAGE)
    if facts.get("size", 0) > LARGEST_IMAGE:
        return Finding.of(label, Reason.FILE_TOO_LARGE, size=str(facts["size"]), limit=str(LARGEST_IMAGE))
    return Release(
        version=facts["version"],
        identifier=str(image),
        file=image.name,
        title=facts.get("name"),
        notes=facts.get("notes") or facts.get("summary"),
        url=facts.get("release_url"),
        size=facts.get("size"),
        sha256=facts.get("sha256"),
        md5=facts.get("md5"),
        board=MKR1000.id if facts.get("board") else None,
        password=facts.get("password"),
        published=facts.get("published"),
        signature=signature,
    )


def _merged(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of an image, the more special word winning."""
    return {name: value for layer in layers for name, value in layer.items() if value is not None}
