"""What is known of the hardware of a board."""

from typing import Final

# The makers of the Wi-Fi module, under all names that it was sold: Newport Media, Atmel and Microchip. From the IEEE's
# list of prefixes; boards seen so far have the first one.
_MODULE_PREFIXES: Final = frozenset(
    {
        "f8:f0:05",  # Newport Media
        "00:04:25",  # Atmel
        "fc:c2:3d",  # Atmel
        "00:04:a3",  # Microchip, like all that follow
        "00:1e:c0",
        "04:91:62",
        "44:b7:d0",
        "54:10:ec",
        "60:8a:10",
        "68:27:19",
        "80:1f:12",
        "80:34:28",
        "9c:95:6e",
        "d8:80:39",
        "e8:eb:1b",
        "fc:0f:e7",
    }
)


def is_own_address(mac: str) -> bool:
    """Return whether a MAC address, in lower case with colons, is that of a board's own Wi-Fi module.

    Any other may be that of a repeater or a router, which shows one address for all boards behind it.
    """
    return mac[:8] in _MODULE_PREFIXES
