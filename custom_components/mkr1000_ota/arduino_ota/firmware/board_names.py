"""Which model a description means. Stands in for the table of models until that has `model_named`."""

import re

from ..sketch.sketch import Sketch

_MODELS = {
    "mkr1000": ("mkr1000", "arduinomkr1000", "mkr1000wifi", "arduinomkr1000wifi", "mkrwifi1000", "arduinomkrwifi1000"),
    "mkrwifi1010": ("mkrwifi1010", "arduinomkrwifi1010", "mkr1010", "mkr1010wifi"),
    "nano_33_iot": ("nano33iot", "arduinonano33iot"),
}


def model_named(text: str) -> str | None:
    """Return the id of a model from its id, its name, or an FQBN such as arduino:samd:mkr1000."""
    match text.split(":"):
        case [_, _, identifier, *_]:
            text = identifier
    letters = re.sub(r"[^a-z0-9]", "", text.casefold())
    return next((model for model, names in _MODELS.items() if letters in names), None)


def model_of(sketch: Sketch) -> str | None:
    """Return the id of the model that an image proves to be for."""
    return model_named(sketch.board)
