"""Reading back what was written down: JSON that may be of another version of this program, or damaged."""

from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


def read_record[T](kind: type[T], stored: Any) -> T:
    """Make a dataclass of what JSON holds of it; what that knows besides is left out.

    Its fields are text, numbers, StrEnums, tuples of text, and None. Raises ValueError, whatever is wrong, and says
    nothing of the values: passwords are among them.
    """
    hints = get_type_hints(kind)
    try:
        known = {name: _read(hints[name], stored[name], name) for name in hints if name in stored}
        return kind(**known)
    except AttributeError, TypeError:
        raise ValueError(f"This is no {kind.__name__}") from None


def _read(hint: Any, value: object, name: str) -> object:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    for kind in kinds:
        match value:
            case list() if get_origin(kind) is tuple and all(isinstance(item, str) for item in value):
                return tuple(value)
            case str() if isinstance(kind, type) and issubclass(kind, StrEnum) and value in list(kind):
                return kind(value)
            case int() if kind is float and not isinstance(value, bool):
                return float(value)
            case _ if type(value) is kind:
                return value
    raise ValueError(f"{name} is not what it should be")


def is_storable(text: str) -> bool:
    """Tell whether JSON can hold a text: it has no lone surrogates, the bytes of what was not UTF-8 among them."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
