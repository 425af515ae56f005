"""A sketch: an image that was inspected and found fit for a board."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
import re
from typing import Final, Self

from .. import limits
from ..hardware import LARGEST_SKETCH, MKR1000, SRAM_START, Model, Storage
from ..libraries import Library
from ..text import fit_to_show
from . import hazards
from .begin_call import BeginCall, calls_of_begin
from .checks import check_board, check_storage, whole_program
from .code import Code
from .findings import OVERRIDABLE, Caution, Finding, Refusal, refused
from .image import FlashImage
from .ota_library import VERSION_MARKER, library_of
from .passwords import name_and_passwords
from .program import Program, loader
from .wifi_start import never_starts_wifi

_VERSION: Final = re.compile(re.escape(VERSION_MARKER.encode()) + rb"([0-9A-Za-z][0-9A-Za-z.+_-]{0,39})\0")
# What compilers make of __DATE__ and __TIME__. No board is as old as the date that clocks begin with, and midnight is
# what they begin with, too.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(rb"(?:%s) [ 0-3]\d 20[1-9]\d" % "|".join(_MONTHS).encode())
_TIME: Final = re.compile(rb"(?!00:00:00)[0-2]\d:[0-5]\d:[0-5]\d")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Sketch:
    """What an image tells about itself. None, and False for `ota`, stand for what it does not tell.

    `model` is the board that it proves to be for, `library` the one that serves uploads once it runs, `built` the local
    time when it was compiled. `passwords` are those that it may want then, likeliest first; none need be right, as a
    sketch can compute its password. `stated_password` is the one that it certainly wants. `loader` is the storage from
    which a loader in front of the sketch copies the next one when the board starts, and `stores_internally` tells
    whether the sketch puts it into the internal storage. `warnings` are what its owner has to know before it is flashed.
    """

    image: bytes = field(repr=False)
    size: int
    sha256: str
    model: Model | None
    ota: bool
    library: Library | None
    name: str | None
    version: str | None
    built: datetime | None
    passwords: tuple[str, ...] = field(repr=False)
    stated_password: str | None = field(repr=False)
    loader: Storage | None
    stores_internally: bool | None
    warnings: tuple[Finding, ...]

    @classmethod
    def inspect(
        cls,
        image: bytes,
        *,
        model: Model | None = MKR1000,
        storage: Storage | None = Storage.INTERNAL,
        allow: Collection[Refusal] = (),
    ) -> Self:
        """Inspect an image for a board of a model whose running sketch puts it into a storage; None stands for any.

        Takes some tens of milliseconds, of computing: call it in a thread. Raises SketchRefused, and nothing else, if
        the board would not survive the image or could not be flashed over the air again. `allow` has what is not to be
        refused for; only those of OVERRIDABLE count.
        """
        allowed = OVERRIDABLE.intersection(allow)
        flash, program = whole_program(image)
        code, loads_from = Code(flash, program.offset), loader(flash, program)
        library = library_of(code)
        target = check_board(flash, library, model, allowed)
        if storage is not None:
            check_storage(len(image), loads_from, storage)
        if library is None and Refusal.NO_OTA not in allowed:
            raise refused(Refusal.NO_OTA)
        calls = calls_of_begin(code, library) if library else []
        stated, internal = _stated(flash, calls), _stores_internally(code, calls)
        if library:
            _check_next_update(code, program, library, calls, internal, allowed)
        name, passwords = name_and_passwords(code, calls) if library else (None, ())
        version = _VERSION.search(image)
        return cls(
            image=image,
            size=len(image),
            sha256=sha256(image).hexdigest(),
            model=target,
            ota=library is not None,
            library=library,
            # As it is heard when the board announces it.
            name=(name and fit_to_show(name, limits.NAME)) or None,
            version=version[1].decode() if version else None,
            built=_compile_time(image),
            passwords=passwords,
            stated_password=flash.text(stated),
            loader=loads_from,
            stores_internally=internal,
            warnings=tuple(_warnings(code, program, library, stated, internal)) if library else (),
        )

    def has_literal(self, text: str) -> bool:
        """Whether the sketch has this very string, ended by NUL.

        It begins where a word points to, which may be in the middle of a longer string that ends alike, or behind the
        NUL of another one, as members of structures do; or it is short enough to be a number in the code.
        """
        literal = text.encode(errors="surrogatepass")
        if text in self.passwords or b"\0" + literal + b"\0" in self.image:
            return True
        return whole_program(self.image)[0].points_to(literal)


def _stated(image: FlashImage, calls: list[BeginCall]) -> int | None:
    """Where the password is that every call of begin() passes, None if it is no literal or nobody can tell."""
    match list({call.password_address if call.is_certain and call.has_objects else None for call in calls}):
        case [int(address)] if address < SRAM_START:
            return image.offset(address)
    return None


def _stores_internally(code: Code, calls: list[BeginCall]) -> bool | None:
    answers = {hazards.stores_internally(code, call.storage) for call in calls}
    return answers.pop() if len(answers) == 1 else None


def _check_next_update(
    code: Code,
    program: Program,
    library: Library,
    calls: list[BeginCall],
    internal: bool | None,
    allowed: Collection[Refusal],
) -> None:
    """Raise SketchRefused if a sketch that runs could certainly not be flashed over the air again."""
    size, limit = len(code.image.content), LARGEST_SKETCH[Storage.INTERNAL]
    if internal and size > limit:
        raise refused(Refusal.LAST_UPDATE, size=size, limit=limit)
    free = program.free_ram
    if free is not None and free <= hazards.RAM_TOO_LITTLE[library] and Refusal.TOO_LITTLE_RAM not in allowed:
        raise refused(Refusal.TOO_LITTLE_RAM, free=free, needed=hazards.RAM_ENOUGH[library])
    if len(calls) == 1 and calls[0].has_objects and never_starts_wifi(code, calls[0].site, program.reset_handler):
        raise refused(Refusal.NO_WIFI)


def _warnings(
    code: Code, program: Program, library: Library, stated: int | None, internal: bool | None
) -> Iterator[Finding]:
    free, enough = program.free_ram, hazards.RAM_ENOUGH[library]
    if free is not None and free <= enough:
        yield Finding(Caution.LITTLE_RAM, {"free": str(free), "needed": str(enough)})
    if internal is not False and hazards.hangs_after_update(code.image):
        yield Finding(Caution.HANGS_AFTER_UPDATE)
    if hazards.waits_for_serial(code):
        yield Finding(Caution.WAITS_FOR_SERIAL)
    if hazards.has_watchdog(code):
        yield Finding(Caution.WATCHDOG)
    if code.image.string(stated) is not None and code.image.text(stated) is None:
        yield Finding(Caution.PASSWORD_NOT_UTF8)


def _compile_time(image: bytes) -> datetime | None:
    """When a sketch was compiled, by the one date and time in it that look like __DATE__ and __TIME__."""
    dates, times = set(_DATE.findall(image)), set(_TIME.findall(image))
    if len(dates) != 1 or len(times) != 1:
        return None
    month, day, year = dates.pop().decode().split()
    hour, minute, second = times.pop().decode().split(":")
    date = int(year), _MONTHS.index(month) + 1, int(day)
    with suppress(ValueError):
        return datetime(*date, int(hour), int(minute), int(second))  # noqa: DTZ001 (of whoever compiled it)
    return None
