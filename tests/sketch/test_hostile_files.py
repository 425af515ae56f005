"""Files that nobody made on purpose, or somebody did: whatever they are, they are refused in one way, and quickly."""

from collections.abc import Callable, Iterator
from itertools import count, islice
from random import Random
from struct import pack
import sys

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.sketch import OVERRIDABLE, Refusal, Sketch
from tests.virtual_board.sketches import Quirks, build_sketch

LARGE_STORAGE = 253_952
SMALL = [
    build_sketch(size=7_000),
    build_sketch("Küche", "pä ß:x", "1.0", "ArduinoOTA", size=8_000, seed=1, quirks=Quirks(arrays=True)),
    build_sketch(size=24_000, seed=2, quirks=Quirks(sdu=True)),
]
# Loads of literals, calls, jumps, and what the inspection looks for.
JUMPS = [0x4800, 0x49FF, 0xF7FF, 0xF000, 0xF800, 0x4798, 0x4687, 0xE400, 0xE3FF, 0xD080, 0xD07F, 0x2142, 0x200A, 0xB500]
FORMATS = [b"\x7fELF", b"PK\x03\x04", b"\x1f\x8b", b"UF2\n", b":10", b"<html>", b"{}", b"\xef\xbb\xbf", b"\xe9"]


def noise(random: Random) -> bytes:
    """Anything at all, often behind the beginning of something."""
    start = random.choice([b"", b"", random.choice(FORMATS), pack("<II", 0x2000_8000, random.randrange(0x4_0000) | 1)])
    return start + random.randbytes(random.choice([0, 1, 2, 3, 7, 8, 60, 200, 1000]))


def cut(random: Random) -> bytes:
    """Some part of a sketch."""
    image = random.choice(SMALL)
    start = random.choice([0, 0, 0, 4, random.randrange(len(image))])
    return image[start : random.randrange(len(image) + 1)]


def damaged_start(random: Random) -> bytes:
    """A sketch with other vectors."""
    image = bytearray(random.choice(SMALL))
    for _ in range(random.randrange(1, 4)):
        image[random.randrange(16)] = random.randrange(256)
    return bytes(image)


def mutated(random: Random) -> bytes:
    """A sketch with other bytes and words in it, or with some of them missing or repeated."""
    image = bytearray(random.choice(SMALL[:2]))
    for _ in range(random.choice([1, 2, 10, 100, 1000])):
        place = random.randrange(len(image))
        match random.randrange(6):
            case 0:
                image[place] ^= 1 << random.randrange(8)
            case 1:
                image[place] = random.randrange(256)
            case 2:
                image[place & ~3 : (place & ~3) + 4] = pack("<I", 0x2000 + random.randrange(len(image) + 64))
            case 3:
                image[place & ~3 : (place & ~3) + 4] = pack("<I", 0x2000_0000 + random.randrange(0x8010))
            case 4:
                image[place & ~3 : (place & ~3) + 4] = random.choice([bytes(4), b"\xff" * 4, b"\x00\x20\x00\x00"])
            case _:
                image[place & ~1 : (place & ~1) + 2] = pack("<H", random.choice([0x4798, 0xF7FF, 0x4800, 0x6800]))
    if random.random() < 0.1:
        place = random.randrange(len(image)) & ~3
        del image[place : place + 4 * random.randrange(8)]
    return bytes(image)


def ragged(random: Random) -> bytes:
    """A sketch with instructions in its first and last bytes that lead, load, or go on outside it."""
    image = bytearray(random.choice(SMALL[:2]))
    for _ in range(random.choice([1, 4, 20])):
        place = random.choice([random.randrange(8, 120), len(image) // 2 - random.randrange(1, 40)])
        image[2 * place : 2 * place + 2] = pack("<H", random.choice(JUMPS))
    return bytes(image)


def judged(files: Iterator[bytes]) -> dict[str | None, int]:
    """Inspect files; count how many were refused for which reason."""
    counted: dict[str | None, int] = {}
    for file in files:
        reason = refusal(file)
        counted[reason] = counted.get(reason, 0) + 1
    return counted


def refusal(file: bytes) -> str | None:
    """Why a file is refused, None if it is not; check what goes with it."""
    try:
        sketch = Sketch.inspect(file, model=None, storage=None, allow=OVERRIDABLE)
    except SketchRefused as error:
        refused = error
    else:
        assert not sketch.has_literal("no such string")
        return None
    assert isinstance(refused.reason, Refusal)
    assert str(refused)
    assert all(isinstance(value, str) for value in refused.placeholders.values())
    return refused.reason


def endless(make: Callable[[Random], bytes], seed: int) -> Iterator[bytes]:
    """Always the same files of a kind."""
    random = Random(f"{make.__name__} {seed}")
    while True:
        yield make(random)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "number", "reasons"),
    [(noise, 3000, 8), (cut, 1500, 2), (damaged_start, 500, 3), (mutated, 500, 5), (ragged, 500, 2)],
)
def test_any_file_is_a_sketch_or_refused(make: Callable[[Random], bytes], number: int, reasons: int) -> None:
    """There is no third way."""
    assert len(judged(islice(endless(make, 0), number))) >= reasons


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "number"), [(noise, 150_000), (cut, 80_000), (damaged_start, 3_000), (mutated, 3_000), (ragged, 3_000)]
)
def test_any_of_hundreds_of_thousands_of_files_is_a_sketch_or_refused(
    make: Callable[[Random], bytes], number: int
) -> None:
    """The same with more patience."""
    assert sum(judged(islice(endless(make, 1), number)).values()) == number


def laid_out(fill: bytes, *strings: bytes) -> bytes:
    """As large a file as a board can take, whole to all appearance, that consists of one thing over and over."""
    good = build_sketch(quirks=Quirks(storage="SDStorage"))
    return (good + b"\0".join(strings) + b"\0" * 8 + fill * (LARGE_STORAGE // len(fill)))[:LARGE_STORAGE]


HOSTILE = {
    "calls": laid_out(pack("<HH", 0xF7FF, 0xFFFE)),
    "calls of begin()": laid_out(pack("<HH", 0xF7FF, 0xF800)),
    "calls through registers": laid_out(pack("<H", 0x4798)),
    "loads": laid_out(pack("<H", 0x49FF)),
    "functions": laid_out(pack("<HHI", 0xB500, 0xBD00, 0x2101)),
    "requests to listen": laid_out(pack("<HHHH", 0x2142, 0x2002, 0xF7FF, 0xFFFE)),
    "tables of jumps": laid_out(pack("<HHHHHH", 0x4671, 0x5C09, 0xF7FF, 0xFFFC, 0x0101, 0x469F)),
    "watchdogs": laid_out(pack("<HHI", 0x4B00, 0x7213, 0x4000_1000)),
    "waits": laid_out(pack("<HHHHHH", 0x20FA, 0x0040, 0x200A, 0xF7FF, 0xFFFA, 0xD0F9)),
    "pointers to code in SRAM": laid_out(pack("<HHI", 0x4B00, 0x4798, 0x2000_0005)),
    "dates": laid_out(b"Nov 27 2026 12:34:56\0"),
    "names of files": laid_out(b"/a.c/b.cpp::c\0" + b"/" * 100 + b"\0"),
    "pointers to code": laid_out(pack("<I", 0x2101)),
    "pointers to all over": b"".join(pack("<I", 0x2000 + 4 * number) for number in range(30_000)),
    "pointers to SRAM": laid_out(pack("<I", 0x2000_0004)),
    "the same string": laid_out(b"arduino:\0"),
    "product names": laid_out(b"Arduino Zero\0"),
    "version markers": laid_out(b"mkr1000_ota:version="),
    "vector tables": laid_out(pack("<II", 0x2000_8000, 0x3_0001) + bytes(56)),
    "descriptors": laid_out(b"\x12\x01\x00\x02"),
    "one long string": laid_out(b"a"),
    "spaces": b" " * LARGE_STORAGE,
    "colons": b":" * LARGE_STORAGE,
}


# A free one of those that sys.monitoring has.
TOOL = 4
# For an ordinary sketch of 24 000 bytes it takes 47 000.
MOST_STEPS = 1_500_000


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_file_can_be_made_to_keep_us_busy(kind: str) -> None:
    """Whatever is in it many times over."""
    assert 0 < steps(lambda: judged(iter([HOSTILE[kind]]))) < MOST_STEPS


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python some work takes."""
    counted = count()
    lines = sys.monitoring.events.LINE
    sys.monitoring.use_tool_id(TOOL, "steps")
    sys.monitoring.register_callback(TOOL, lines, lambda *_: next(counted))
    sys.monitoring.set_events(TOOL, lines)
    try:
        work()
    finally:
        sys.monitoring.set_events(TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.free_tool_id(TOOL)
    return next(counted)
