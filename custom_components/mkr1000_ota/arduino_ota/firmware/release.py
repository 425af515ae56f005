"""What every source of sketches speaks: releases, findings, the catalog of both."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
import hashlib
from typing import Protocol, Self

from .. import limits
from ..errors import SketchRefused
from ..sketch import Finding as SketchFinding, Sketch
from ..text import fit_to_show
from .reasons import Reason, ReasonedError
from .versions import bare


class SourceError(ReasonedError):
    """A source cannot say what it has, or cannot hand over an image.

    The message never contains an address's path or query, nor any credential.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A sketch that a source has. The size is in bytes, the hash is lower-case hexadecimal.

    `identifier` is unique within its source and is what the source fetches the image by; it may contain a secret
    (an address with a token), so it is never shown. `password` is the one that the sketch will want once it runs,
    where the source declares it, `board` the id of the model that it is declared to be for.
    """

    identifier: str = field(repr=False)
    version: str | None = None
    file: str = ""
    title: str | None = None
    notes: str | None = None
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    board: str | None = None
    password: str | None = field(default=None, repr=False)
    published: datetime | None = None
    # What fetches the signature, where the source names it.
    signature: str | None = field(default=None, repr=False)
    # The prefix that tells it from other series of the same source, where its file does not: that of a tag, say.
    series: str | None = None
    # What the image says of itself, once somebody has looked inside; it always says its model then. `built` is the
    # local time of a computer that nobody knows.
    name: str | None = None
    model: str | None = None
    stated_version: str | None = None
    built: datetime | None = None
    warnings: tuple[SketchFinding, ...] = ()

    @property
    def label(self) -> str:
        """What to call it when it is shown to a person."""
        return self.file or self.title or self.version or ""

    def verify(self, image: bytes) -> None:
        """Compare an image with the size and the hash that are declared. Raises SourceError."""
        if self.size not in (None, len(image)):
            raise SourceError(Reason.SIZE_MISMATCH, file=self.label, expected=str(self.size), actual=str(len(image)))
        if self.sha256 not in (None, actual := hashlib.sha256(image).hexdigest()):
            raise SourceError(Reason.SHA256_MISMATCH, file=self.label, expected=str(self.sha256), actual=actual)

    def with_facts(self, sketch: Sketch) -> Self:
        """Return the release with what its image says. The version that a sketch itself states beats every other.

        Raises SourceError if it is declared to be for another model than it is.
        """
        model = sketch.model.id if sketch.model else None
        if self.board and model and self.board != model:
            raise SourceError(Reason.DECLARED_FOR_OTHER_BOARD, file=self.label, board=self.board, model=model)
        stated = bare(sketch.version) if sketch.version else None
        return replace(
            self,
            version=stated or self.version,
            stated_version=stated,
            size=sketch.size,
            sha256=sketch.sha256,
            name=sketch.name,
            model=model,
            built=sketch.built,
            warnings=sketch.warnings,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a source that leads to no offer, and why.

    `code` is one of `Reason` or of the sketch inspector; `message` says it in English. `model` is the id of the model
    that it was meant for, None where that is not known.
    """

    file: str
    code: str
    placeholders: Mapping[str, str]
    message: str = ""
    model: str | None = None

    @classmethod
    def of(cls, file: str, reason: Reason, *, model: str | None = None, **placeholders: str) -> Self:
        """Return the finding of one of this package's own reasons."""
        return cls.from_error(file, SourceError(reason, file=file, **placeholders), model=model)

    @classmethod
    def from_error(cls, file: str, error: SourceError | SketchRefused, *, model: str | None = None) -> Self:
        """Return the finding that a file was refused for."""
        return cls(fit_to_show(file, limits.LINE), error.reason, dict(error.placeholders), str(error), model)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a source has to say, in no order that means anything: what is newest is for `offers` to say."""

    releases: tuple[Release, ...] = ()
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, found: Iterable[Release | Finding]) -> Self:
        """Return the catalog of what was found. What has the same content is one release."""
        releases: dict[str | int, Release] = {}
        findings: list[Finding] = []
        for each in found:
            if isinstance(each, Finding):
                findings.append(each)
            else:
                content = each.sha256 or len(releases)
                releases[content] = _united(releases[content], each) if content in releases else each
        if len(findings) > limits.FINDINGS:
            more = Finding.of("", Reason.MORE_FINDINGS, count=str(len(findings) - limits.FINDINGS))
            findings = [*findings[: limits.FINDINGS], more]
        return cls(tuple(releases.values()), tuple(findings))


def _united(first: Release, other: Release) -> Release:
    """Return a release with what another of the same content says beyond it."""
    missing = (each.name for each in fields(Release) if getattr(first, each.name) is None)
    return replace(first, **{name: getattr(other, name) for name in missing})


class FirmwareSource(Protocol):
    """Where sketches come from. Sources with equal keys offer the same and can share one catalog.

    All methods raise SourceError.
    """

    @property
    def key(self) -> Hashable:
        """What makes two sources the same. Never shown: it may contain a token."""

    @property
    def server(self) -> str | None:
        """What to call the server, without any secret; None where no server is."""

    async def catalog(self) -> Catalog:
        """Say what there is now; after an error, an earlier catalog stays true."""

    async def image(self, release: Release) -> bytes:
        """Return an image of this source's catalog, which is as the release declares it."""

    async def signature(self, release: Release) -> str | None:
        """Return the text of the minisign signature, None where the source has none."""
