"""Lists of SHA-256 sums, as sha256sum and its BSD relative write them."""

import re

_GNU = re.compile(r"\\?(?P<sum>[0-9a-fA-F]{64})(?:[ \t]+\*?(?P<file>.+))?")
_BSD = re.compile(r"SHA256 ?\((?P<file>.+)\) ?= ?(?P<sum>[0-9a-fA-F]{64})")
_LIST = re.compile(r"(?:.*[-_.])?(?:sha256sums?|checksums?)(?:[-_.].*)?", re.IGNORECASE)


def is_checksums(name: str, file: str) -> bool:
    """Return whether a file of this name can hold the sum of another: SHA256SUMS, checksums.txt, blinds.bin.sha256."""
    return name in (f"{file}.sha256", f"{file}.sha256sum") or bool(_LIST.fullmatch(name))


def find_sha256(text: str, file: str) -> str | None:
    """Return the sum of a file in lower-case hexadecimal, None if the list does not name it.

    A sum that stands alone is that of the file the list is named after.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        match = _GNU.fullmatch(line) or _BSD.fullmatch(line)
        if match is None:
            continue
        named = match["file"]
        if (named is None and len(lines) == 1) or (named is not None and named.rpartition("/")[2] == file):
            return match["sum"].lower()
    return None
