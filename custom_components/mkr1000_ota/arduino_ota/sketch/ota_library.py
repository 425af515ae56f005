"""The OTA libraries in an image: which one can serve uploads, and the strings that are no sketch's own."""

from typing import Final

from ..hardware import MODELS
from ..libraries import Library
from .code import Code

REQUEST_LINE: Final = b"POST /sketch HTTP/1.1"
CONTENT_LENGTH: Final = b"Content-Length: "
# What the server of either library compares a request with, and the status text for a sketch that is larger than the
# storage: no client sends that.
SERVER: Final = (REQUEST_LINE, CONTENT_LENGTH, b"Authorization: ", b"Payload Too Large")
# begin() puts it in front of the password before it encodes both in base 64.
AUTHORIZATION_PREFIX: Final = b"arduino:"
BASE_64_DIGITS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
# What begin() itself passes to other functions.
LITERALS_OF_BEGIN: Final = tuple(literal.decode() for literal in (AUTHORIZATION_PREFIX, b"Basic ", BASE_64_DIGITS))
# What WiFi101OTA announces as the board: it was made for this one and for boards without OTA of their own.
WIFI101OTA_BOARD: Final = b"mkr1000"
# Only ArduinoOTA gives its answers a body, and says so in this spelling.
ARDUINOOTA_HEADER: Final = b"Content-length: "

VERSION_MARKER: Final = "mkr1000_ota:version="

COMMON_STRINGS: Final = frozenset(
    {
        *(literal.decode() for literal in (*SERVER, AUTHORIZATION_PREFIX, BASE_64_DIGITS, ARDUINOOTA_HEADER)),
        *(literal.decode() for literal in (WIFI101OTA_BOARD, *(model.wifi.literal for model in MODELS))),
        *(product for model in MODELS for product in model.usb_products),
        # OTA libraries
        *("arduino", "Basic ", "==", "HTTP/1.1 ", "Connection: close", "Content-type: text/plain", "OK", "Not Found"),
        *("Unauthorized", "Bad Request", "Internal Server Error", "Payload size wrong", "UPDATE.BIN"),
        # WiFi101, SD
        *("wifi101", "-Err-", "%d.%d.%d", "%d.%d.%d.%d", '|<>^+=?/[];,*"\\'),
        # core and C library
        *("Arduino LLC", "ovf", "nan", "inf", "NaN", "NAN", "INF", "Infinity", "POSIX", "ASCII", "(null)", "hlL"),
        *("efgEFG", "#-0+ ", " #-0+ ", "0123456789abcdef", "0123456789ABCDEF", "REENT malloc succeeded"),
        *("Balloc succeeded", ", function: ", "p_sercom != NULL"),
    }
)
"""Strings that images have from their libraries. A password that is one of them is found where begin() is given it."""


def library_of(code: Code) -> Library | None:
    """The library through which the sketch takes uploads; None if it takes none.

    Linkers leave out what is not called: without poll() the strings of the server are missing, and without begin(),
    which opens the port, that of the authorization. Where nothing was left out, the code that uses them never runs.
    """
    if not all(code.image.has(literal) for literal in (*SERVER, AUTHORIZATION_PREFIX)):
        return None
    serving, beginning, answering = (
        code.loading(code.image.pointers(literal))
        for literal in (REQUEST_LINE, AUTHORIZATION_PREFIX, ARDUINOOTA_HEADER)
    )
    if code.is_complete and not (serving and beginning):
        return None
    # A web server of the sketch's own may have that header, too.
    answers = any(serving & code.callers(function) for function in answering)
    return Library.ARDUINOOTA if answers or not code.image.has(WIFI101OTA_BOARD) else Library.WIFI101OTA
