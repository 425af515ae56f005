"""Versions as people write them, in the names of files and in tags."""

import re

# What a version may look like at all: it becomes an entity's state and part of texts.
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}", re.ASCII)

# `blinds-1.2.3`, `blinds_v1.2.3-rc1`, `1.2.3`, `v7`. A single number needs the v: `mkr-1000` is no version.
_AT_END_OF_NAME = re.compile(
    r"(?:^|[-_ ]|(?<!\d)\.)(?:[vV]?(?=\d+\.)|[vV](?=\d))"
    r"(?P<version>\d+(?:\.\d+)*(?:[-._]?(?:alpha|beta|dev|pre|rc|a|b)[-.]?\d*)?(?:\+[0-9A-Za-z.]+)?)$",
    re.ASCII,
)
_IMAGE = re.compile(r"(\.ino)?\.bin$", re.IGNORECASE)
_LEADING_V = re.compile(r"^[vV]\.?(?=\d)")


def version_in_name(stem: str) -> str | None:
    """Return the version at the end of a file name without its extension, or None."""
    match = _AT_END_OF_NAME.search(stem)
    return match["version"] if match else None


def version_of_file(file: str) -> str | None:
    """Return the version in the name of an image: 1.2.3 of `blinds-1.2.3.bin`, or of what the Arduino IDE exports."""
    return version_in_name(_IMAGE.sub("", file))


def version_of_tag(tag: str) -> str | None:
    """Return the version that a release tag means: `v1.2.3` and `blinds-v1.2.3` mean 1.2.3."""
    without_v = _LEADING_V.sub("", tag, count=1)
    if without_v[:1].isdigit() and VERSION.fullmatch(without_v):
        return without_v
    return version_in_name(tag.replace("/", "-")) or (tag if VERSION.fullmatch(tag) else None)
