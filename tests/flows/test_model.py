"""Which model a board is: asked where nothing proves it."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mkr1000_ota.const import CONF_MODEL
from custom_components.mkr1000_ota.flows.forms import CONF_SKETCH, OTHER
from tests.conftest import AddBoard, Arp, Hear, StartBoard, Upload
from tests.support.discovering import discover
from tests.support.flow_texts import says
from tests.support.mending import reconfigure, settle, stored_password, submit
from tests.support.steps import MAC, begin, choices, choose_model, enter_password, passwords_sent_to, pick, typed
from tests.virtual_board.sketches import NANO_33_IOT, build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")

# Espressif made the Wi-Fi modules of the two other models.
ESPRESSIF = "24:0a:c4:00:00:01"

ALL = {
    "mkr1000": "Arduino MKR1000",
    "mkrwifi1010": "Arduino MKR WiFi 1010",
    "nano_33_iot": "Arduino NANO 33 IoT",
    OTHER: OTHER,
}


@pytest.mark.parametrize(("library", "mac"), [("WiFi101OTA", None), ("ArduinoOTA", MAC)])
async def test_an_mkr1000_that_something_proves_costs_no_more_clicks(
    home: HomeAssistant, start_board: StartBoard, arp: Arp, library: str, mac: str | None
) -> None:
    board = await start_board(library=library)
    arp(mac, board.address)
    result = await pick(home, await begin(home), typed(board))
    assert result["step_id"] == "password"
    result = await enter_password(home, result, "password")
    assert result["data"][CONF_MODEL] == "mkr1000"


@pytest.mark.parametrize(
    ("mac", "possible"),
    [
        (None, ["mkr1000", "mkrwifi1010", "nano_33_iot"]),
        # A repeater's says nothing of the board.
        ("a4:2b:b0:00:00:01", ["mkr1000", "mkrwifi1010", "nano_33_iot"]),
        (ESPRESSIF, ["mkrwifi1010", "nano_33_iot"]),
    ],
)
async def test_what_nothing_proves_is_asked_with_the_likely_one_chosen(
    home: HomeAssistant, start_board: StartBoard, arp: Arp, mac: str | None, possible: list[str]
) -> None:
    board = await start_board(library="ArduinoOTA")
    arp(mac, board.address)
    result = await pick(home, await begin(home), typed(board))
    assert choices(result) == {model: ALL[model] for model in [*possible, OTHER]}
    [field] = result["data_schema"].schema
    assert field.description == {"suggested_value": possible[0]}

    result = await choose_model(home, result, possible[-1])
    result = await enter_password(home, result, "password")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_MODEL] == possible[-1]


async def test_whoever_has_another_board_is_told_which_are_supported(
    home: HomeAssistant, start_board: StartBoard
) -> None:
    board = await start_board(library="ArduinoOTA")
    result = await pick(home, await begin(home), typed(board))
    result = await choose_model(home, result, OTHER)
    assert result["reason"] == "not_supported"
    for name in list(ALL.values())[:3]:
        assert name in result["description_placeholders"]["models"]
    assert passwords_sent_to(board) == []


async def test_a_card_asks_for_the_model_too(home: HomeAssistant, start_board: StartBoard) -> None:
    board = await start_board(library="ArduinoOTA")
    result = await choose_model(home, await discover(home, board, kind="arduino"), "nano_33_iot")
    result = await enter_password(home, result, "wrong")
    assert result["step_id"] == "password"  # the model is not asked for again
    result = await enter_password(home, result, "password")
    assert result["data"][CONF_MODEL] == "nano_33_iot"


async def test_the_model_is_asked_for_anew_where_another_board_responds_by_now(
    home: HomeAssistant, start_board: StartBoard, arp: Arp
) -> None:
    board = await start_board(library="ArduinoOTA")
    arp(MAC, board.address)
    result = await pick(home, await begin(home), typed(board))
    arp(ESPRESSIF, board.address)
    result = await enter_password(home, result, "secret of the first")
    assert (result["step_id"], result["errors"]) == ("model", {"base": "board_changed"})
    assert passwords_sent_to(board) == []


async def test_a_model_can_be_changed_later(home: HomeAssistant, start_board: StartBoard, add_board: AddBoard) -> None:
    board = await start_board(library="ArduinoOTA")
    entry = await add_board(board)
    await settle(home)
    result = await reconfigure(home, entry)
    result = await submit(home, result, typed(board), model="mkrwifi1010")
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert entry.data[CONF_MODEL] == "mkrwifi1010"


async def test_the_running_sketch_may_be_one_for_the_model_that_is_chosen(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard, upload: Upload
) -> None:
    """Whoever corrects the model may hand over the sketch instead of the password: it is for the right model."""
    board = await start_board(library="ArduinoOTA", password="sesame")
    entry = await add_board(board, password="forgotten")
    await settle(home)
    image = build_sketch("Garden", "sesame", library="ArduinoOTA", board=NANO_33_IOT)
    result = await submit(
        home,
        await reconfigure(home, entry),
        typed(board),
        model="mkrwifi1010",
        sketch=await upload(image, "garden.bin"),
    )
    assert result["errors"] == {CONF_SKETCH: "problem"}
    assert says(result, "sketch_other_board")
    result = await submit(home, result, typed(board), model="nano_33_iot", sketch=await upload(image, "garden.bin"))
    assert result["reason"] == "reconfigure_successful"
    await settle(home)
    assert entry.data[CONF_MODEL] == "nano_33_iot"
    assert await stored_password(home, entry) == "sesame"


async def test_where_the_library_proves_the_model_it_cannot_be_changed(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard
) -> None:
    board = await start_board()
    entry = await add_board(board)
    await settle(home)
    result = await reconfigure(home, entry)
    assert CONF_MODEL not in {str(field) for field in result["data_schema"].schema}


async def test_other_hardware_whose_model_nothing_proves_has_to_be_named(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard, hear: Hear
) -> None:
    entry = await add_board(await start_board())
    await settle(home)
    other = await start_board(address="127.0.0.8", name="Pump", library="ArduinoOTA")
    await hear(other)
    result = await reconfigure(home, entry, typed(other), "password")
    assert result["errors"] == {CONF_MODEL: "model_needed"}
    assert passwords_sent_to(other) == []
    result = await submit(home, result, typed(other), "password", model="nano_33_iot")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_MODEL] == "nano_33_iot"
    await settle(home)
