"""The store of one board, with a record on the disk."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.storage.records import BoardRecord
from custom_components.mkr1000_ota.storage.store import RecordStore
from tests.storage.test_records import FLASHING

SECRET = "of 1.0"


def path_of(home: HomeAssistant, entry_id: str = "one") -> Path:
    """Return the file of a board."""
    return Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}"))


@pytest.fixture
async def store(home: HomeAssistant) -> RecordStore:
    """The store of a board, with a record on the disk."""
    store = RecordStore(home, "one")
    await store.load()
    assert store.record == BoardRecord()
    await store.save(lambda _: FLASHING)
    return store
