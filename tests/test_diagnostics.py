"""Diagnostics tell what a maintainer would ask for, and nothing secret."""

from dataclasses import replace
import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.errors import translated_error
from custom_components.mkr1000_ota.issues import Kind
from custom_components.mkr1000_ota.storage.records import WaitingOrder
from tests.conftest import AddBoard, Hear, Offer, StartBoard
from tests.support.actions import board_of
from tests.support.steps import UPDATE
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import NANO_33_IOT, build_sketch

REDACTED = "**REDACTED**"

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


async def test_a_board_that_was_flashed_is_described_without_its_passwords(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, hear: Hear, hass_client: Any
) -> None:
    board = await start_board(password="first secret")
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="second secret"), "readme-2.0.bin": b"<html>"})
    await home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    await hear(board)
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert "secret" not in json.dumps(told)

    assert told["state"] == "loaded"
    assert told["data"]["host"] == board.address
    assert told["data"]["password"] == REDACTED
    assert told["running_version"] == "1.0"
    assert told["known_passwords"] == 2
    assert told["archived"] == ["1.0"]
    [flash] = told["history"]
    assert flash["version"] == "1.0"
    assert flash["password"] == REDACTED
    assert told["source"]["kind"] == "folder"
    assert told["source"]["last_refresh_succeeded"] is True
    assert told["source"]["error"] is None
    assert told["source"]["releases"] == 1
    assert told["source"]["findings"] == [{"file": "readme-2.0.bin", "code": "html"}]
    assert [build["label"] for build in told["builds"]] == ["1.0"]
    assert told["heard"]["name"] == "Arduino"
    assert told["heard"]["seen"] == "0 s ago"
    assert told["boards_heard"] == 1


@pytest.mark.parametrize(
    ("library", "mac", "model", "proof"),
    [
        ("WiFi101OTA", None, "mkr1000", "library"),
        ("ArduinoOTA", "f8:f0:05:00:00:01", "mkr1000", "mac"),
        ("ArduinoOTA", "24:0a:c4:00:00:01", "nano_33_iot", None),
        ("ArduinoOTA", None, "mkrwifi1010", None),
    ],
)
async def test_the_model_is_there_and_how_it_was_found_out(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hass_client: Any,
    library: str,
    mac: str | None,
    model: str,
    proof: str | None,
) -> None:
    entry = await add_board(await start_board(library=library))
    facts = {"model": model} | ({"mac": mac} if mac else {})
    home.config_entries.async_update_entry(entry, data={**entry.data, **facts})
    told = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["model"] == {"id": model, "proven_by": proof}


async def test_a_sketch_that_was_flashed_from_here_and_runs_proves_the_model(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard, hass_client: Any
) -> None:
    """With the driver of another Wi-Fi module it would never have come back."""
    entry = await add_board(await start_board(model="nano_33_iot", library="ArduinoOTA"))
    home.config_entries.async_update_entry(entry, data={**entry.data, "model": "nano_33_iot"})
    await offer(entry, {"garden-1.0.bin": build_sketch(library="ArduinoOTA", board=NANO_33_IOT)})
    told = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["model"] == {"id": "nano_33_iot", "proven_by": None}
    await home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    told = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["model"] == {"id": "nano_33_iot", "proven_by": "sketch"}


async def test_what_is_under_way_is_described_without_its_passwords(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hass_client: Any
) -> None:
    entry = await add_board(board)
    await home.async_block_till_done(wait_background_tasks=True)
    order = WaitingOrder(
        version="3.0", ordered=0.5, until=1.0, sha256="1" * 64, file="garden.bin", password="third secret"
    )
    pending = Pending(
        version="2.0",
        previous_version=None,
        sha256="0" * 64,
        size=4,
        started=1.0,
        old_password="old secret",
        expected=("new secret",),
        guesses=("secret guess",),
    )
    await board_of(home).store.save(
        lambda record: replace(record, pending=pending, order=order, unknown={"later": "secret"}).with_notice(
            Kind.NOT_BACK, translated_error("verdict_not_back"), "2.0", order
        )
    )
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert "secret" not in json.dumps(told)
    assert told["pending"]["version"] == "2.0"
    assert told["pending"]["old_password"] == told["pending"]["expected"] == told["pending"]["guesses"] == REDACTED
    assert told["order"] == {
        "version": "3.0",
        "sha256": "1" * 64,
        "file": "garden.bin",
        "ordered": 0.5,
        "until": 1.0,
        "password": REDACTED,
    }
    assert told["notices"] == {"not_back": "verdict_not_back"}
    assert told["heard"] is None


async def test_that_a_password_is_empty_is_a_secret(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, hass_client: Any
) -> None:
    entry = await add_board(await start_board(password=""))
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["data"]["password"] == REDACTED


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@example.com:8443/secret/m.json?token=secret", "https://example.com:8443"),
        ("http://{host}/health?secret", "http://{host}"),
        ("secret", REDACTED),
        ("http://[secret", REDACTED),
    ],
)
async def test_of_an_address_only_the_server_is_told(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hass_client: Any, address: str, shown: str
) -> None:
    options = {"manifest_url": address, "health_url": address}
    entry = await add_board(board, token="secret", **options)
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert "secret" not in json.dumps(told)
    assert {name: told["options"][name] for name in options} == dict.fromkeys(options, shown)
    assert told["options"]["token"] == REDACTED


async def test_a_source_that_fails_says_why(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hass_client: Any
) -> None:
    entry = await add_board(board, source="manifest", manifest_url="http://127.0.0.96:9/m.json")
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["source"]["last_refresh_succeeded"] is False
    assert told["source"]["has_ever_succeeded"] is False
    assert told["source"]["failing_since"]
    assert told["source"]["error"] == "Cannot connect to 127.0.0.96:9: the connection was refused"


async def test_an_entry_that_is_not_loaded_is_described_as_far_as_it_goes(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hass_client: Any
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    told: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert told["state"] == "not_loaded"
    assert told["data"]["password"] == REDACTED
    assert "online" not in told
