"""Which Home Assistant is run."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
INTEGRATION = REPOSITORY / "custom_components" / "mkr1000_ota"


@dataclass(frozen=True, slots=True)
class Edition:
    """An installed Home Assistant: what it is called here, and the Python that has it."""

    name: str
    python: Path


PINNED = Edition("pinned", REPOSITORY / ".venv" / "bin" / "python")
"""The release that the unit tests run on."""

NEWEST = Edition("newest", REPOSITORY / ".venv-newest" / "bin" / "python")
"""The newest stable release."""
