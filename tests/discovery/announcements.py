"""The packet that a board answers with, byte by byte, and the records that python-zeroconf reads out of it."""

import socket
import struct

from zeroconf import DNSIncoming, DNSRecord

SERVICE = b"\x08_arduino\x04_tcp\x05local\x00"
FLUSH = 0x8000
# The only packet that a board answers.
QUERY = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + SERVICE + struct.pack(">HH", 12, 1)


def announcement(
    name: str | bytes = "Arduino",
    address: str = "127.0.0.11",
    *,
    board: str | bytes = "mkr1000",
    port: int = 65280,
) -> bytes:
    """Build the answer of a board: PTR, TXT, SRV and A, compressed as the board libraries do it."""
    label = _bytes(name)
    strings = b"ssh_upload=no", b"tcp_check=no", b"auth_upload=yes", b"board=" + _bytes(board)
    text = b"".join(bytes((len(string),)) + string for string in strings)

    packet = struct.pack(">6H", 0, 0x8400, 0, 4, 0, 0)
    service = len(packet)
    packet += SERVICE + _fixed(12, 1, 4500, len(label) + 3)
    instance = len(packet)
    packet += bytes((len(label),)) + label + _pointer(service)
    packet += _pointer(instance) + _fixed(16, 1 | FLUSH, 4500, len(text)) + text
    packet += _pointer(instance) + _fixed(33, 1 | FLUSH, 120, len(label) + 9) + struct.pack(">3H", 0, 0, port)
    host = len(packet)
    packet += bytes((len(label),)) + label + _pointer(service + len(b"\x08_arduino\x04_tcp"))
    return packet + _pointer(host) + _fixed(1, 1 | FLUSH, 120, 4) + socket.inet_aton(address)


def records(packet: bytes) -> list[DNSRecord]:
    """Read a packet as python-zeroconf does."""
    return DNSIncoming(packet).answers()


def _fixed(type_: int, class_: int, ttl: int, length: int) -> bytes:
    return struct.pack(">HHIH", type_, class_, ttl, length)


def _pointer(offset: int) -> bytes:
    return struct.pack(">H", 0xC000 | offset)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
