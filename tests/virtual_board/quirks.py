"""What compilers, linkers and authors do to an image, and which board it is built for."""

from dataclasses import dataclass
from typing import Literal

from tests.virtual_board.arduino_core import Startup
from tests.virtual_board.ota_library import BeginCall, StorageObject


@dataclass(frozen=True, slots=True)
class Board:
    """What tells images for one board from those for another.

    `product` is the USB product name, None for a build without USB. `ota_name` is what WiFi101OTA calls the board, if it
    knows it. `wifi` is the library that drives its Wi-Fi module.
    """

    product: str | None
    ota_name: str
    usb_product_id: int
    wifi: Literal["WiFi101", "WiFiNINA"] = "WiFi101"
    usb_vendor_id: int = 0x2341

    @property
    def usb_descriptor(self) -> bytes:
        """The start of what the board tells USB hosts: a composite device."""
        numbers = self.usb_vendor_id.to_bytes(2, "little") + self.usb_product_id.to_bytes(2, "little")
        return bytes.fromhex("12010002 ef020140") + numbers + b"\0\1\1\2\3\1"


MKR1000 = Board("Arduino MKR1000", "mkr1000", 0x804E)
GENUINO = Board("Genuino MKR1000", "mkr1000", 0x824E)  # the same board, by its other name (cores 1.6.5 to 1.8.3)
MKR_WIFI_1010 = Board("Arduino MKR WiFi 1010", "mkrwifi1010", 0x8054, "WiFiNINA")
NANO_33_IOT = Board("Arduino NANO 33 IoT", "nano_33_iot", 0x8057, "WiFiNINA")
BOARDS = {board.ota_name: board for board in (MKR1000, MKR_WIFI_1010, NANO_33_IOT)}
"""Those that there are virtual boards of, by what Arduino's tools call them."""

type WifiStart = Literal[
    "before", "behind", "never", "access point", "provisioned", "through a pointer", "in loop", "turn", "switch"
]
type SerialWait = Literal["no", "endless", "with work", "with anything", "limited", "once"]
type HandedOn = Literal["no", "once", "through a pointer, too", "from far away, too"]
type Watchdog = Literal["no", "fed", "fed by address", "library", "only sleeps", "switched off", "restarts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What compilers, linkers and authors do to an image.

    begin, poll: the sketch calls this function of its OTA library.
    uncalled: it calls none, and the linker has kept them all the same.
    arrays: name and password are initialised char arrays.
    computed: the sketch works the password out at run time, in a variable; a virtual board has to be told which.
    either: which of two literals is the password is known at run time only.
    twice: begin() is called in two places, with different passwords.
    handed_on: a function of the sketch is given name and password and calls begin() with them; that one may be called
        through a pointer or through many others with another password, too.
    wifi_literals: the Wi-Fi credentials are literals; the stock example has them in arrays.
    code_before_literals: in front of the name and of the password is no NUL, but the end of a function.
    merge_tails: the linker drops strings that are the end of another.
    aligned: each literal begins at a whole word, as without optimisation.
    scatter: literals in any order, not in that of the source.
    sdu, sfu: the loader of the library SDU or SFU comes first, the sketch 16 or 32 KiB later.
    snu: the loader of the library SNU, which looks for a sketch in the Wi-Fi module, comes first: 16 KiB, too.
    call: begin() is called directly, through a register ("far"), in a way that cannot be followed ("hidden"), or a
        compiler has put its code in place of the call ("inlined").
    old_library: the OTA library is WiFi101OTA 1.0, which knows no status 414, or ArduinoOTA 1.0.0.
    mdns: the sketch announces itself; ArduinoOTA can be told not to.
    storage: the object that it passes to begin(); which of "either" is known at run time only.
    hangs: the compiler has not put the reset of the processor into the code that copies a sketch.
    startup: the start-up code copies and clears in loops, or calls functions for that, or a link-time optimiser has put
        other functions into it ("inlined").
    free_ram: what the variables leave to stack and heap, in bytes.
    wifi: where the sketch starts its Wi-Fi, seen from begin(); "turn": in an earlier turn of loop().
    serial: whether it waits until a terminal is connected.
    watchdog: what it does with the processor's watchdog.
    """

    begin: bool = True
    poll: bool = True
    uncalled: bool = False
    arrays: bool = False
    computed: bool = False
    either: bool = False
    twice: bool = False
    handed_on: HandedOn = "no"
    wifi_literals: bool = False
    code_before_literals: bool = False
    merge_tails: bool = True
    aligned: bool = False
    scatter: bool = False
    sdu: bool = False
    sfu: bool = False
    snu: bool = False
    call: BeginCall = "near"
    old_library: bool = False
    mdns: bool = True
    storage: StorageObject = "InternalStorage"
    hangs: bool = False
    startup: Startup = "loops"
    free_ram: int = 25_360
    wifi: WifiStart = "before"
    serial: SerialWait = "no"
    watchdog: Watchdog = "no"


STOCK = Quirks()
