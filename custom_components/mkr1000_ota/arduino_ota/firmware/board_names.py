"""Whether a description means the Arduino MKR1000, in the ways people write it."""

import re

MKR1000 = "mkr1000"

_BOARDS = {"mkr1000", "arduinomkr1000", "mkr1000wifi", "arduinomkr1000wifi", "mkrwifi1000", "arduinomkrwifi1000"}
_CHIPS = ("samd21", "atsamd21")


def is_mkr1000(board: str) -> bool:
    """Return whether a board's name, or its FQBN such as arduino:samd:mkr1000, means this board."""
    match board.split(":"):
        case [_, _, identifier, *_]:
            return _letters(identifier) == MKR1000
    return _letters(board) in _BOARDS


def is_chip(family: str) -> bool:
    """Return whether a manifest's chipFamily can mean this board: its chip is a SAMD21."""
    return is_mkr1000(family) or _letters(family).startswith(_CHIPS)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
