"""Some hundred files, good and bad, with what an inspector has to find in each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count

from tests.virtual_board import bad_sketches
from tests.virtual_board.sketches import GENUINO, SDU_STUB_SIZE, STOCK, Quirks, build_sketch

INTERNAL_STORAGE = bad_sketches.INTERNAL_STORAGE
LARGE_STORAGE = 253_952


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file. `kind` is what is remarkable about a good one, and the reason to refuse a bad one ("damaged": any reason).

    The other fields count for good ones only. `password_findable` tells whether the password is in the image at all.
    """

    name: str
    image: bytes
    good: bool
    kind: str
    name_in_sketch: str = "Arduino"
    password: str = "password"
    version: str | None = None
    library: str = "WiFi101OTA"
    password_findable: bool = True
    storage_size: int = INTERNAL_STORAGE


LIBRARIES = ("WiFi101OTA", "ArduinoOTA")

CREDENTIALS = (
    ("Arduino", "password"),
    ("Kitchen", "s3cr3t-ota"),
    ("Küche", "pä ß:x"),
    ("ガレージ", "пароль 密码 🔑"),
    ("Arduino", ""),
    ("a", "b"),
    ("Attic fan", "p" * 63),
    ("mkr1000", "mkr1000"),
    ("arduino", "Basic "),
    ("Arduino", "OK"),
    ("Arduino", 'qu"ote\\ and %s and \t'),
)

LAYOUTS = {
    "stock": Quirks(),
    "arrays": Quirks(arrays=True),
    "Wi-Fi literals": Quirks(wifi_literals=True),
    "code before literals": Quirks(code_before_literals=True),
    "scattered": Quirks(scatter=True),
    "tails kept": Quirks(merge_tails=False),
    "not optimised": Quirks(merge_tails=False, aligned=True, wifi_literals=True),
    "arrays and Wi-Fi literals": Quirks(arrays=True, wifi_literals=True),
    "called through a register": Quirks(call="far"),
    "begin() inlined": Quirks(call="inlined"),
    "call not recognisable": Quirks(call="hidden"),
    "SDU": Quirks(sdu=True),
    "SDU and arrays": Quirks(sdu=True, arrays=True),
}


def corpus() -> Iterator[Specimen]:
    """Every file, always the same ones; built once in a process, since that takes seconds."""
    yield from _every_specimen()


@cache
def _every_specimen() -> tuple[Specimen, ...]:
    return *good_specimens(), *bad_specimens()


def good_specimens() -> Iterator[Specimen]:
    """Images that have to be accepted."""
    seeds = count()
    for library in LIBRARIES:
        for kind, quirks in LAYOUTS.items():
            for number, (name, password) in enumerate(CREDENTIALS):
                version = (None, "1.2.3", "2.0.0-rc.1", "2026.11.22")[number % 4]
                yield _good(kind, name, password, version, library, seed=next(seeds), quirks=quirks)
        yield from _good_in_their_own_way(library, seeds)
    genuino = build_sketch(seed=next(seeds), board=GENUINO)
    yield Specimen("Genuino", genuino, True, "Genuino")
    old = Quirks(old_library=True)
    yield _good("WiFi101OTA 1.0", "Hall", "hall-pass", "1.0", "WiFi101OTA", seed=next(seeds), quirks=old)


def _good_in_their_own_way(library: str, seeds: count[int]) -> Iterator[Specimen]:
    tail, literals = "enter the password", Quirks(wifi_literals=True)
    yield _good("merged tail", "Hall", "word", None, library, seed=next(seeds), strings=(tail,))
    yield _good("merged tail", "Hall", "password", "1.0", library, seed=next(seeds), strings=(tail,))
    yield _good(
        "merged tail", "Hall", "the password", None, library, seed=next(seeds), strings=(tail,), quirks=literals
    )
    yield _good("name is a tail", "Hall", "hall-pass", None, library, seed=next(seeds), strings=("Music Hall",))
    yield _good("password ends the name", "Hall 9", "9", None, library, seed=next(seeds))
    wifi = ("myNet", "shared-secret")
    yield _good("shared with Wi-Fi", "Hall", wifi[1], None, library, seed=next(seeds), wifi=wifi, quirks=literals)
    arrays = Quirks(arrays=True)
    yield _good("shared with Wi-Fi", "Hall", wifi[1], None, library, seed=next(seeds), wifi=wifi, quirks=arrays)
    yield _good("tail of Wi-Fi's", "Hall", "secret", None, library, seed=next(seeds), wifi=wifi, quirks=literals)
    yield _good("Wi-Fi array equal to literal", "Hall", wifi[1], None, library, seed=next(seeds), wifi=wifi)
    computed = _good("computed", "Hall", "ota-0042", "1.0", library, seed=next(seeds), quirks=Quirks(computed=True))
    yield replace(computed, password_findable=False)
    boards = ("Arduino MKR WiFi 1010", "mkrwifi1010", "Arduino Zero")
    yield _good("names other boards", "Hall", "hall-pass", None, library, seed=next(seeds), strings=boards)
    words = ("wrong password", "admin", "password1", "Password", "passwor", "1234")
    yield _good("many likely words", "Hall", "hall-pass", None, library, seed=next(seeds), strings=words)
    padded = _good("padded", "Hall", "hall-pass", "1.0", library, seed=next(seeds))
    yield replace(padded, image=padded.image + b"\xff" * (-len(padded.image) % 256 + 256))
    for size in (6_000, 40_000, 65_780, INTERNAL_STORAGE - 4, INTERNAL_STORAGE):
        yield _good("size", "Hall", "hall-pass", "1.0", library, size, seed=next(seeds))
    for size in (INTERNAL_STORAGE + 4, LARGE_STORAGE):
        large = _good("size", "Hall", "hall-pass", "1.0", library, size, seed=next(seeds))
        yield replace(large, storage_size=LARGE_STORAGE)


def _good(
    kind: str,
    name: str,
    password: str,
    version: str | None,
    library: str,
    size: int = 10_000,
    *,
    seed: int,
    wifi: tuple[str, str] = ("yourNetwork", "secretPassword"),
    strings: tuple[str, ...] = (),
    quirks: Quirks = STOCK,
) -> Specimen:
    stub = SDU_STUB_SIZE if quirks.sdu else 0
    image = build_sketch(name, password, version, library, size + stub, seed, wifi=wifi, strings=strings, quirks=quirks)
    label = f"{seed}: {kind}, {library}, {name!r}, {password!r}, {len(image)} bytes"
    return Specimen(label, image, True, kind, name, password, version, library)


def bad_specimens() -> Iterator[Specimen]:
    """Files that have to be refused."""
    seeds = count(1000)
    for quirks in (Quirks(), Quirks(sdu=True), Quirks(arrays=True, scatter=True)):
        image = build_sketch(size=30_000, seed=next(seeds), quirks=quirks)
        for bad in (*bad_sketches.not_images(image), *bad_sketches.damaged(image)):
            yield Specimen(f"{bad.name} of {quirks}", bad.content, False, bad.kind)
    for maker in (bad_sketches.misplaced, bad_sketches.other_boards, bad_sketches.without_ota):
        for bad in maker(next(seeds)):
            yield Specimen(bad.name, bad.content, False, bad.kind)
