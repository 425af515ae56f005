"""Read the boards out of the records of one mDNS packet.

A board answers with one packet of four records: PTR, TXT, SRV and A. They belong together only there. In a cache the
records of two boards of one name replace one another, because they carry the cache-flush bit (RFC 6762, 10.2).
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import islice
from typing import Final

from zeroconf import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText

from .. import limits
from ..libraries import OTA_PORT, Library
from ..text import fit_to_show

SERVICE_TYPE: Final = "_arduino._tcp.local."

# RFC 1035, 3.2.2 and 3.2.4
CLASS_IN: Final = 1
TYPE_A: Final = 1
TYPE_PTR: Final = 12

# ESP8266 and ESP32 announce the same service type with other values, and speak another protocol.
LIBRARIES: Final = {"mkr1000": Library.WIFI101OTA, "arduino": Library.ARDUINOOTA}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One board, as it announced itself at one moment.

    An announcement holds nothing unique: the stock example names every board `Arduino`, and there is no MAC and no
    serial number in it. The address is all that tells two boards apart.
    """

    address: str  # IPv4, from the A record
    port: int  # TCP, from the SRV record
    name: str  # what the sketch calls itself
    board: str  # what the announcement calls the board: `mkr1000` or `arduino`
    library: Library  # the one that announces itself in this way
    seen: float  # when it was heard, in seconds of `time.monotonic()`


def announced_boards(records: Iterable[DNSRecord], seen: float) -> Iterator[Sighting]:
    """Yield a sighting for each address of a board in the records of one packet, `limits.BOARDS_PER_PACKET` at most.

    Nonsense, other services and other kinds of boards yield nothing; nothing is raised. The work grows with the number
    of records only, whatever a packet claims.
    """
    instances: list[DNSPointer] = []
    texts: dict[str, bytes] = {}
    services: dict[str, DNSService] = {}
    addresses: list[DNSAddress] = []
    for record in records:
        if record.class_ != CLASS_IN or not record.ttl:
            continue
        match record:
            case DNSPointer() if record.type == TYPE_PTR and record.key == SERVICE_TYPE:
                instances.append(record)
            case DNSText():
                texts.setdefault(record.key, record.text)
            case DNSService() if record.port:
                services.setdefault(record.key, record)
            case DNSAddress() if record.type == TYPE_A and _is_unicast(record.address):
                addresses.append(record)

    hosts: dict[str, tuple[str, str, int]] = {}
    for instance in instances:
        service = services.get(instance.alias_key)
        name = _instance_name(instance.alias)
        board = _announced_board(texts.get(instance.alias_key, b""))
        if service and name and board in LIBRARIES:
            hosts.setdefault(service.server_key, (name, board, service.port))

    announced = (address for address in addresses if address.key in hosts)
    for address in islice(announced, limits.BOARDS_PER_PACKET):
        name, board, port = hosts[address.key]
        yield Sighting(str(IPv4Address(address.address)), port, name, board, LIBRARIES[board], seen)


def can_be_board(address: str, port: int, own_addresses: Container[str] = ()) -> bool:
    """Whether what is announced at an address may be asked if it is a board; `own_addresses` are those of this host.

    Anybody on the network can announce anything. Boards listen on one port; none of them is this host or its loopback
    interface, and one with a link-local address has no network.
    """
    try:
        host = IPv4Address(address)
    except ValueError:
        return False
    reachable = _is_unicast(host.packed) and not host.is_loopback and not host.is_link_local
    return reachable and port == OTA_PORT and address not in own_addresses


def _is_unicast(address: bytes) -> bool:
    """Tell such an address from "this network" (a board that lost its Wi-Fi), multicast, reserved and broadcast."""
    return 0 < address[0] < 224


def _instance_name(alias: str) -> str | None:
    """Take the service type off the full name of an instance. The name is one label, dots and all; anybody made it up."""
    suffix = f".{SERVICE_TYPE}"
    if alias[-len(suffix) :].lower() != suffix:
        return None
    return fit_to_show(alias[: -len(suffix)], limits.NAME)


def _announced_board(text: bytes) -> str | None:
    """Find the value of `board` in a TXT record: keys in any case, and the first one counts (RFC 6763, 6.4)."""
    start = 0
    while start < len(text):
        end = start + 1 + text[start]
        key, _, value = text[start + 1 : end].partition(b"=")
        if key.lower() == b"board":
            return value.decode(errors="replace")
        start = end
    return None
