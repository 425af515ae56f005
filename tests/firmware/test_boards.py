"""How people write the name of the board."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.board_names import is_chip, is_mkr1000


@pytest.mark.parametrize(
    "board",
    ["mkr1000", "MKR1000", "Arduino MKR1000", "arduino:samd:mkr1000", "arduino:samd:mkr1000:opt=fast", "MKR WiFi 1000"],
)
def test_these_mean_the_mkr1000(board: str) -> None:
    assert is_mkr1000(board)
    assert is_chip(board)


@pytest.mark.parametrize("board", ["", "mkr1010", "arduino:samd:mkrwifi1010", "arduino:samd", "uno", "mkr1000:x:y"])
def test_these_do_not(board: str) -> None:
    assert not is_mkr1000(board)


@pytest.mark.parametrize(("family", "fits"), [("SAMD21", True), ("ATSAMD21G18A", True), ("ESP32", False), ("", False)])
def test_which_chips_it_can_be(family: str, fits: bool) -> None:
    assert is_chip(family) is fits
