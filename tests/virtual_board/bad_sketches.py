"""Files that must never reach an MKR1000, most of them made of a good image.

`not_images` are other things that people take for an image; `damaged` are images that are no longer whole;
`misplaced` and `other_boards` are whole images that cannot run there; `without_ota` and `last_updates` are images after
which the board could not be flashed over the air again. The kind of each is the reason for which it has to be refused;
"damaged" stands for any.
"""

from collections.abc import Iterator
from dataclasses import replace
import gzip
import io
from random import Random
import struct
from typing import Literal, NamedTuple
import zipfile

from tests.virtual_board.sketches import (
    MKR1000,
    MKR_WIFI_1010,
    NANO_33_IOT,
    SDU_SIZE,
    SFU_SIZE,
    Board,
    Quirks,
    build_loader,
    build_sketch,
)

INTERNAL_STORAGE = 126_976
BOOTLOADER_SIZE = 0x2000

OTHER_BOARDS = (
    MKR_WIFI_1010,
    Board("Arduino MKRZero", "mkrzero", 0x804F),
    Board("Arduino Zero", "arduino_zero_edbg", 0x804D),
    NANO_33_IOT,
    Board("Arduino MKR Vidor 4000", "mkrvidor4000", 0x8056, "WiFiNINA"),
    Board("Arduino MKR WAN 1300", "mkrwan1300", 0x8053),
    Board("Arduino MKR GSM 1400", "mkrgsm1400", 0x8052),
)
UNKNOWN_BOARD = Board("Home-made board", "homemade", 0x0001, usb_vendor_id=0x1209)
WITHOUT_USB = replace(MKR1000, product=None)
OWN_PRODUCT = replace(MKR1000, product="Garden lamp")
OWN_NUMBERS = replace(OWN_PRODUCT, usb_vendor_id=0x1209, usb_product_id=1)

_NO_OTA = Quirks(begin=False, poll=False)


class Bad(NamedTuple):
    """A file that has to be refused: what it is, its content, the kind of reason, and where the board would put it."""

    name: str
    content: bytes
    kind: str
    storage: Literal["internal", "sd", "serial_flash"] = "internal"


def not_images(image: bytes) -> Iterator[Bad]:
    """Other files of a build, archives, and what servers send instead of a file."""
    yield Bad("empty", b"", "empty")
    yield Bad("ELF", _elf(image), "elf")
    yield Bad("ELF header alone", _elf(b"")[:52], "elf")
    yield Bad("Intel HEX", intel_hex(image), "hex")
    yield Bad("Intel HEX, Unix lines", intel_hex(image).replace(b"\r\n", b"\n"), "hex")
    yield Bad("Intel HEX, one record", b":00000001FF\n", "hex")
    yield Bad("UF2", _uf2(image), "uf2")
    yield Bad("ZIP", _zip(image), "zip")
    yield Bad("ZIP without a file", b"PK\x05\x06" + bytes(18), "zip")
    yield Bad("gzip", gzip.compress(image, mtime=0), "gzip")
    page = b"<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"
    yield Bad("page", page, "html")
    yield Bad("page with doctype", b"<!DOCTYPE html>\n" + page, "html")
    yield Bad("page behind blank lines", b"\n\n  <!doctype HTML>" + page, "html")
    yield Bad("page with byte order mark", b"\xef\xbb\xbf<!DOCTYPE html>" + page, "html")
    yield Bad("page with comment", b"<!-- cached -->\n" + page, "html")
    yield Bad("JSON", b'{"message": "Not Found", "status": "404"}\n', "text")
    yield Bad("source", b'#include <WiFi101OTA.h>\nvoid setup() { WiFiOTA.begin("Arduino", "password"); }\n', "text")
    yield Bad("Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\nsize 65780\n", "text")
    yield Bad("one line end", b"\n", "text")


def damaged(image: bytes) -> Iterator[Bad]:
    """A good image that was cut, extended, shifted, mixed up or not written at all."""
    size = len(image)
    for rest in (size // 2 & ~3, size // 3 & ~3, 8192, 1024):
        yield Bad(f"first {rest} bytes", image[:rest], "truncated")
    for rest in (size - 1, size - 2, size - 3, 8191, 1023, 180, 64, 9, 8, 7, 4, 1):
        yield Bad(f"first {rest} bytes", image[:rest], "damaged")
    for missing in (4, 8, 16, 64, 256, 1024, 4096):
        yield Bad(f"last {missing} bytes missing", image[:-missing], "truncated")
    for extra in (b"\n", b"\r\n", b"\0", b"\xff\xff\xff"):
        yield Bad(f"{extra!r} appended", image + extra, "not_multiple_of_4")
    for head in (4, 8, 16, 180, 256, size // 2 & ~3):
        yield Bad(f"first {head} bytes missing", image[head:], "not_a_sketch")
    yield Bad("first byte missing", image[1:], "damaged")
    yield Bad("shifted by a word", bytes(4) + image, "not_a_sketch")
    yield Bad("upside down", image[::-1], "not_a_sketch")
    yield Bad("bytes of each word swapped", _swapped(image), "not_a_sketch")
    yield Bad("line ends translated", image.replace(b"\n", b"\r\n"), "damaged")
    yield Bad("read as Latin-1, written as UTF-8", image.decode("latin-1").encode(), "damaged")
    yield Bad("seventh bits lost", bytes(byte & 0x7F for byte in image), "damaged")
    for length in (4, 64, 1024, size, INTERNAL_STORAGE):
        yield Bad(f"{length} bytes of erased flash", b"\xff" * length, "not_a_sketch")
        yield Bad(f"{length} zeros", bytes(length), "not_a_sketch")
        yield Bad(f"{length} random bytes", b"\x81" + Random(length).randbytes(length - 1), "not_a_sketch")
    for number, (stack, reset) in enumerate(_IMPOSSIBLE_STARTS):
        yield Bad(f"impossible start {number}", struct.pack("<II", stack, reset) + image[8:], "not_a_sketch")


_IMPOSSIBLE_STARTS = (
    (0x2000_8000, 0x0000_4000),  # the reset handler is no Thumb code
    (0x2000_8000, 0x2000_0101),  # it lies in SRAM
    (0x2000_8000, 0x0008_0001),  # it lies behind the flash
    (0x2002_0000, 0x0000_4001),  # the stack lies behind the SRAM
    (0x0000_8000, 0x0000_4001),  # it lies in flash
    (0xFFFF_FFFF, 0xFFFF_FFFF),
)


def misplaced(seed: int) -> Iterator[Bad]:
    """Whole images that were made for another place in the flash, or that do not fit in it."""
    for base in (0, 0x1000, 0x4000, 0x10000):
        yield Bad(f"linked at {base:#x}", build_sketch(link_base=base, seed=seed), "wrong_link_base")
    sdu = build_sketch(size=40_000, seed=seed, quirks=Quirks(sdu=True))
    yield Bad("SDU sketch without the loader", sdu[SDU_SIZE:], "wrong_link_base")
    image = build_sketch(seed=seed)
    bootloader = build_sketch(size=BOOTLOADER_SIZE, link_base=0, seed=seed + 1, quirks=_NO_OTA)
    yield Bad("bootloader in front", bootloader + image, "with_bootloader")
    for size in (INTERNAL_STORAGE + 4, INTERNAL_STORAGE + 64, 200_000, 253_952):
        yield Bad(f"{size} bytes", build_sketch(size=size, seed=seed), "too_large")
    sfu = build_sketch(size=60_000, seed=seed, quirks=Quirks(sfu=True))
    for content, size in ((image, len(image)), (sfu, len(sfu))):
        yield Bad(f"{size} bytes without SDU", content, "no_loader", "sd")
    for content, size in ((image, len(image)), (sdu, len(sdu))):
        yield Bad(f"{size} bytes without SFU", content, "no_loader", "serial_flash")


def other_boards(seed: int) -> Iterator[Bad]:
    """Images for boards that the same libraries, or the same people, know."""
    for board in OTHER_BOARDS:
        for library in ("ArduinoOTA", "WiFi101OTA") if board.wifi == "WiFi101" else ("ArduinoOTA",):
            image = build_sketch(library=library, seed=seed, board=board)
            yield Bad(f"{board.product}, {library}", image, "other_board")
        yield Bad(f"{board.product}, no OTA", build_sketch(seed=seed, board=board, quirks=_NO_OTA), "other_board")
    for board in (replace(MKR_WIFI_1010, product="Lamp"), replace(NANO_33_IOT, product=None)):
        image = build_sketch(library="ArduinoOTA", seed=seed, board=board)
        yield Bad(f"{board.ota_name} that shows itself as {board.product}", image, "other_board")
    for board in OTHER_BOARDS[:2]:
        names_us = ("Arduino MKR1000", "mkr1000")
        image = build_sketch(library="ArduinoOTA", strings=names_us, seed=seed, board=board)
        yield Bad(f"{board.product} that names the MKR1000", image, "other_board")
    yield Bad("unknown board", build_sketch(seed=seed, board=UNKNOWN_BOARD), "unknown_board")
    for board, what in ((WITHOUT_USB, "without USB"), (OWN_NUMBERS, "with USB names and numbers of its own")):
        image = build_sketch(library="ArduinoOTA", seed=seed, board=board)
        yield Bad(f"ArduinoOTA {what}", image, "unknown_board")
    random = Random(seed)
    yield Bad("AVR", struct.pack("<HHHH", 0x940C, 0x005C, 0x940C, 0x006E) * 26 + random.randbytes(8000), "not_a_sketch")
    yield Bad("ESP8266", bytes.fromhex("e9010240 ccf21040 00f01040") + random.randbytes(8000), "not_a_sketch")
    yield Bad("ESP32", bytes.fromhex("e9060220 e4280840 ee000000") + random.randbytes(8000), "not_a_sketch")
    yield Bad("RP2040", random.randbytes(252) + b"\x12\x34\x56\x78" + random.randbytes(8000), "not_a_sketch")
    yield Bad("SAMD51", struct.pack("<II", 0x2003_0000, 0x4A19) + build_sketch(seed=seed)[8:], "not_a_sketch")


def without_ota(seed: int) -> Iterator[Bad]:
    """Images for the right board that could never be replaced over the air again."""
    for quirks, what in (
        (_NO_OTA, "no OTA"),
        (Quirks(poll=False), "begin() alone"),
        (Quirks(begin=False), "poll() alone"),
    ):
        for library in ("WiFi101OTA", "ArduinoOTA"):
            for version in (None, "1.2.3"):
                image = build_sketch(version=version, library=library, seed=seed, quirks=quirks)
                yield Bad(f"{what}, {library}, version {version}", image, "no_ota")
    for strings in (("POST /sketch HTTP/1.1", "mkr1000"), ("Authorization: ",), ("arduino", "Content-Length: ")):
        image = build_sketch(strings=strings, seed=seed, quirks=Quirks(poll=False))
        yield Bad(f"begin() alone, and says {strings}", image, "no_ota")
    yield Bad("SDU alone", build_loader(SDU_SIZE, seed), "no_ota")
    yield Bad("SFU alone", build_loader(SFU_SIZE, seed), "no_ota")
    for library in ("WiFi101OTA", "ArduinoOTA"):
        image = build_sketch(library=library, seed=seed, quirks=Quirks(begin=False, poll=False, uncalled=True))
        yield Bad(f"{library}, there but never called", image, "no_ota")
    sdu = build_sketch(size=40_000, seed=seed, quirks=Quirks(begin=False, poll=False, sdu=True))
    yield Bad("SDU without OTA", sdu, "no_ota")


def last_updates(seed: int) -> Iterator[Bad]:
    """Images for the right board that serve updates, and would never receive one whole."""
    for library, free in (("WiFi101OTA", 3412), ("ArduinoOTA", 3064)):
        for less in (0, 4, 1000, free):
            image = build_sketch(library=library, seed=seed, quirks=Quirks(free_ram=free - less))
            yield Bad(f"{library}, {free - less} bytes of RAM free", image, "too_little_ram")
        for wifi in ("behind", "never"):
            for startup in ("loops", "calls"):
                image = build_sketch(library=library, seed=seed, quirks=Quirks(wifi=wifi, startup=startup))
                yield Bad(f"{library}, Wi-Fi {wifi} begin(), start-up {startup}", image, "no_wifi")
        for size in (INTERNAL_STORAGE + 4, 253_952):
            image = build_sketch(library=library, size=size, seed=seed, quirks=Quirks(sdu=True))
            yield Bad(f"{library}, {size} bytes behind SDU, stores internally", image, "last_update", "sd")


def intel_hex(image: bytes, base: int = 0x2000) -> bytes:
    """The image in the text format that programmers read."""
    records = [(0, 4, b"\0\0")]
    for offset in range(0, len(image), 16):
        address = base + offset
        if offset and address % 0x10000 == 0:
            records.append((0, 4, (address >> 16).to_bytes(2, "big")))
        records.append((address & 0xFFFF, 0, image[offset : offset + 16]))
    records.append((0, 1, b""))
    return b"".join(_hex_record(*record) for record in records)


def _hex_record(address: int, kind: int, content: bytes) -> bytes:
    record = bytes((len(content), address >> 8, address & 0xFF, kind)) + content
    return f":{record.hex()}{-sum(record) & 0xFF:02x}\r\n".upper().encode()


def _elf(image: bytes) -> bytes:
    identification = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0x4001, 52, 0, 0x05000200, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0x10000, 0x2000, 0x2000, len(image), len(image), 7, 0x10000)
    return (identification + header + segment).ljust(0x10000, b"\0") + image


def _uf2(image: bytes) -> bytes:
    count = -(-len(image) // 256)
    blocks = []
    for number in range(count):
        head = struct.pack(
            "<IIIIIIII", 0x0A324655, 0x9E5D5157, 0x2000, 0x2000 + 256 * number, 256, number, count, 0x68ED2B88
        )
        blocks.append(
            (head + image[256 * number : 256 * number + 256]).ljust(508, b"\0") + struct.pack("<I", 0x0AB16F30)
        )
    return b"".join(blocks)


def _zip(image: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("sketch.ino.bin"), image)
    return archive.getvalue()


def _swapped(image: bytes) -> bytes:
    count = len(image) // 4
    return struct.pack(f">{count}I", *struct.unpack(f"<{count}I", image[: 4 * count]))
