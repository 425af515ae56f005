"""Whether a sketch can be flashed over the air again once it runs, and by which library."""

from ..libraries import Library
from .image import FlashImage
from .library_strings import ARDUINOOTA_BOARD, ARDUINOOTA_HEADER, AUTHORIZATION_PREFIX, SERVER, WIFI101OTA_BOARD


def library_of(image: FlashImage) -> Library | None:
    """The library through which the sketch takes uploads; None if it takes none.

    The linker leaves out what is not called: without poll() the strings of the server are missing, and without begin(),
    which opens the port, that of the authorization.
    """
    if not all(image.has(literal) for literal in (*SERVER, AUTHORIZATION_PREFIX)):
        return None
    wifi101ota, arduinoota = image.has(WIFI101OTA_BOARD), image.has(ARDUINOOTA_BOARD)
    if arduinoota and (not wifi101ota or image.has(ARDUINOOTA_HEADER)):
        return Library.ARDUINOOTA
    return Library.WIFI101OTA if wifi101ota else None
