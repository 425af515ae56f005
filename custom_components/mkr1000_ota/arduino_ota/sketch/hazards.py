"""What a sketch does once it runs, as far as its next update is concerned: wait, crash, hang, be reset.

What each kind of sketch and build does was seen on an emulated MKR1000 that ran hundreds of compiled sketches.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from ..hardware import SRAM_START
from ..libraries import Library
from .code import Code
from .image import FlashImage
from .ota_library import REQUEST_LINE
from .thumb import Argument, Registers

# Bytes of free RAM with which a sketch crashes during an update, and those with which it is known to receive one.
RAM_TOO_LITTLE: Final = {Library.WIFI101OTA: 3412, Library.ARDUINOOTA: 3064}
RAM_ENOUGH: Final = {Library.WIFI101OTA: 4412, Library.ARDUINOOTA: 4064}

# Registers of the SAMD21, from its data sheet.
_NVMCTRL: Final = 0x4100_4000
_WDT_CTRL: Final = 0x4000_1000
_WDT_CLEAR: Final = _WDT_CTRL + 8
_WDT_CLEAR_KEY: Final = 0xA5
# What is written to the Cortex-M0+'s AIRCR to reset the processor.
_RESET_KEY: Final = 0x05FA_0004

# How many functions, calls or literals are looked at that may be of a kind: more than there are in any sketch.
_LIMIT: Final = 256
# How many constructors may write to an object, and how many virtual functions a storage has.
_CONSTRUCTORS: Final = 8
_VIRTUAL_FUNCTIONS: Final = 8

# Serial_::operator bool() of the core, no long function, compares millis() with 500, twice 250, and calls delay(10).
_MOVS_250: Final = 0x20FA
_LSLS_1: Final = 0b0000000001
_MOVS_R0_10: Final = 0x200A
_OPERATOR_BOOL_SIZE: Final = 128
# How many instructions of a loop are looked at that may be waiting for something.
_LOOP_LIMIT: Final = 128


def hangs_after_update(image: FlashImage) -> bool:
    """Whether the copying ends with a call of a function in the flash that has just been overwritten.

    The code that erases the flash runs in SRAM. Compilers put the reset of the processor into it, unless they are told
    to optimize little.
    """
    return _is_in_variables(image, _NVMCTRL) and not _is_in_variables(image, _RESET_KEY)


def _is_in_variables(image: FlashImage, word: int) -> bool:
    if (variables := image.variables) is None:
        return False
    return word in image.words[variables.offset // 4 : (variables.offset + variables.size) // 4]


def stores_internally(code: Code, storage: int | None) -> bool | None:
    """Whether the functions of the storage object at an address call code in SRAM; None if nobody can tell."""
    if storage is None:
        return None
    image = code.image
    tables = (table for table in (image.word(storage), *_tables(code, storage)) if table and table < SRAM_START)
    words = [image.word(table + 4 * number) for table in tables for number in range(_VIRTUAL_FUNCTIONS)]
    functions = {word - 1 - image.base for word in words if word and word & 1}
    into_sram = (literal for literal in code.literals() if _is_code_in_sram(image, literal))
    copying = code.loading(islice(into_sram, _LIMIT))
    copying |= {caller for function in copying for caller in code.callers(function)}
    return not functions.isdisjoint(copying) if functions else None


def _is_code_in_sram(image: FlashImage, literal: int) -> bool:
    word = image.word_at(literal) or 0
    return bool(word & 1) and word >= SRAM_START and image.offset(word) is not None


def _tables(code: Code, storage: int) -> Iterator[int]:
    """What constructors write to the beginning of an object: where the table of its virtual functions is."""
    for function in sorted(code.loading(code.image.references(storage)))[:_CONSTRUCTORS]:
        registers = Registers(code, function)
        called = (code.called(place) for place, given in registers.given.items() if given == storage)
        written = chain(registers.stores, *(Registers(code, maker).stores for maker in called if maker is not None))
        for store in written:
            if (store.base, store.distance) in ((storage, 0), (Argument(0), 0)) and isinstance(store.value, int):
                yield store.value


def has_watchdog(code: Code) -> bool:
    """Whether the sketch has set up a watchdog and feeds it.

    A library that can do so, but only sleeps or restarts by it, feeds it on the way to setting it up, if at all.
    """
    fed, set_up = dict[int, int](), dict[int, int]()
    registers = (code.image.references(address) for address in range(_WDT_CTRL, _WDT_CLEAR + 1))
    for function in code.loading(chain.from_iterable(registers)):
        for store in Registers(code, function).stores:
            if store.address == _WDT_CLEAR and store.value in (_WDT_CLEAR_KEY, None):
                fed[function] = store.place
            elif store.address == _WDT_CTRL:
                set_up[function] = store.place
    return any(
        place > set_up[function]
        if function in set_up
        else not code.callers(function) or code.callers(function) - set_up.keys()
        for function, place in fed.items()
    )


def waits_for_serial(code: Code) -> bool:
    """Whether the sketch goes on only when somebody has opened its serial port on USB: `while (!Serial)`."""
    serving = code.with_callers(code.loading(code.image.pointers(REQUEST_LINE)))
    # What is called through a pointer may serve, too.
    maybe = code.indirect.union(*(code.calls.get(function, ()) for function in serving))
    return any(
        _always_leads(code, following, site, maybe)
        for function in _operators_bool(code)
        for site in code.calls.get(function, [])[:_LIMIT]
        for following in _alternatives(code, site)
    )


def _operators_bool(code: Code) -> set[int]:
    ending = (2 * index for index, half in enumerate(code.image.halves) if half == _MOVS_R0_10)
    found = set()
    for function in islice(sorted(code.functions(ending)), _LIMIT):
        places = code.within(function, function, function + 2 * _OPERATOR_BOOL_SIZE)
        halves = [code.image.halves[place // 2] for place in places]
        compares = any(half & 0xF8FF == _MOVS_250 for half in halves) and any(half >> 6 == _LSLS_1 for half in halves)
        if compares and 2 * len(halves) <= _OPERATOR_BOOL_SIZE:
            found.add(function)
    return found


def _alternatives(code: Code, place: int) -> tuple[int, ...]:
    """Where the first decision behind a call can lead."""
    following = code.successors(place)
    for _ in range(_LOOP_LIMIT):
        if len(following) != 1:
            return following
        following = code.successors(following[0])
    return ()


def _always_leads(code: Code, start: int, end: int, without: set[int]) -> bool:
    """Whether every path from one place leads to another, and none to certain places."""
    todo, seen = [start], set[int]()
    while todo:
        if (place := todo.pop()) == end or place in seen:
            continue
        seen.add(place)
        following = code.successors(place)
        if not following or place in without or len(seen) > _LOOP_LIMIT:
            return False
        todo += following
    return True
