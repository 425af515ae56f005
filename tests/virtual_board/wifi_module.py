"""The Wi-Fi modules, as far as a peer can tell one from the other.

WINC1500: read from WiFi101 0.16.1. NINA: read from WiFiNINA, nina-fw (on lwIP) and ArduinoOTA; nobody has run that.
"""

from dataclasses import dataclass
from typing import Literal

type ModelName = Literal["mkr1000", "mkrwifi1010", "nano_33_iot"]


@dataclass(frozen=True, slots=True)
class WifiModule:
    """What differs; sizes in bytes."""

    waiting_connections: int
    """Connections that are accepted while the sketch serves another one; Linux lets one more in than it is told."""
    receive_window: int
    """SO_RCVBUF: the kernel then takes more for a board that reads nothing, about 2.6 and 5.7 KB."""
    coalesces: bool
    """Small pieces wait for the first one to be acknowledged, and go together; otherwise each is a segment."""
    serves_silent_peers: bool
    """A connection is served before anything came over it, and costs two seconds if nothing does."""
    closes_with_peer: bool
    """The end of what a peer sends ends the connection there and then. Otherwise that happens when the library asks
    whether the peer is connected: what it answers without asking arrives."""


WINC1500 = WifiModule(
    # Seven TCP sockets: the server's, one being served, and five that wait.
    waiting_connections=4,
    receive_window=2304,
    coalesces=False,
    serves_silent_peers=True,
    closes_with_peer=True,
)
NINA = WifiModule(
    # lwip_listen(socket, 1): one waits. Whatever waits between two calls of poll() is accepted at once.
    waiting_connections=0,
    # CONFIG_TCP_WND_DEFAULT is 5744
    receive_window=4000,
    coalesces=True,
    serves_silent_peers=False,
    closes_with_peer=False,
)
MODULES: dict[ModelName, WifiModule] = {"mkr1000": WINC1500, "mkrwifi1010": NINA, "nano_33_iot": NINA}
