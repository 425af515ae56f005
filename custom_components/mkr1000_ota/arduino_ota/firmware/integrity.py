"""Whether an image is the one that its source announced."""

import hashlib

from .reasons import Reason
from .release import Release, SourceError


def check_announced(image: bytes, release: Release) -> None:
    """Compare an image with the size and the hashes that its release declares. Raises SourceError."""
    check(image, release.label, size=release.size, sha256=release.sha256, md5=release.md5)


def check(
    image: bytes, file: str, *, size: int | None = None, sha256: str | None = None, md5: str | None = None
) -> None:
    """Compare an image with a size in bytes and with hashes in lower-case hexadecimal. Raises SourceError."""
    if size is not None and size != len(image):
        raise SourceError(Reason.SIZE_MISMATCH, file=file, expected=str(size), actual=str(len(image)))
    if sha256 is not None and sha256 != (actual := hashlib.sha256(image).hexdigest()):
        raise SourceError(Reason.SHA256_MISMATCH, file=file, expected=sha256, actual=actual)
    # ESPHome's manifests carry nothing better. It finds a broken download, not a malicious one.
    if md5 is not None and md5 != (actual := hashlib.md5(image, usedforsecurity=False).hexdigest()):
        raise SourceError(Reason.MD5_MISMATCH, file=file, expected=md5, actual=actual)
