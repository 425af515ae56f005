"""What GitHub's list of releases says about sketches."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import voluptuous as vol

from . import schema
from .checksums import is_checksums
from .reasons import Reason
from .release import LARGEST_IMAGE, Finding, Release
from .versions import version_of_tag

_SHA256 = "sha256:"
_LONGEST_NOTES = 64 * 1024

_ASSET = vol.Schema(
    {
        vol.Required("id"): int,
        vol.Required("name"): schema.line,
        vol.Required("size"): int,
        vol.Optional("state"): vol.Maybe(str),
        vol.Optional("digest"): vol.Maybe(str),
    },
    extra=vol.ALLOW_EXTRA,
)
_RELEASES = vol.Schema(
    [
        vol.Schema(
            {
                vol.Required("tag_name"): schema.line,
                vol.Required("assets"): [_ASSET],
                vol.Optional("name"): vol.Maybe(str),
                vol.Optional("body"): vol.Maybe(str),
                vol.Optional("html_url"): vol.Maybe(schema.web_page),
                vol.Optional("draft"): vol.Maybe(bool),
                vol.Optional("prerelease"): vol.Maybe(bool),
                vol.Optional("published_at"): vol.Maybe(schema.moment),
            },
            extra=vol.ALLOW_EXTRA,
        )
    ]
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which releases and which of their files are meant. The pattern is that of a shell."""

    asset: str
    prereleases: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A release, and the id of the file that lists its SHA-256 where GitHub itself does not tell it."""

    release: Release
    checksums: int | None


def read_page(body: bytes, selection: Selection) -> list[Offer | Finding]:
    """Return what one page of releases offers. Raises ValueError if it is no JSON, schema.Invalid if it is other JSON."""
    offers: list[Offer | Finding] = []
    for entry in schema.validate(_RELEASES, schema.read_json(body)):
        if entry.get("draft") or (entry.get("prerelease") and not selection.prereleases):
            continue
        assets = [asset for asset in entry["assets"] if asset.get("state") in (None, "uploaded")]
        offers.extend(_offer(entry, asset, assets) for asset in assets if fnmatchcase(asset["name"], selection.asset))
    return offers


def _offer(entry: dict[str, Any], asset: dict[str, Any], assets: Iterable[dict[str, Any]]) -> Offer | Finding:
    file, size = asset["name"], asset["size"]
    version = version_of_tag(entry["tag_name"])
    if version is None:
        return Finding.of(f"{entry['tag_name']}/{file}", Reason.NO_VERSION)
    if size > LARGEST_IMAGE:
        return Finding.of(file, Reason.FILE_TOO_LARGE, size=str(size), limit=str(LARGEST_IMAGE))
    digest = asset.get("digest") or ""
    listed = (each["id"] for each in assets if is_checksums(each["name"], file))
    signed = (each["id"] for each in assets if each["name"] == f"{file}.minisig")
    signature = next(signed, None)
    return Offer(
        Release(
            version=version,
            identifier=str(asset["id"]),
            file=file,
            title=entry.get("name"),
            notes=(entry.get("body") or "")[:_LONGEST_NOTES] or None,
            url=entry.get("html_url"),
            size=size,
            sha256=digest.removeprefix(_SHA256).lower() if digest.startswith(_SHA256) else None,
            published=entry.get("published_at"),
            signature=None if signature is None else str(signature),
        ),
        None if digest.startswith(_SHA256) else next(listed, None),
    )
