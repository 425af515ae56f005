"""An image: what it tells about itself, whether a board would survive it, and what its owner has to know before."""

from .findings import OVERRIDABLE, SENTENCES, Caution, Finding, Refusal
from .passwords import MOST_CANDIDATES
from .sketch import Sketch

__all__ = ["MOST_CANDIDATES", "OVERRIDABLE", "SENTENCES", "Caution", "Finding", "Refusal", "Sketch"]
