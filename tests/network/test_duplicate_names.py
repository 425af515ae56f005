"""Boards of one name that nothing but their address tells apart are reported."""

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, StartBoard
from tests.support.steps import MAC

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


def reported(home: HomeAssistant) -> dict[str, str]:
    """Return the names that are reported, with the boards that bear them."""
    return {
        issue.translation_placeholders["name"]: issue.translation_placeholders["boards"]
        for issue in ir.async_get(home).issues.values()
        if issue.domain == DOMAIN and issue.translation_placeholders
    }


async def test_two_of_one_name_are_reported_until_one_is_removed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    for last, name in ((7, "Arduino"), (8, "Garden"), (9, "Pump")):
        await add_board(await start_board(address=f"127.0.0.{last}", name=name))
    assert reported(home) == {}
    second = await add_board(await start_board(address="127.0.0.10"))
    assert reported(home) == {"Arduino": "Arduino (127.0.0.10), Arduino (127.0.0.7)"}
    home.config_entries.async_update_entry(second, title="Arduino (127.0.0.10)")
    assert reported(home) == {"Arduino": "Arduino (127.0.0.10), Arduino (127.0.0.7)"}
    await home.config_entries.async_remove(second.entry_id)
    assert reported(home) == {}


async def test_a_known_hardware_address_tells_them_apart(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    first = await add_board(await start_board())
    await add_board(await start_board(address="127.0.0.8"))
    assert reported(home)
    home.config_entries.async_update_entry(first, data={**first.data, CONF_MAC: MAC})
    assert reported(home) == {}


async def test_another_name_tells_them_apart(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    first = await add_board(await start_board())
    await add_board(await start_board(address="127.0.0.8"))
    assert reported(home)
    first.runtime_data.coordinator.update_entry(**{CONF_NAME: "Garden"})
    assert reported(home) == {}


async def test_a_disabled_board_is_mistaken_for_nobody(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    first = await add_board(await start_board())
    await add_board(await start_board(address="127.0.0.8"))
    assert reported(home)
    await home.config_entries.async_set_disabled_by(first.entry_id, ConfigEntryDisabler.USER)
    assert reported(home) == {}


async def test_boards_of_other_integrations_are_no_namesakes(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    await add_board(await start_board())
    await home.config_entries.async_add(MockConfigEntry(domain="other", data={CONF_NAME: "Arduino"}))
    assert reported(home) == {}
