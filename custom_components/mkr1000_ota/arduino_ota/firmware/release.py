"""What every source of sketches speaks: releases, findings, the catalog of both."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from ..errors import SketchRefused
from .reasons import Reason, sentence
from .versions import bare, newest_first

# The whole flash of the board is 256 KiB: what does not fit into that is no sketch for it.
LARGEST_IMAGE = 256 * 1024
# minisign's own limit for a trusted comment is 8 KiB; the rest of a signature file is small.
LARGEST_SIGNATURE = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version that a source offers. The size is in bytes, the hashes are lower-case hexadecimal.

    `identifier` is unique within its source and is what the source fetches the image by; it may contain a secret
    (an address with a token), so it is never shown. `password` is the one that the sketch will want once it runs,
    where the source declares it.
    """

    version: str
    identifier: str = field(repr=False)
    file: str = ""
    title: str | None = None
    notes: str | None = None
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    board: str | None = None
    password: str | None = field(default=None, repr=False)
    published: datetime | None = None
    # What fetches the signature, where the source names it.
    signature: str | None = field(default=None, repr=False)
    # The prefix that tells it from other series of the same source, where its file does not: that of a tag, say.
    series: str | None = None
    # What the image says of itself, once somebody has looked inside; it always says its model then.
    name: str | None = None
    model: str | None = None
    stated_version: str | None = None
    built: datetime | None = None
    warnings: tuple[object, ...] = ()

    @property
    def label(self) -> str:
        """The name to show to a person: the file's, else the version."""
        return self.file or self.version


class SourceError(Exception):
    """A source cannot say what it has, or cannot hand over an image.

    The message never contains an address's path or query, nor any credential. `retry_at` is set where asking
    again earlier is pointless.
    """

    def __init__(self, reason: Reason, *, retry_at: datetime | None = None, **placeholders: str) -> None:
        """Take the placeholders that the reason's sentence needs."""
        super().__init__(sentence(reason, placeholders))
        self.reason = reason
        self.placeholders = placeholders
        self.retry_at = retry_at


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a source that is not offered, and why.

    `reason` is a code of `Reason` or one of the sketch inspector's; `message` says it in English.
    """

    file: str
    reason: str
    placeholders: dict[str, str]
    message: str = ""

    @classmethod
    def of(cls, file: str, reason: Reason, **placeholders: str) -> Self:
        """Return the finding of one of this package's own reasons."""
        known = {"file": file, **placeholders}
        return cls(file, reason, known, sentence(reason, known))

    @classmethod
    def from_error(cls, file: str, error: SourceError | SketchRefused) -> Self:
        """Return the finding that a file was refused for."""
        return cls(file, error.reason, dict(error.placeholders), str(error))


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a source has to say. The releases are ordered newest first."""

    releases: tuple[Release, ...] = ()
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, releases: Iterable[Release], findings: Iterable[Finding] = ()) -> Self:
        """Return the catalog of what was found, in any order.

        Which of two releases of one version is meant cannot be known, so neither is offered.
        """
        offered: list[Release] = []
        found = list(findings)
        by_version: dict[str, list[Release]] = {}
        for release in releases:
            by_version.setdefault(bare(release.version), []).append(release)
        for alike in by_version.values():
            if len(alike) == 1:
                offered.append(alike[0])
                continue
            for release, other in zip(alike, [*alike[1:], alike[0]], strict=True):
                found.append(
                    Finding.of(release.label, Reason.DUPLICATE_VERSION, version=release.version, other=other.label)
                )
        return cls(tuple(newest_first(offered, lambda release: release.version)), tuple(found))

    @property
    def latest(self) -> Release | None:
        """The newest release, if there is any."""
        return self.releases[0] if self.releases else None

    def find(self, version: str) -> Release | None:
        """Return the release of a version, written exactly as the catalog writes it."""
        return next((release for release in self.releases if release.version == version), None)


class FirmwareSource(Protocol):
    """Where sketches come from. Sources with equal keys offer the same and can share one catalog."""

    @property
    def key(self) -> Hashable:
        """What makes two sources the same. Never shown: it may contain a token."""
        ...

    @property
    def server(self) -> str | None:
        """What to call the server that is asked, without any secret; None where no server is."""
        ...

    async def catalog(self) -> Catalog:
        """Look at what there is now. Raises SourceError; an earlier catalog stays true then."""
        ...

    async def image(self, release: Release) -> bytes:
        """Fetch an image of this source's catalog; size and hashes that the release declares have been checked.

        Raises SourceError.
        """
        ...

    async def signature(self, release: Release) -> str | None:
        """Fetch the text of the minisign signature, None where the source has none. Raises SourceError."""
        ...
