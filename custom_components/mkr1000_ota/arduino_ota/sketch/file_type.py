"""Tells the files that people take for an image from an image: other formats of a build, archives, web pages, text."""

from typing import Final

from .findings import Refusal

_BEGINNINGS: Final = (
    (b"\x7fELF", Refusal.ELF),
    (b"PK\x03\x04", Refusal.ZIP),
    (b"PK\x05\x06", Refusal.ZIP),  # without a file in it
    (b"\x1f\x8b", Refusal.GZIP),
    (b"UF2\n", Refusal.UF2),
)
_PAGE: Final = (b"<!doctype html", b"<html")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# So much of a file is looked at to tell whether it is text.
_SAMPLE: Final = 1024
_HEX_RECORD: Final = b":0123456789ABCDEFabcdef\r\n"


def recognize(content: bytes) -> Refusal | None:
    """What a file is, if it is anything known that is no image."""
    if not content:
        return Refusal.EMPTY
    for beginning, refusal in _BEGINNINGS:
        if content.startswith(beginning):
            return refusal
    sample = content[:_SAMPLE].removeprefix(_BYTE_ORDER_MARK)
    text = sample.lstrip().lower()
    if text.startswith(_PAGE):
        return Refusal.HTML
    if not _is_text(sample):
        return None
    if b"<html" in text:
        return Refusal.HTML
    if text.startswith(b":") and not text.translate(None, _HEX_RECORD):
        return Refusal.HEX
    return Refusal.TEXT


def _is_text(sample: bytes) -> bool:
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.end < len(sample) or error.reason != "unexpected end of data":
            return False
        text = sample[: error.start].decode()
    return all(character.isprintable() or character.isspace() for character in text)
