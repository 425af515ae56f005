"""A new model is a row in the table of hardware: all that a person sees of models comes from there."""

from dataclasses import replace
import json
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.hardware import MKR1000
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from custom_components.mkr1000_ota.const import CONF_MODEL, DOMAIN
from custom_components.mkr1000_ota.diagnostics import async_get_config_entry_diagnostics
from custom_components.mkr1000_ota.flows.forms import OTHER
from tests.conftest import Arp, Offer, StartBoard
from tests.support.mending import settle
from tests.support.new_model import BOARD, ROW, add_row
from tests.support.steps import begin, choices, choose_model, enter_password, pick, typed, update_state
from tests.virtual_board.bad_sketches import WITHOUT_USB
from tests.virtual_board.sketches import NANO_33_IOT, build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")


async def fields_of_reconfigure(home: HomeAssistant, entry: ConfigEntry) -> Any:
    """Open that form, and return its fields by their names."""
    context: Any = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    result: Any = await home.config_entries.flow.async_init(DOMAIN, context=context)
    home.config_entries.flow.async_abort(result["flow_id"])
    return result["data_schema"].schema


async def test_it_is_added_described_and_offered_its_own_sketches(
    home: HomeAssistant, start_board: StartBoard, arp: Arp, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_row(monkeypatch)
    board = await start_board(library="ArduinoOTA")
    arp("24:0a:c4:00:00:01", board.address)
    result = await pick(home, await begin(home), typed(board))
    assert list(choices(result)) == ["mkrwifi1010", "nano_33_iot", ROW.id, OTHER]
    assert choices(result)[ROW.id] == ROW.name
    result = await enter_password(home, await choose_model(home, result, ROW.id), "password")
    entry = result["result"]
    assert entry.data[CONF_MODEL] == ROW.id
    await settle(home)

    [device] = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    assert (device.manufacturer, device.model, device.model_id) == ("Arduino", "MKR Vidor 4000", ROW.id)
    told = await async_get_config_entry_diagnostics(home, entry)
    assert told["model"]["id"] == ROW.id

    for_it, for_another = (build_sketch(library="ArduinoOTA", board=each) for each in (BOARD, NANO_33_IOT))
    described = {"garden-3.0.bin": for_it, "garden-3.0.json": json.dumps({"board": ROW.name}).encode()}
    await offer(entry, described | {"garden-4.0.bin": for_another})
    assert update_state(home).attributes["latest_version"] == "3.0"
    assert "different model" in update_state(home).attributes["release_summary"]

    fields = await fields_of_reconfigure(home, entry)
    assert {"value": ROW.id, "label": ROW.name} in fields[CONF_MODEL].config["options"]


async def test_it_is_named_to_whoever_has_another_board(
    home: HomeAssistant, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_row(monkeypatch)
    board = await start_board(library="ArduinoOTA")
    result = await choose_model(home, await pick(home, await begin(home), typed(board)), OTHER)
    assert f"- {ROW.name}" in result["description_placeholders"]["models"]


async def test_a_library_that_runs_on_it_too_proves_no_model_anymore(
    home: HomeAssistant, start_board: StartBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = build_sketch(board=WITHOUT_USB)
    assert Sketch.inspect(image).model is MKR1000
    add_row(monkeypatch, replace(ROW, libraries=(Library.WIFI101OTA,)))
    with pytest.raises(SketchRefused, match="which board"):
        Sketch.inspect(image)
    board = await start_board()
    assert board.options.library == "WiFi101OTA"
    result = await pick(home, await begin(home), typed(board))
    assert list(choices(result)) == ["mkr1000", ROW.id, OTHER]
    result = await enter_password(home, await choose_model(home, result, "mkr1000"), "password")
    told = await async_get_config_entry_diagnostics(home, result["result"])
    assert told["model"] == {"id": "mkr1000", "proven_by": None}
    assert CONF_MODEL in await fields_of_reconfigure(home, result["result"])
    await settle(home)
