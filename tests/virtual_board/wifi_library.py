"""What the libraries that drive the Wi-Fi modules add to an image: WiFi101, and WiFiNINA for the two other boards.

Of WiFi101, all requests to the module go through one function, with a group and a number as the first arguments. Its
handler of events, which it is given as a pointer, is in every image and can start the Wi-Fi by itself.
"""

from collections.abc import Collection, Iterator
from random import Random

from tests.virtual_board.assembler import POP, PUSH, Call, Function, Jump, Mark, compare, compiled, movs, subs
from tests.virtual_board.linker import SRAM

WIFI = SRAM + 0x67C
STATUS, BEGIN, BEGIN_AP, PROVISION = "WiFi.status", "WiFi.begin", "WiFi.beginAP", "WiFi.beginProvision"

WIFI101 = (b"wifi101-%.2X%.2X", b"wifi101")
WIFININA = (b"No Socket available",)
DRIVERS = {"WiFi101": WIFI101, "WiFiNINA": WIFININA}

_GROUP_WIFI, _GROUP_SOCKET = 1, 2
_BIND, _LISTEN, _CLOSE, _RECEIVE = 0x41, 0x42, 0x49, 0x46


def wifi_functions(driver: str, used: Collection[str], random: Random) -> Iterator[Function]:
    """What is left of a driver in an image that uses some of its functions, as linkers drop the others."""
    yield from _wifi101(used, random) if driver == "WiFi101" else _wifinina(used, random)


def _wifi101(used: Collection[str], random: Random) -> Iterator[Function]:
    yield compiled("hif_send", (SRAM + 0x5A8,), ("spi",), random, 30)
    yield compiled("spi", (0x4200_1800,), (), random, 20)
    yield _request("m2m_wifi_default_connect", _GROUP_WIFI, 41)
    yield _request("m2m_wifi_connect", _GROUP_WIFI, 40)
    yield _request("m2m_wifi_get_connection_info", _GROUP_WIFI, 5)
    yield _request("m2m_wifi_start_provision_mode", _GROUP_WIFI, 0x88)
    yield _request("bind", _GROUP_SOCKET, _BIND)
    yield _request("listen", _GROUP_SOCKET, _LISTEN)
    yield _request("close", _GROUP_SOCKET, _CLOSE)
    receive = Function("recv", [PUSH, movs(1, _RECEIVE + 7), compare(2, 0), Jump("secure", "ne"), subs(1, 7)])
    yield Function("recv", [*receive.code, Mark("secure"), movs(0, _GROUP_SOCKET), Call("hif_send"), POP])
    yield compiled("WiFi.begin()", (WIFI,), ("WiFi.init", "m2m_wifi_default_connect", "millis"), random, 20)
    yield compiled("WiFi.startProvision", (), ("WiFi.init", "m2m_wifi_start_provision_mode"), random, 20)
    yield compiled(PROVISION, WIFI101, ("WiFi.begin()", "WiFi.startProvision", STATUS), random, 12)
    events = ("m2m_wifi_connect", PROVISION, "close", "m2m_wifi_get_connection_info")
    yield compiled("WiFi.handleEvent", (), events, random, 30)
    yield compiled("wifi_cb", (WIFI,), ("WiFi.handleEvent",), random, 2)
    yield compiled("WiFi.init", ("wifi_cb", WIFI), ("spi",), random, 20)
    yield compiled(STATUS, (WIFI,), ("WiFi.init", "recv"), random, 6)
    yield compiled("WiFiServer.begin", (), ("bind", "listen"), random, 16)
    if BEGIN in used:
        yield compiled(BEGIN, (WIFI,), ("WiFi.init", "m2m_wifi_connect", "millis"), random, 30)
    if BEGIN_AP in used:
        yield _request("m2m_wifi_enable_ap", _GROUP_WIFI, 70)
        yield compiled(BEGIN_AP, (WIFI,), ("WiFi.init", "m2m_wifi_enable_ap"), random, 30)


def _request(label: str, group: int, request: int) -> Function:
    return Function(label, [PUSH, movs(2, 0), movs(1, request), movs(0, group), Call("hif_send"), POP])


def _wifinina(used: Collection[str], random: Random) -> Iterator[Function]:
    yield compiled("spi", (0x4200_1800,), (), random, 20)
    yield compiled("WiFiClient.connect", WIFININA, ("spi",), random, 20)
    yield compiled("WiFiServer.begin", (), ("spi", "WiFiClient.connect"), random, 16)
    for label in sorted({STATUS, *used}):
        yield compiled(label, (WIFI,), ("spi",), random, 20)
