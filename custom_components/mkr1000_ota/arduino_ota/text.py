"""May this foreign text be stored, and may it be shown? Names, file names, notes and errors that others have written."""

import errno
import os
import re
import socket
from typing import Final
import unicodedata

# What takes no room and is in no category of its own: fillers, joiners, variation selectors, the blank of Braille, the
# note without a head.
_INVISIBLE: Final = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffe\uffff"
    r"\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")

# What GitHub's Markdown makes something of, wherever it stands: the frontend renders texts as that.
_ACTIVE: Final = re.compile(
    r"[\\`*\[\]<~|]"
    r"|&(?=[#\w])"  # a character reference
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word it is a letter
    r"|:(?=//)|(?<=www)\.|@"  # a bare address
    r"|^[#>+=-]",  # the beginning of a heading, quotation or list
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")

# The system's own words are for programmers, Python's name the address once more.
_ERRORS: Final = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was closed by the other end",
    errno.EHOSTUNREACH: "no device with this address responded",
    errno.ENETUNREACH: "there is no route to this address",
    errno.ETIMEDOUT: "there was no response in time",
    errno.ENOENT: "it does not exist",
    errno.EEXIST: "there is a file of this name",
    errno.ENOTDIR: "it is in a file, not in a folder",
    errno.EACCES: "access was denied",
    errno.EPERM: "access was denied",
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk is read-only",
}


def fit_to_store(text: str, limit: int) -> str:
    """Return a text of one or more lines that any program can store and show, of at most `limit` characters.

    It is valid Unicode without controls, direction marks and characters that cannot be seen. What is too long ends
    in an ellipsis, and not in the middle of a letter and its accents.
    """
    lines = _LINE_ENDS.sub("\n", text[: 4 * limit])
    kept = "".join(character for character in map(_fit, lines) if character)
    kept = _INVISIBLE.sub("", kept).strip()
    if len(kept) <= limit:
        return kept
    end = limit - 1
    while end and unicodedata.category(kept[end]).startswith("M"):
        end -= 1
    return (kept[: end or limit - 1].rstrip() + "…")[:limit]


def fit_to_show(text: str, limit: int) -> str:
    """Return the same as a single line: a name."""
    return fit_to_store(" ".join(fit_to_store(text, 4 * limit).split()), limit)


def escape_markdown(text: str) -> str:
    """Return Markdown that renders as this single line does, with nothing in it that can be followed or loaded."""
    return _NUMBERED.sub(r"\1\\\2", _ACTIVE.sub(r"\\\g<0>", " ".join(text.split())))


def words_of(error: BaseException) -> str:
    """Return what went wrong, for the middle of a sentence, in nobody's words but ours and the system's."""
    match error:
        case socket.gaierror():
            return "there is no host of this name"
        case OSError(errno=int(number)):
            return _ERRORS.get(number) or os.strerror(number).lower()
        case TimeoutError():
            return _ERRORS[errno.ETIMEDOUT]
    return "an unexpected error occurred"


def _fit(character: str) -> str:
    match unicodedata.category(character):
        case "Cs":
            return "\N{REPLACEMENT CHARACTER}"
        case "Cc":
            return character if character in "\n\t" else " "
        case "Cf":
            return ""
    return character
