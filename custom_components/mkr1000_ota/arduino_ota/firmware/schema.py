"""The words that descriptions of sketches are made of: in sidecars, manifests and GitHub's responses."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
import json
import re
from typing import Any, Final

from .. import limits
from ..text import fit_to_show, fit_to_store
from .versions import VERSION, bare

type Field = Callable[[Any], Any]


class Invalid(Exception):
    """A document is not what it should be: where in it, and what is wrong there. Values are not repeated."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def read_json(body: bytes) -> Any:
    """Read JSON that any other program can hold as well. Raises Invalid."""
    try:
        document = json.loads(body)
        # A lone surrogate, written as such or as an escape, can be neither stored nor shown.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise Invalid("its text", "it has half of a surrogate pair, which is no valid Unicode") from None
    except RecursionError, ValueError:
        raise Invalid("its beginning", "it is not valid JSON") from None
    level, depth = [document], 0
    while nested := [node for node in level if isinstance(node, dict | list)]:
        level = [child for node in nested for child in (node.values() if isinstance(node, dict) else node)]
        if (depth := depth + 1) > limits.JSON_DEPTH:
            raise Invalid("its end", f"it is nested more than {limits.JSON_DEPTH} levels deep")
    return document


def read(document: object, fields: Mapping[str, Field], *, where: str = "") -> dict[str, Any]:
    """Return what an object says; null says nothing. Raises Invalid, for a key that is not known as well.

    A misspelled `password` would be a board locked.
    """
    for key in document if isinstance(document, dict) else ():
        if key not in fields:
            similar = get_close_matches(key, fields, n=1)
            hint = f', did you mean "{similar[0]}"?' if similar else ""
            raise Invalid(_join(where, fit_to_show(key, 40)), f"unknown key{hint}")
    return pick(document, fields, where=where)


def pick(document: object, fields: Mapping[str, Field], *required: str, where: str = "") -> dict[str, Any]:
    """Return what is wanted of an object that says more. Raises Invalid."""
    if not isinstance(document, dict):
        raise Invalid(where or "its beginning", "expected an object")
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if (value := document.get(name)) is not None:
            try:
                found[name] = field(value)
            except ValueError as error:
                raise Invalid(_join(where, name), str(error)) from None
        elif name in required:
            raise Invalid(_join(where, name), "it is missing")
    return found


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _text(
    problem: str = "expected a text", is_right: Callable[[str], object] = lambda _: True, make: Field = str
) -> Field:
    def field(value: object) -> Any:
        if not isinstance(value, str) or not is_right(value):
            raise ValueError(problem)
        return make(value)

    return field


text: Final = _text()
line: Final = _text(make=lambda value: fit_to_show(value, limits.LINE))
notes: Final = _text(make=lambda value: fit_to_store(value, limits.NOTES))
version: Final = _text('expected a version such as "1.2.3"', VERSION.fullmatch, bare)
sha256: Final = _text("expected 64 hexadecimal digits", re.compile("[0-9a-fA-F]{64}").fullmatch, str.lower)
# A NUL would end it on the board.
password: Final = _text(
    f"expected a text of at most {limits.PASSWORD} characters",
    lambda value: len(value) <= limits.PASSWORD and "\0" not in value,
)
address: Final = _text(f"expected a text of at most {limits.URL} characters", lambda value: len(value) <= limits.URL)
# A link to anything but a web page would be a trap.
web_page: Final = _text(
    "expected an http or https URL",
    lambda value: re.fullmatch(r"https?://[^\s/]\S*", value) and fit_to_show(value, limits.URL) == value,
)


def moment(value: object) -> datetime:
    """Accept a date, or a date and time, of ISO 8601. Without a zone it is in UTC."""
    try:
        parsed = datetime.fromisoformat(value)  # type: ignore[arg-type]  # a TypeError says that it is no text
    except TypeError, ValueError:
        raise ValueError("expected a date and time of ISO 8601") from None
    if not 1970 < parsed.year < 9999:
        raise ValueError("expected a date of these times")  # near its ends a date cannot be put into another zone
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def number(value: object) -> int:
    """Accept a number of things that anything can hold."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError("expected a number")
    return value


def items(value: object) -> list[Any]:
    """Accept a list of anything."""
    if not isinstance(value, list):
        raise ValueError("expected a list")  # noqa: TRY004  # one kind of error for whatever is wrong
    return value
