"""Some hundred files, good and bad, with what an inspector has to find in each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import count
from typing import Any, Literal

from tests.virtual_board import bad_sketches
from tests.virtual_board.bad_sketches import OWN_NUMBERS, OWN_PRODUCT, WITHOUT_USB
from tests.virtual_board.sketches import (
    GENUINO,
    MKR_WIFI_1010,
    NANO_33_IOT,
    SDU_SIZE,
    SFU_SIZE,
    STOCK,
    Quirks,
    build_sketch,
)

INTERNAL_STORAGE = bad_sketches.INTERNAL_STORAGE
LARGE_STORAGE = 253_952


@dataclass(frozen=True)
class Specimen:
    """A file. `kind` is what is remarkable about a good one, and the reason to refuse a bad one ("damaged": any reason).

    The other fields count for good ones only. `password_findable` tells whether the password is in the image at all,
    `stated` whether it is the only one that the sketch can pass to begin(), as a literal. `warnings` are what its owner
    has to be told. `storage` is where the board puts it.
    """

    name: str
    build: Callable[[], bytes]
    good: bool
    kind: str
    name_in_sketch: str = "Arduino"
    password: str = "password"
    version: str | None = None
    library: str = "WiFi101OTA"
    password_findable: bool = True
    stated: bool = True
    model: str = "mkr1000"
    storage: Literal["internal", "sd", "serial_flash"] = "internal"
    warnings: frozenset[str] = frozenset()

    @cached_property
    def image(self) -> bytes:
        """The content, built when somebody wants it."""
        return self.build()


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
    "start-up code calls functions": Quirks(startup="calls"),
    "link-time optimised": Quirks(startup="inlined"),
    "SDU": Quirks(sdu=True),
    "SDU and arrays": Quirks(sdu=True, arrays=True),
}
OBSCURE = ("begin() inlined", "call not recognisable")
"""Layouts in which begin() is not called like a function that one knows."""

HARMLESS = {
    "access point": Quirks(wifi="access point"),
    "provisioned": Quirks(wifi="provisioned"),
    "Wi-Fi started through a pointer": Quirks(wifi="through a pointer"),
    "begin() in loop()": Quirks(wifi="in loop"),
    "waits for a terminal for a while": Quirks(serial="limited"),
    "waits for a terminal while anything is called": Quirks(serial="with anything"),
    "asks for a terminal once": Quirks(serial="once"),
    "sleeps by the watchdog": Quirks(watchdog="only sleeps"),
    "restarts by the watchdog": Quirks(watchdog="restarts"),
    "switches the watchdog off": Quirks(watchdog="switched off"),
}
"""What looks like something that a warning or a refusal is for, and is nothing."""

HAZARDS = {
    "hangs_after_update": Quirks(hangs=True),
    "waits_for_serial": Quirks(serial="endless"),
    "watchdog": Quirks(watchdog="fed"),
}
FURTHER_HAZARDS = {"waits_for_serial": Quirks(serial="with work"), "watchdog": Quirks(watchdog="library")}
RAM = {"WiFi101OTA": (3412, 4412), "ArduinoOTA": (3064, 4064)}
"""Bytes of free RAM with which a sketch crashes in an update, and with which it works."""


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
        yield from _with_hazards(library, seeds)
    yield from _with_loaders(seeds)
    yield from _for_boards(seeds)
    old = Quirks(old_library=True)
    yield _good("WiFi101OTA 1.0", "Hall", "hall-pass", "1.0", "WiFi101OTA", seed=next(seeds), quirks=old)
    yield _good("ArduinoOTA 1.0.0", "Hall", "hall-pass", "1.0", "ArduinoOTA", seed=next(seeds), quirks=old)
    for quirks in (Quirks(mdns=False), Quirks(mdns=False, old_library=True)):
        yield _good("without mDNS", "Hall", "hall-pass", None, "ArduinoOTA", seed=next(seeds), quirks=quirks)


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
    yield replace(padded, build=lambda: padded.image + b"\xff" * (-len(padded.image) % 256 + 256))
    for size in (7_000, 40_000, 65_780, INTERNAL_STORAGE - 4, INTERNAL_STORAGE):
        yield _good("size", "Hall", "hall-pass", "1.0", library, size, seed=next(seeds))
    for kind, quirks in HARMLESS.items():
        yield _good(kind, "Hall", "hall-pass", None, library, seed=next(seeds), quirks=quirks)


def _with_hazards(library: str, seeds: count[int]) -> Iterator[Specimen]:
    for hazards in (HAZARDS, FURTHER_HAZARDS):
        for warning, quirks in hazards.items():
            specimen = _good(warning, "Hall", "hall-pass", None, library, seed=next(seeds), quirks=quirks)
            yield replace(specimen, warnings=frozenset({warning}))
    too_little, enough = RAM[library]
    for free in (too_little + 4, enough, enough + 4):
        quirks = Quirks(free_ram=free)
        specimen = _good("little_ram", "Hall", "hall-pass", None, library, seed=next(seeds), quirks=quirks)
        yield replace(specimen, warnings=frozenset({"little_ram"} if free <= enough else ()))


def _with_loaders(seeds: count[int]) -> Iterator[Specimen]:
    """Whole images behind the loader of the storage that the board puts them into."""
    for library in LIBRARIES:
        for size in (INTERNAL_STORAGE, INTERNAL_STORAGE + 4, LARGE_STORAGE):
            sd, flash = (Quirks(sdu=sdu, sfu=not sdu, storage="SDStorage") for sdu in (True, False))
            yield _good(
                "SDU", "Hall", "hall-pass", "1.0", library, size - SDU_SIZE, seed=next(seeds), quirks=sd, storage="sd"
            )
            yield _good(
                "SFU",
                "Hall",
                "hall-pass",
                "1.0",
                library,
                size - SFU_SIZE,
                seed=next(seeds),
                quirks=flash,
                storage="serial_flash",
            )


def _for_boards(seeds: count[int]) -> Iterator[Specimen]:
    """Images for the right board by other signs than the usual name, and for the two other boards."""
    for library, board, kind in (
        ("WiFi101OTA", GENUINO, "Genuino"),
        ("ArduinoOTA", GENUINO, "Genuino"),
        ("WiFi101OTA", OWN_PRODUCT, "USB name of its own"),
        ("ArduinoOTA", OWN_PRODUCT, "USB name of its own"),
        ("WiFi101OTA", OWN_NUMBERS, "USB name and numbers of its own"),
        ("WiFi101OTA", WITHOUT_USB, "without USB"),
        ("ArduinoOTA", MKR_WIFI_1010, "MKR WiFi 1010"),
        ("ArduinoOTA", NANO_33_IOT, "NANO 33 IoT"),
        ("ArduinoOTA", replace(NANO_33_IOT, product="Lamp"), "NANO 33 IoT with a USB name of its own"),
    ):
        specimen = _good(kind, "Hall", "hall-pass", None, library, seed=next(seeds), board=board)
        yield replace(specimen, model=board.ota_name)


def _good(
    kind: str,
    name: str,
    password: str,
    version: str | None,
    library: str,
    size: int = 12_000,
    *,
    seed: int,
    quirks: Quirks = STOCK,
    storage: Literal["internal", "sd", "serial_flash"] = "internal",
    **options: Any,
) -> Specimen:
    size += SDU_SIZE if quirks.sdu else SFU_SIZE if quirks.sfu else 0
    build = partial(build_sketch, name, password, version, library, size, seed, quirks=quirks, **options)
    label = f"{seed}: {kind}, {library}, {name!r}, {password!r}, {size} bytes"
    stated = not quirks.arrays and not quirks.computed and kind not in OBSCURE
    return Specimen(label, build, True, kind, name, password, version, library, stated=stated, storage=storage)


def bad_specimens() -> Iterator[Specimen]:
    """Files that have to be refused."""
    seeds = count(1000)
    for quirks in (Quirks(), Quirks(sdu=True), Quirks(arrays=True, scatter=True)):
        image = build_sketch(size=30_000, seed=next(seeds), quirks=quirks)
        for bad in (*bad_sketches.not_images(image), *bad_sketches.damaged(image)):
            yield Specimen(f"{bad.name} of {quirks}", partial(bytes, bad.content), False, bad.kind)
    for maker in (
        bad_sketches.misplaced,
        bad_sketches.other_boards,
        bad_sketches.without_ota,
        bad_sketches.last_updates,
    ):
        for bad in maker(next(seeds)):
            yield Specimen(bad.name, partial(bytes, bad.content), False, bad.kind, storage=bad.storage)
