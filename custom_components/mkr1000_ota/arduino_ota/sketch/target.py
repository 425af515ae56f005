"""Which board an image is built for: what it shows on USB, and its libraries."""

import re
from typing import Final

from ..hardware import MODELS, USB_VENDOR_ID, Model, models_with_library
from ..libraries import Library
from .image import FlashImage

# USB product names of boards that are no models here: those in all releases of Arduino's SAMD core (boards.txt,
# `build.usb_product`) and of boards by others that are built with it.
_OTHERS: Final = (
    *("Arduino MKRZero", "Arduino MKR FOX 1200", "Arduino MKRFox1200", "Arduino MKR WAN 1300", "Arduino MKRWAN1300"),
    *("Arduino MKRLoRa1300", "Arduino MKR WAN 1310", "Arduino MKR GSM 1400", "Arduino MKRGSM1400"),
    *("Arduino MKR NB 1500", "Arduino MKR NB-IoT 1450", "Arduino MKR Vidor 2000", "Arduino MKR Vidor 4000"),
    *("Arduino NONA WLAN", "Arduino Zero", "Genuino Zero", "Arduino M0", "Arduino M0 Pro", "Arduino Tian"),
    *("Circuit Playground Express", "Feather M0", "Feather M0 Express", "Metro M0 Express", "ItsyBitsy M0 Express"),
    *("Trinket M0", "Gemma M0", "SparkFun SAMD21 Dev", "SparkFun SAMD21 Mini", "Seeed XIAO M0"),
)
# The USB device descriptor: length, type, USB 2.0 or 2.1, class, subclass, protocol, packet size, vendor, product.
_VENDOR: Final = USB_VENDOR_ID.to_bytes(2, "little")
_DESCRIPTOR: Final = re.compile(rb"\x12\x01[\x00\x10]\x02.{4}" + _VENDOR + rb"(..)", re.DOTALL)


def built_for(image: FlashImage, library: Library | None) -> Model | str | None:
    """The model that an image proves to be for, or the name of another board; None if it proves nothing.

    A sketch may name other boards, to talk to them for example. Its own one it also has as a number, or it has the
    library that was made for one model alone.
    """
    numbers = {int.from_bytes(match[1], "little") for match in _DESCRIPTOR.finditer(image.content)}
    match [model for model in MODELS if numbers.intersection(model.usb_product_ids)]:
        case [model]:
            return model
    products = {product for model in MODELS for product in model.usb_products}
    others = [name for name in _OTHERS if name not in products and image.points_to(name.encode())]
    named = [model for model in MODELS if any(image.points_to(name.encode()) for name in model.usb_products)]
    runs_on = models_with_library(library)
    if others and (numbers or (not named and len(runs_on) != 1)):
        return others[0]
    match runs_on, named:
        case ([model], _):
            return model
        case (_, [model]) if not others:
            return model
    return None


def drivable(image: FlashImage) -> tuple[Model, ...]:
    """The models whose Wi-Fi module the sketch can drive, as far as strings of the driver tell."""
    return tuple(model for model in MODELS if image.points_to(model.wifi.literal))
