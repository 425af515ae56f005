"""The boards: one row for each model. All are Arduino's, with the same processor; a new one with its flash map is a row."""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

from .libraries import Library

# The SAMD21G18, from its data sheet.
FLASH_END: Final = 0x4_0000
SRAM_START: Final = 0x2000_0000
SRAM_END: Final = 0x2000_8000
# The bootloader occupies the flash below: every sketch is linked to begin here (Arduino's linker script
# flash_with_bootloader.ld).
SKETCH_START: Final = 0x2000


class Storage(StrEnum):
    """Where a running sketch puts the next one: what it passes to begin()."""

    INTERNAL = "internal"
    SD = "sd"
    SERIAL_FLASH = "serial_flash"


# In bytes. A card or a serial flash holds more than where the sketch goes in the end. In the internal storage, the upper
# half of that, the new sketch is collected while the old one runs in the lower half.
LARGEST_SKETCH: Final = {
    Storage.INTERNAL: (FLASH_END - SKETCH_START) // 2,
    Storage.SD: FLASH_END - SKETCH_START,
    Storage.SERIAL_FLASH: FLASH_END - SKETCH_START,
}


@dataclass(frozen=True, slots=True)
class WifiModule:
    """What connects a board. `literal` is in every image with its driver, and in no image with another's.

    Its MAC addresses begin with one of `mac_prefixes`: six hexadecimal digits in lower case, with blanks between them.
    """

    literal: bytes
    mac_prefixes: str


# Prefixes of MAC addresses from the IEEE's list (May 2024): Newport Media, whose one the boards seen have, Atmel and
# Microchip made the WINC1500, Espressif makes the processor of the NINA-W102. The driver of the one, WiFi101, offers to
# be provisioned; that of the other, WiFiNINA, complains.
_WINC1500: Final = WifiModule(
    b"wifi101-%.2X%.2X",
    """
    f8f005 000425 fcc23d 0004a3 001ec0 049162 408432 44b7d0 5410ec 608a10 682719 74d5c6 801f12 803428 9c956e d8478f
    d88039 e8eb1b fc0fe7
    """,
)
_NINA_W102: Final = WifiModule(
    b"No Socket available",
    """
    083a8d 083af2 08b61f 08d1f9 08f9e0 0c8b95 0cb815 0cdc7e 10061c 10521c 1091a8 1097bd 142b2f 188b0e 18fe34 1c9dc2
    240ac4 244cab 24587c 2462ab 246f28 24a160 24b2de 24d7eb 24dcc3 2c3ae8 2cf432 3030f9 308398 30aea4 30c6f7 30c922
    348518 34865d 349454 34987a 34ab95 34b472 34b7da 3c6105 3c71bf 3c8427 3ce90e 4022d8 404cca 409151 40f520 441793
    4827e2 4831b7 483fda 485519 48ca43 48e729 4c11ae 4c7525 4cebd6 500291 543204 5443b2 545aa6 58bf25 58cf79 5ccf7f
    600194 6055f9 64b708 64e833 686725 68b6b3 68c63a 6cb456 70039f 70041d 70b8f6 744dbd 782184 78e36d 7c7398 7c87ce
    7c9ebd 7cdfa1 80646f 806599 807d3a 840d8e 84cca8 84f3eb 84f703 84fce6 8c4b14 8caab5 8cce4e 90380c 9097d5 943cc6
    94b555 94b97e 94e686 98cdac 98f4ab 9c9c1f a020a6 a0764e a0a3b3 a0b765 a0dd6c a47b9d a4cf12 a4e57c a8032a a842e3
    a848fa ac0bfb ac67b2 acd074 b0a732 b0b21c b48a0a b4e62d b8d61a b8f009 bcddc2 bcff4d c049ef c04e30 c44f33 c45bbe
    c4d8d5 c4dd57 c4dee2 c82b96 c82e18 c8c9a3 c8f09e cc50e3 cc7b5c cc8da2 ccdba7 d0ef76 d48afc d4d4da d4f98d d8132a
    d8a01d d8bc38 d8bfc0 d8f15b dc4f22 dc5475 dcda0c e05a1b e09806 e0e2e6 e465b8 e831cd e868e7 e86bea e89f6d e8db84
    ec6260 ec64c9 ec94cb ecda3b ecfabc f008d1 f0f5bd f412fa f4cfa2 fcb467 fce8c0 fcf5c4
    """,
)


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of board. `id` is what Arduino's tools call it, and what descriptions of sketches do.

    `usb_products` and `usb_product_ids` are what its sketches show on USB (boards.txt of all releases of Arduino's
    core), the numbers together with the vendor's. `also_called` has further names, in small letters and
    digits.
    """

    id: str
    name: str
    usb_products: tuple[str, ...]
    usb_product_ids: tuple[int, ...]
    wifi: WifiModule
    libraries: tuple[Library, ...]
    also_called: tuple[str, ...] = ()


USB_VENDOR_ID: Final = 0x2341

MKR1000: Final = Model(
    id="mkr1000",
    name="Arduino MKR1000",
    # Cores up to 1.8.3 call it by the brand it was sold under outside the USA, if that was plugged in.
    usb_products=("Arduino MKR1000", "Genuino MKR1000"),
    usb_product_ids=(0x804E, 0x004E, 0x824E, 0x024E),
    wifi=_WINC1500,
    libraries=(Library.WIFI101OTA, Library.ARDUINOOTA),
    also_called=("mkr1000wifi", "mkrwifi1000", "mkr1000usb"),
)
MODELS: Final = (
    MKR1000,
    Model(
        id="mkrwifi1010",
        name="Arduino MKR WiFi 1010",
        usb_products=("Arduino MKR WiFi 1010",),
        usb_product_ids=(0x8054, 0x0054),
        wifi=_NINA_W102,
        libraries=(Library.ARDUINOOTA,),
        also_called=("mkr1010", "mkr1010wifi"),
    ),
    Model(
        id="nano_33_iot",
        name="Arduino NANO 33 IoT",
        usb_products=("Arduino NANO 33 IoT", "NANO 33 IoT"),
        usb_product_ids=(0x8057, 0x0057),
        wifi=_NINA_W102,
        libraries=(Library.ARDUINOOTA,),
    ),
)


def model_named(text: str) -> Model | None:
    """The model that somebody means: by its id, its name, a board of arduino-cli (`arduino:samd:mkr1000`), or nearly."""
    match text.split(":"):
        case [_, _, board, *_] | [board]:
            wanted = _bare(board)
            names = ((model, {_bare(model.id), _bare(model.name), *model.also_called}) for model in MODELS)
            return next((model for model, known in names if wanted in known), None)
    return None


def _bare(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.casefold())
    return re.sub("^(arduino|genuino)", "", letters).removeprefix("samd")


def models_with_library(library: Library | None) -> tuple[Model, ...]:
    """The models that an OTA library runs on."""
    return tuple(model for model in MODELS if library in model.libraries)


def models_with_mac(mac: str) -> tuple[Model, ...]:
    """The models whose Wi-Fi module can have this MAC address, however it is written."""
    prefix = re.sub(r"[^0-9a-f]", "", mac.lower())[:6]
    return tuple(model for model in MODELS if prefix in model.wifi.mac_prefixes.split())


def is_own_address(mac: str) -> bool:
    """Whether a MAC address is that of a board's own Wi-Fi module.

    Any other may be that of a repeater or a router, which shows one address for all boards behind it.
    """
    return bool(models_with_mac(mac))
