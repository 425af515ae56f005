"""The words that descriptions of sketches are made of: in sidecars, manifests and GitHub's answers."""

from collections.abc import Callable
from datetime import UTC, datetime
import json
import re
from typing import Any

import voluptuous as vol

from .versions import VERSION, bare

# Long enough for any changelog that someone reads before an update.
_LONGEST_NOTES = 64 * 1024
_LONGEST_LINE = 2048
_MOST_PATH_SHOWN = 120


def version(value: object) -> str:
    """Accept a version; a leading v is dropped."""
    if not isinstance(value, str) or not VERSION.fullmatch(value):
        raise vol.Invalid('expected a version such as "1.2.3"')
    return bare(value)


def moment(value: object) -> datetime:
    """Accept a date, or a date and time, of ISO 8601. Without a zone it is in UTC."""
    try:
        parsed = datetime.fromisoformat(value)  # type: ignore[arg-type]  # a TypeError says that it is no text
    except TypeError, ValueError:
        raise vol.Invalid("expected a date and time of ISO 8601") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def web_page(value: object) -> str:
    """Accept the address of a page to show: a link to anything but a web page would be a trap."""
    if not isinstance(value, str) or not re.match(r"https?://[^\s/]", value) or len(value) > _LONGEST_LINE:
        raise vol.Invalid("expected an http or https address")
    return value


def size(value: object) -> int:
    """Accept a number of bytes."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise vol.Invalid("expected a number of bytes")
    return value


def _text(longest: int) -> Callable[[object], str]:
    def text(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise vol.Invalid(f"expected a text of at most {longest} characters")
        return value

    return text


def _hexadecimal(digits: int) -> Callable[[object], str]:
    def hexadecimal(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", value):
            raise vol.Invalid(f"expected {digits} hexadecimal digits")
        return value.lower()

    return hexadecimal


line = _text(_LONGEST_LINE)
notes = _text(_LONGEST_NOTES)
# The board reads at most a line of headers; an empty password is legal.
password = _text(256)
sha256 = _hexadecimal(64)
md5 = _hexadecimal(32)


class Invalid(Exception):
    """A document is not what it should be: where in it, and what is wrong there. Values are not repeated."""

    def __init__(self, path: str, problem: str) -> None:
        """Take the path of keys and what was expected there."""
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def read_json(body: bytes) -> Any:
    """Read JSON. Raises ValueError."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def validate(schema: vol.Schema, document: object) -> Any:
    """Return what the schema makes of a document. Raises Invalid with its first problem."""
    try:
        return schema(document)
    except vol.MultipleInvalid as error:
        first = error.errors[0]
        raise Invalid(_spell(first.path), str(first.msg)) from None


def _spell(path: list[Any]) -> str:
    spelled = ""
    for step in path:
        match step:
            case int():
                spelled += f"[{step}]"
            case _:
                spelled += f".{step}"
    return spelled.removeprefix(".")[:_MOST_PATH_SHOWN] or "its beginning"
