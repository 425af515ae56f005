"""The one mDNS question that a board understands, and its answer, byte for byte as the board's library lays it out."""

import socket
import struct

SERVICE = b"\x08_arduino\x04_tcp\x05local\x00"
QUESTION = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + SERVICE + struct.pack(">HH", 12, 1)
"""All 37 bytes of it; the first two, the id, may be anything."""

PTR, TXT, SRV, A = 12, 16, 33, 1
IN = 0x0001
FLUSH_IN = 0x8001
LONG_TTL = 4500
SHORT_TTL = 120
ANSWER_FLAGS = 0x8400

TO_SERVICE = b"\xc0\x0c"
TO_LOCAL = b"\xc0\x1a"
TO_INSTANCE = b"\xc0\x2b"


def is_question(packet: bytes) -> bool:
    """Whether a board would answer: it compares the whole packet, and parses nothing."""
    return len(packet) == len(QUESTION) and packet[2:] == QUESTION[2:]


def answer(name: str, address: str, port: int, board: str) -> bytes:
    """PTR, TXT, SRV and A, all in the answer section.

    The library writes lengths and the offset of the host name as single bytes, whatever the name is.
    """
    label = _counted(name.encode(errors="surrogateescape"))
    texts = b"".join(map(_counted, (b"ssh_upload=no", b"tcp_check=no", b"auth_upload=yes", b"board=" + board.encode())))
    packet = struct.pack(">6H", 0, ANSWER_FLAGS, 0, 4, 0, 0)
    packet += _record(SERVICE, PTR, IN, LONG_TTL, label + TO_SERVICE)
    packet += _record(TO_INSTANCE, TXT, FLUSH_IN, LONG_TTL, texts)
    packet += _record(TO_INSTANCE, SRV, FLUSH_IN, SHORT_TTL, struct.pack(">HHH", 0, 0, port) + label + TO_LOCAL)
    to_host = bytes((0xC0, (len(packet) - len(label + TO_LOCAL)) & 0xFF))
    return packet + _record(to_host, A, FLUSH_IN, SHORT_TTL, socket.inet_aton(address))


def _counted(octets: bytes) -> bytes:
    return bytes((len(octets) & 0xFF,)) + octets


def _record(name: bytes, kind: int, dns_class: int, ttl: int, content: bytes) -> bytes:
    return name + struct.pack(">HHIBB", kind, dns_class, ttl, 0, len(content) & 0xFF) + content
