"""Which model a description means."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.board_names import model_named


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("mkr1000", "mkr1000"),
        ("MKR 1000", "mkr1000"),
        ("Arduino MKR1000 WiFi", "mkr1000"),
        ("arduino:samd:mkr1000", "mkr1000"),
        ("arduino:samd:mkrwifi1010:debug=on", "mkrwifi1010"),
        ("Arduino MKR WiFi 1010", "mkrwifi1010"),
        ("NANO 33 IoT", "nano_33_iot"),
        ("nano_33_iot", "nano_33_iot"),
        ("nano_33_ble", None),
        ("esp32", None),
        ("arduino", None),
        ("", None),
    ],
)
def test_which_model_is_meant(text: str, model: str | None) -> None:
    assert model_named(text) == model
