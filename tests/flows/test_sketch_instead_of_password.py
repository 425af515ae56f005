"""Whoever has the .bin of the running sketch has its password."""

from typing import Any

from homeassistant.const import CONF_HOST, CONF_NAME
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.const import CONF_TYPED_HOST
from custom_components.mkr1000_ota.flows.forms import CONF_SKETCH
from tests.conftest import AddBoard, Arp, Hear, StartBoard, Upload
from tests.support.flow_texts import says
from tests.support.looking import look
from tests.support.mending import know, reauthenticate, reconfigure, settle, stored_password, submit
from tests.support.steps import MAC, OTHER_MAC, Result, passwords_sent_to, typed
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end", "texts")]

RUNNING = build_sketch(name="Garden", password="sesame", version="2.1")


async def hand_over(home: HomeAssistant, result: Result, file: str) -> Result:
    """Submit the form of a reauthentication with a file."""
    return await home.config_entries.flow.async_configure(result["flow_id"], {CONF_SKETCH: file})


async def test_a_reauthentication_takes_the_sketch_and_learns_the_version(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload
) -> None:
    board = await start_board(password="sesame")
    entry = await add_board(board, password="forgotten")
    await settle(home)
    result = await hand_over(home, await reauthenticate(home, entry), await upload(RUNNING, "garden.bin"))
    assert result["reason"] == "reauth_successful"
    assert await stored_password(home, entry) == "sesame"
    assert entry.runtime_data.coordinator.installed_version == "2.1"


async def test_the_address_of_the_form_counts_as_typed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload
) -> None:
    """Nothing proved the board: it is not heard, and was found at another address than the one typed for it."""
    entry = await add_board(await start_board(password="sesame"), password="sesame")
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_TYPED_HOST: "127.0.0.99"})
    await look(home)
    assert not entry.runtime_data.coordinator.data
    result = await hand_over(home, await reauthenticate(home, entry), await upload(RUNNING, "garden.bin"))
    assert result["reason"] == "reauth_successful"
    await look(home)
    assert entry.runtime_data.coordinator.data


async def test_another_sketch_is_refused_and_nothing_is_stored(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload
) -> None:
    entry = await add_board(await start_board(password="sesame"), password="forgotten")
    await settle(home)
    other = build_sketch(name="Garden", password="something else", version="2.0")
    result = await hand_over(home, await reauthenticate(home, entry), await upload(other, "garden.bin"))
    assert result["errors"] == {CONF_SKETCH: "not_running"}
    assert await stored_password(home, entry) == "forgotten"
    result = await hand_over(home, result, await upload(RUNNING, "garden.bin"))
    assert result["reason"] == "reauth_successful"


@pytest.mark.parametrize("form", ["reauth", "reconfigure"])
@pytest.mark.parametrize("other", [{"library": "ArduinoOTA"}, {"name": "Pump"}], ids=str)
async def test_the_sketch_of_another_board_with_the_same_password_is_refused(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    upload: Upload,
    hear: Hear,
    other: dict[str, Any],
    form: str,
) -> None:
    board = await start_board(name="Garden", password="sesame")
    await add_board(await start_board(address="127.0.0.8", name="Pump", password="sesame"))
    entry = await add_board(board, password="sesame")
    await hear(board)
    await settle(home, board)
    file = await upload(build_sketch(**{"name": "Garden", "password": "sesame", "version": "7.7"} | other), "pump.bin")
    if form == "reauth":
        result = await hand_over(home, await reauthenticate(home, entry), file)
    else:
        result = await submit(home, await reconfigure(home, entry), typed(board), sketch=file)
    assert result["errors"] == {CONF_SKETCH: "not_running"}
    assert passwords_sent_to(board) == []
    assert entry.data[CONF_NAME] == "Garden"
    assert entry.runtime_data.coordinator.record.version is None


async def test_a_sketch_that_announces_another_name_than_its_image_says_is_taken(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload, hear: Hear
) -> None:
    """It puts its name together while it runs."""
    board = await start_board(name="Garden-4F21", password="sesame")
    entry = await add_board(board, password="forgotten")
    await hear(board)
    await settle(home)
    result = await hand_over(home, await reauthenticate(home, entry), await upload(RUNNING, "garden.bin"))
    assert result["reason"] == "reauth_successful"
    assert entry.runtime_data.coordinator.installed_version == "2.1"


async def test_the_stock_name_is_nobodys_own(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload, arp: Arp
) -> None:
    """A board was flashed by cable with the example of its library, which another board still runs."""
    board = await start_board(name="Garden", password="sesame")
    await add_board(await start_board(address="127.0.0.8"), title="Kitchen")
    entry = await add_board(board, password="sesame")
    arp(MAC, board.address)
    know(home, entry, MAC)
    await settle(home)
    image = build_sketch(name="Arduino", password="stock", version="9.9")
    await board.flash_over_usb(image)
    result = await hand_over(home, await reauthenticate(home, entry), await upload(image, "arduino.bin"))
    assert result["reason"] == "reauth_successful"


async def test_what_is_no_sketch_is_refused_with_the_reason(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload
) -> None:
    entry = await add_board(await start_board(password="sesame"), password="forgotten")
    await settle(home)
    result = await hand_over(home, await reauthenticate(home, entry), await upload(b"\x7fELF" * 20, "garden.elf"))
    assert result["errors"] == {CONF_SKETCH: "problem"}
    assert says(result, "sketch_elf")
    result = await hand_over(home, result, "0" * 32)
    assert says(result, "upload_gone")


async def test_a_board_is_reconfigured_with_its_sketch(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload
) -> None:
    board = await start_board(address="127.0.0.8", password="sesame")
    gone = await start_board()
    entry = await add_board(gone)
    await settle(home)
    await gone.power_off()
    file = await upload(RUNNING, "garden.bin")
    result = await submit(home, await reconfigure(home, entry), typed(board), sketch=file)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_HOST] == board.address
    assert await stored_password(home, entry) == "sesame"
    assert entry.runtime_data.coordinator.installed_version == "2.1"
    await settle(home)


async def test_what_is_in_a_sketch_goes_to_no_board_of_another_entry(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, upload: Upload, arp: Arp
) -> None:
    entry = await add_board(await start_board())
    other = await start_board(address="127.0.0.8", password="sesame")
    know(home, await add_board(other), OTHER_MAC)
    know(home, entry, MAC)
    arp(OTHER_MAC, other.address)
    await settle(home, other)
    file = await upload(RUNNING, "garden.bin")
    result = await submit(home, await reconfigure(home, entry), typed(other), sketch=file)
    assert result["errors"] == {CONF_HOST: "another_board"}
    assert passwords_sent_to(other) == []
