"""Whether an image is the one that its source announced."""

import hashlib

from .reasons import Reason
from .release import Release, SourceError


def check_announced(image: bytes, release: Release) -> None:
    """Compare an image with the size and the hashes that its release declares. Raises SourceError."""
    if release.size is not None and release.size != len(image):
        _refuse(Reason.SIZE_MISMATCH, release, str(release.size), str(len(image)))
    if release.sha256 is not None and release.sha256 != (actual := hashlib.sha256(image).hexdigest()):
        _refuse(Reason.SHA256_MISMATCH, release, release.sha256, actual)
    # ESPHome's manifests carry nothing better. It finds a broken download, not a malicious one.
    if release.md5 is not None and release.md5 != (actual := hashlib.md5(image, usedforsecurity=False).hexdigest()):
        _refuse(Reason.MD5_MISMATCH, release, release.md5, actual)


def _refuse(reason: Reason, release: Release, expected: str, actual: str) -> None:
    raise SourceError(reason, file=release.label, expected=expected, actual=actual)
