"""What the tests of the network have in common."""

import pytest

from custom_components.mkr1000_ota.network import adapters
from custom_components.mkr1000_ota.network.adapters import Reach


@pytest.fixture
def any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe announcements wherever a test puts its boards."""
    monkeypatch.setattr(adapters, "reach_of", lambda *_: Reach.ON_LINK)
