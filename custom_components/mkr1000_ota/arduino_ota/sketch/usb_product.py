"""Which board a sketch is built for: the name under which it shows itself on USB.

The names are those in all releases of Arduino's SAMD core (boards.txt, `build.usb_product`) and of boards by others
that are built with it.
"""

from typing import Final

from .image import FlashImage

MKR1000: Final = "Arduino MKR1000"
# Cores up to 1.8.3 named it after the brand it was sold under outside the USA, if that was plugged in.
GENUINO_MKR1000: Final = "Genuino MKR1000"
NAMES_OF_MKR1000: Final = (MKR1000, GENUINO_MKR1000)

_OTHERS: Final = (
    "Arduino MKR WiFi 1010",
    "Arduino MKRZero",
    "Arduino MKR FOX 1200",
    "Arduino MKRFox1200",
    "Arduino MKR WAN 1300",
    "Arduino MKRWAN1300",
    "Arduino MKRLoRa1300",
    "Arduino MKR WAN 1310",
    "Arduino MKR GSM 1400",
    "Arduino MKRGSM1400",
    "Arduino MKR NB 1500",
    "Arduino MKR NB-IoT 1450",
    "Arduino MKR Vidor 2000",
    "Arduino MKR Vidor 4000",
    "Arduino NANO 33 IoT",
    "NANO 33 IoT",
    "Arduino NONA WLAN",
    "Arduino Zero",
    "Genuino Zero",
    "Arduino M0",
    "Arduino M0 Pro",
    "Arduino Tian",
    "Circuit Playground Express",
    "Feather M0",
    "Feather M0 Express",
    "Metro M0 Express",
    "ItsyBitsy M0 Express",
    "Trinket M0",
    "Gemma M0",
    "SparkFun SAMD21 Dev",
    "SparkFun SAMD21 Mini",
    "Seeed XIAO M0",
)

# The USB device descriptor begins with its length and type and USB 2.00. Behind class, subclass, protocol and packet
# size it has the numbers of vendor and product.
_DESCRIPTOR: Final = b"\x12\x01\x00\x02"
_NUMBERS_OFFSET: Final = 8
_NUMBERS_SIZE: Final = 4
# Arduino's 0x2341 with the numbers of the MKR1000 (boards.txt, `mkr1000.pid`).
_NUMBERS_OF_MKR1000: Final = tuple(
    (0x2341 | product << 16).to_bytes(_NUMBERS_SIZE, "little") for product in (0x804E, 0x004E, 0x824E, 0x024E)
)


def product_of(image: FlashImage) -> str | None:
    """The USB product name of an image, None if it has no known one."""
    own = _first_used(image, NAMES_OF_MKR1000)
    other = _first_used(image, _OTHERS)
    # A sketch may name other boards, to talk to them for example. Its own one it also has as a number.
    return other if own is None or (other is not None and not _has_number_of_mkr1000(image.content)) else own


def _first_used(image: FlashImage, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if image.points_to(name.encode())), None)


def _has_number_of_mkr1000(content: bytes) -> bool:
    offset = content.find(_DESCRIPTOR)
    while offset >= 0:
        numbers = offset + _NUMBERS_OFFSET
        if content[numbers : numbers + _NUMBERS_SIZE] in _NUMBERS_OF_MKR1000:
            return True
        offset = content.find(_DESCRIPTOR, offset + 1)
    return False
