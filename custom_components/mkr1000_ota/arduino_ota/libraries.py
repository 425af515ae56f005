"""The libraries that put over-the-air updates into a sketch."""

from enum import StrEnum
from typing import Final

# 0xFF00, fixed in both libraries: the TCP port that takes sketches.
OTA_PORT: Final = 65280


class Library(StrEnum):
    """The library that a board's running sketch was built with.

    Both take the same upload. They differ in how they answer and in what they announce.
    """

    WIFI101OTA = "WiFi101OTA"
    ARDUINOOTA = "ArduinoOTA"
