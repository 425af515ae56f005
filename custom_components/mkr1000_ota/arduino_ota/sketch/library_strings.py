"""Strings that sketches have from the libraries they are built with, and the one that tells a sketch's version."""

from typing import Final

REQUEST_LINE: Final = b"POST /sketch HTTP/1.1"
CONTENT_LENGTH: Final = b"Content-Length: "
AUTHORIZATION: Final = b"Authorization: "
# The status text for a sketch that is larger than the storage: no client sends it.
TOO_LARGE: Final = b"Payload Too Large"
# What the server of either library compares a request with, and answers.
SERVER: Final = (REQUEST_LINE, CONTENT_LENGTH, AUTHORIZATION, TOO_LARGE)
# begin() puts it in front of the password before it encodes both in base 64.
AUTHORIZATION_PREFIX: Final = b"arduino:"
BASE_64_DIGITS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
# What begin() itself passes to other functions.
LITERALS_OF_BEGIN: Final = tuple(literal.decode() for literal in (AUTHORIZATION_PREFIX, b"Basic ", BASE_64_DIGITS))
# What the libraries announce as the board.
WIFI101OTA_BOARD: Final = b"mkr1000"
ARDUINOOTA_BOARD: Final = b"arduino"
# Only ArduinoOTA gives its answers a body, and says so in this spelling.
ARDUINOOTA_HEADER: Final = b"Content-length: "

VERSION_MARKER: Final = "mkr1000_ota:version="

NO_PASSWORDS: Final = frozenset(
    literal.decode()
    for literal in (
        *SERVER,
        AUTHORIZATION_PREFIX,
        BASE_64_DIGITS,
        WIFI101OTA_BOARD,
        ARDUINOOTA_BOARD,
        ARDUINOOTA_HEADER,
        b"Basic ",
        b"==",
        b"HTTP/1.1 ",
        b"Connection: close",
        b"Content-type: text/plain",
        b"OK",
        b"Not Found",
        b"Unauthorized",
        b"Bad Request",
        b"Internal Server Error",
        b"Payload size wrong",
        b"UPDATE.BIN",
    )
)
"""Strings of the OTA libraries. A password that is one of them is still found where begin() is given it."""
