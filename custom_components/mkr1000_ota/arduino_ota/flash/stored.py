"""Facts as JSON and back, whoever has written them: an older, a newer or a broken version of this program."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

# The field, where there is one, that keeps what a newer version has written, for its return.
UNKNOWN = "unknown"
# Larger whole numbers are none that anything here has written; the largest of them no float can hold.
_LARGEST = 2**63


def to_json(value: Any) -> Any:
    """Return what JSON can hold of dataclasses of texts, numbers, enums, tuples and mappings."""
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.name != UNKNOWN]
        return {**getattr(value, UNKNOWN, {}), **{name: to_json(getattr(value, name)) for name in names}}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, tuple) else value


def from_json(kind: Any, stored: object, path: str) -> Any:
    """Return the facts of a kind; a null where there can be none counts as missing.

    Raises ValueError, which says where something is not what it should be, but not what it is: it may be a password.
    """
    match stored:
        case _ if isinstance(kind, UnionType):
            kinds = get_args(kind)
            return None if stored is None and NoneType in kinds else from_json(kinds[0], stored, path)
        case dict() if is_dataclass(kind):
            return _facts(kind, stored, path)
        case dict() if get_origin(kind) is Mapping:
            return {key: from_json(get_args(kind)[1], item, f"{path}.{key}") for key, item in stored.items()}
        case list() if get_origin(kind) is tuple:
            return tuple(from_json(get_args(kind)[0], item, f"{path}.{index}") for index, item in enumerate(stored))
        case str() if isinstance(kind, type) and issubclass(kind, Enum) and stored in {one.value for one in kind}:
            return kind(stored)
        case int() if kind is float and not isinstance(stored, bool) and abs(stored) < _LARGEST:
            return float(stored)
        case _ if kind is Any or type(stored) is kind:
            return stored
    raise ValueError(path)


def _facts(kind: Any, stored: Mapping[str, Any], path: str) -> Any:
    hints = get_type_hints(kind)
    there = {
        name: from_json(hint, stored[name], f"{path}.{name}")
        for name, hint in hints.items()
        if name in stored and name != UNKNOWN and (stored[name] is not None or NoneType in get_args(hint))
    }
    if UNKNOWN in hints:
        there[UNKNOWN] = {name: value for name, value in stored.items() if name not in hints}
    try:
        return kind(**there)
    except TypeError:
        raise ValueError(path) from None


def is_storable(text: str) -> bool:
    """Tell whether JSON can hold a text: it has no lone surrogates, the bytes of what was not UTF-8 among them."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
