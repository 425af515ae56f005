"""What is remembered of a source, for a start at which it cannot be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedRelease:
    """What was offered, as a `Release` has it; nothing that fetches it, and no password. `size` is in bytes."""

    version: str | None = None
    file: str = ""
    title: str | None = None
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    name: str | None = None
    model: str | None = None
    series: str | None = None
    stated_version: str | None = None
    # By their codes, with placeholders.
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """What the source with this id offered last, and since when it has been failing, in seconds since the epoch."""

    source: str | None = None
    release: RememberedRelease | None = None
    failing_since: float | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)
