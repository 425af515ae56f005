"""A model that Arduino never made: one more row, and nothing else."""

import sys

import pytest

from custom_components.mkr1000_ota.arduino_ota import hardware
from custom_components.mkr1000_ota.arduino_ota.hardware import Model, WifiModule
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from tests.virtual_board.quirks import Board

# What Arduino's core has under this product name is known as another board otherwise.
ROW = Model(
    id="vidor_ota",
    name="Arduino MKR Vidor 4000",
    usb_products=("Arduino MKR Vidor 4000",),
    usb_product_ids=(0x8056,),
    wifi=WifiModule(b"No Socket available", "240ac4"),
    libraries=(Library.ARDUINOOTA,),
)
BOARD = Board("Arduino MKR Vidor 4000", "vidor_ota", 0x8056, "WiFiNINA")


def add_row(monkeypatch: pytest.MonkeyPatch, row: Model = ROW) -> None:
    """Let the table have a row more, wherever it is read."""
    table = hardware.MODELS
    for name, module in list(sys.modules.items()):
        if name.startswith("custom_components.mkr1000_ota") and getattr(module, "MODELS", None) is table:
            monkeypatch.setattr(module, "MODELS", (*table, row))
