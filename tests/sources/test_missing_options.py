"""An entry that lacks what every entry has: it works as far as that can be, or says in words what is missing."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import CONF_LIBRARY, CONF_MANIFEST_URL, CONF_REPOSITORY, CONF_SOURCE, DOMAIN
from tests.support.actions import FIRMWARE, shown
from tests.virtual_board import VirtualBoard


def entry_of(home: HomeAssistant, board: VirtualBoard, **options: Any) -> MockConfigEntry:
    """Return an entry with the least that says where a board is."""
    data = {"host": board.address, "port": board.port, "password": board.password}
    return MockConfigEntry(
        domain=DOMAIN, title="Arduino", data={**data, CONF_LIBRARY: board.running.library}, options=options
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {CONF_SOURCE: "invented later"},
        {CONF_SOURCE: "upload"},
        {CONF_SOURCE: "github", CONF_REPOSITORY: "somebody/garden"},
        {CONF_SOURCE: "manifest", CONF_MANIFEST_URL: "http://127.0.0.1:9/m.json"},
    ],
    ids=lambda options: options.get(CONF_SOURCE, "nothing"),
)
async def test_without_a_name_or_options_a_board_is_set_up(
    home: HomeAssistant, board: VirtualBoard, options: dict[str, Any]
) -> None:
    entry = entry_of(home, board, **options)
    assert CONF_NAME not in entry.data
    await home.config_entries.async_add(entry)
    assert entry.state is ConfigEntryState.LOADED
    assert shown(home, FIRMWARE).attributes["installed_version"] == "unknown"
    assert await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("source", ["github", "manifest"])
async def test_a_server_without_an_address_is_told_in_words(
    home: HomeAssistant, board: VirtualBoard, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry = entry_of(home, board, **{CONF_SOURCE: source})
    await home.config_entries.async_add(entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.reason
    assert "KeyError" not in caplog.text
    assert not home.data.get(f"{DOMAIN}_catalogs"), "nothing is asked for what is not set up"
