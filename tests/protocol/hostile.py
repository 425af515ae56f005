"""Packets that somebody may send to break whoever reads announcements. The same seed gives the same packets."""

from collections.abc import Callable, Iterator
from itertools import accumulate
import random
import struct
from typing import Final

from tests.discovery.announcements import FLUSH, SERVICE, announcement

_HEADER: Final = struct.Struct(">6H")
_FIXED: Final = struct.Struct(">HHIH")
_RESPONSE: Final = 0x8400


def hostile_packets(seed: int, count: int) -> Iterator[bytes]:
    """Yield `count` packets of all the kinds below."""
    chance = random.Random(seed)
    kinds, weights = tuple(_KINDS), tuple(accumulate(_KINDS.values()))
    for _ in range(count):
        [kind] = chance.choices(kinds, cum_weights=weights)
        yield kind(chance)


def _genuine(chance: random.Random) -> bytes:
    """A flood of announcements that are right in form, of boards that are not there."""
    octets = chance.randbytes(4)
    name = chance.choice(("Arduino", "Küche", "a\r\nb\x00", *["x" * chance.randint(1, 63)] * 3, *[octets.hex()] * 6))
    board = chance.choice(("mkr1000", "arduino", "esp8266", "esp32", "mkr1000 ", ""))
    return announcement(name, ".".join(map(str, octets)), board=board, port=chance.randrange(65536))


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(200))


def _garbage_behind_a_header(chance: random.Random) -> bytes:
    counts = (chance.choice((0, 1, 4, 65535)) for _ in range(4))
    return _HEADER.pack(0, _RESPONSE, *counts) + chance.randbytes(chance.randrange(300))


def _truncated(chance: random.Random) -> bytes:
    packet = _genuine(chance)
    return packet[: chance.randrange(len(packet))]


def _flipped(chance: random.Random) -> bytes:
    packet = bytearray(_genuine(chance))
    for _ in range(chance.randint(1, 6)):
        packet[chance.randrange(len(packet))] = chance.randrange(256)
    return bytes(packet)


def _swollen(chance: random.Random) -> bytes:
    """More records announced than there are, or bytes behind the last one."""
    packet = _genuine(chance)
    return packet[:6] + struct.pack(">H", chance.randrange(65536)) + packet[8:] + chance.randbytes(chance.randrange(40))


def _looping(chance: random.Random) -> bytes:
    """Names whose compression points at itself, in circles, forward, into the header, or beyond the end."""
    packet = bytearray(announcement("Arduino"))
    instance = packet.index(b"\xc0\x2b")
    targets = (instance, instance + 1, 0, 12, 0x2B, len(packet) - 1, 0x3FFF, chance.randrange(len(packet)))
    for _ in range(chance.randint(1, 4)):
        at = chance.choice([place for place, byte in enumerate(packet[:-1]) if byte & 0xC0 == 0xC0] or [instance])
        packet[at : at + 2] = struct.pack(">H", 0xC000 | chance.choice(targets))
    return bytes(packet)


def _chained(chance: random.Random) -> bytes:
    """A long chain of pointers, each to the one before."""
    packet = bytearray(_HEADER.pack(0, _RESPONSE, 0, 2, 0, 0) + b"\x01a\x00")
    packet += _FIXED.pack(16, 1, 120, 2 * (links := chance.randint(2, 300)))
    for _ in range(links):
        packet += struct.pack(">H", 0xC000 | (len(packet) - 2))
    return bytes(packet + struct.pack(">H", 0xC000 | (len(packet) - 2)) + _FIXED.pack(12, 1, 120, 0))


def _crowded(chance: random.Random) -> bytes:
    """As many boards at as many addresses as fit a packet, all on one host."""
    boards, addresses = chance.randint(1, 40), chance.randint(1, 80)
    host = bytes((1, chance.randint(0x61, 0x7A))) + b"\xc0\x1a"
    packet = bytearray(_HEADER.pack(0, _RESPONSE, 0, 3 * boards + addresses, 0, 0))
    for number in range(boards):
        owner = SERVICE if number == 0 else b"\xc0\x0c"
        packet += owner + _FIXED.pack(12, 1, 4500, 4)
        instance = struct.pack(">H", 0xC000 | len(packet))
        packet += bytes((1, number + 65)) + b"\xc0\x0c"
        packet += instance + _FIXED.pack(16, 1 | FLUSH, 4500, 14) + b"\x0dboard=mkr1000"
        packet += instance + _FIXED.pack(33, 1 | FLUSH, 120, 10) + struct.pack(">3H", 0, 0, 65280) + host
    for _ in range(addresses):
        packet += host + _FIXED.pack(1, 1 | FLUSH, 120, 4) + chance.randbytes(4)
    return bytes(packet)


# How often each kind comes; a crowded packet is twenty times as large as the others.
_KINDS: Final[dict[Callable[[random.Random], bytes], int]] = {
    _genuine: 40,
    _flipped: 50,
    _garbage: 40,
    _garbage_behind_a_header: 40,
    _truncated: 30,
    _swollen: 30,
    _looping: 15,
    _chained: 10,
    _crowded: 1,
}
