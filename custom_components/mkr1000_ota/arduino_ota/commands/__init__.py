"""The commands of `python -m arduino_ota`, in files by the packages that they need; and how they end."""

from enum import IntEnum
from errno import EINVAL
import os
from pathlib import Path
import sys
from typing import Self, TextIO

from ..limits import FILE


class Exit(IntEnum):
    """The status that a command ends with, and what that says about a board."""

    text: str

    def __new__(cls, status: int, text: str) -> Self:
        member = int.__new__(cls, status)
        member._value_ = status
        member.text = text
        return member

    # Of a flash, named like its verdict where it has one
    FLASHED = OK = 0, "{board} runs the new sketch and accepts {password}."
    REFUSED = 1, "the file is refused, or cannot be read; nothing was sent."
    USAGE = 2, "the command is not complete; nothing was sent."
    NO_BOARD = 3, "no board answers. Check its power, Wi-Fi and address; ota scan lists those that answer."
    WRONG_PASSWORD = 4, "{board} accepts another password: that of the sketch it runs now, not of the one to come."
    NOT_APPLIED = 5, "{board} runs the sketch that it ran before."
    UNCERTAIN = (
        6,
        "{board} answers, and nothing tells which sketch it runs. See what it does; flash it again if need be.",
    )
    LOCKED = 7, "{board} was flashed and accepts no known password. Its source passes the right one to WiFiOTA.begin()."
    NOT_BACK = 8, "{board} did not come back. Press its reset button, then start the command again."
    WITHOUT_OTA = 9, "{board} runs a sketch that takes no updates. Only a USB cable can replace it."
    NO_JOURNAL = 10, "the journal cannot be written or read; nothing was flashed."
    INTERRUPTED = 130, "interrupted. If a board was being flashed, start the same command again."


def say(status: Exit, text: str) -> Exit:
    """Tell the end of a command, and return it."""
    tell(text, sys.stderr if status else sys.stdout)
    return status


def tell(text: str, stream: TextIO) -> None:
    """Print a line, with what the stream cannot encode escaped. That nobody can read it ends nothing, a flash least of all."""
    encoding = stream.encoding or "ascii"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def read_file(path: Path) -> bytes:
    """Return the content of a file, no more than what shows that it is too large. Raises OSError."""
    if path.exists() and not path.is_file():
        raise OSError(EINVAL, "it is a directory, a device, or a pipe")
    with path.open("rb") as file:
        return file.read(FILE + 1)
