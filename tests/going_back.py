"""Sketches to go back to and from, and what the user is told about that."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.mkr1000_ota.const import DOMAIN
from tests.virtual_board.sketches import build_sketch

LAMP = "light.garden"


def sketches(*versions: str) -> dict[str, bytes]:
    """Return sketches, each with a password of its own."""
    return {f"garden-{one}.bin": build_sketch(password=f"of {one}", version=one, seed=int(one[0])) for one in versions}


def issues(home: HomeAssistant) -> set[str | None]:
    """Return what the user is told about."""
    return {issue.translation_key for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN}
