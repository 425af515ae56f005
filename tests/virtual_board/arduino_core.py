"""What the Arduino core puts into every image: vectors, start-up code, USB, timing, initialised variables.

As seen in images that the core's compiler and linker script made: the table has 45 words, most of them one endless
loop; the reset handler copies the initial values of variables to SRAM and clears the other variables; these values are
the end of the file, the sketch's own arrays first, packed without gaps, and code that runs in SRAM.
"""

from collections.abc import Iterator, Sequence
from random import Random
from struct import pack
from typing import Literal

from tests.virtual_board.assembler import (
    BARRIER,
    NOP,
    POP,
    PUSH,
    RETURN,
    Call,
    Function,
    Jump,
    Mark,
    Word,
    adds,
    call_through,
    compare_registers,
    compiled,
    doubled,
    ldr,
    ldrb,
    move,
    movs,
    store,
    subs,
)
from tests.virtual_board.linker import RAM_SIZE, SRAM, Image

type Startup = Literal["loops", "calls", "inlined"]

SERIAL = SRAM + 0x14EC
NVMCTRL, AIRCR, RESET_KEY = 0x4100_4000, 0xE000_ED00, 0x05FA_0004
_TICKS = SRAM + 0x3F0

_START, _END, _VALUES = "__data_start__", "__data_end__", "__etext"
_BSS_START, _BSS_END = "__bss_start__", "__bss_end__"
_INIT_START, _INIT_END = "__init_array_start", "__init_array_end"
WORK = "work"
"""The symbol of whatever fills an image up."""

_DUMMY, _RESET, _SYSTICK = "Dummy_Handler", "Reset_Handler", "SysTick_Handler"
_INTERRUPTS: tuple[Word, ...] = (
    *[_DUMMY] * 4, "EIC_Handler", *[_DUMMY] * 2, "USB_Handler", *[_DUMMY] * 6, "SERCOM5_Handler",
    *[_DUMMY] * 5, 0, *[_DUMMY] * 7, 0,
)  # fmt: skip
_VECTORS: tuple[Word, ...] = (
    SRAM + RAM_SIZE, _RESET, _DUMMY, _DUMMY, *[0] * 7, _DUMMY, 0, 0, _DUMMY, _SYSTICK, *_INTERRUPTS,
)  # fmt: skip
# What sets the clocks up writes to these peripherals, and some of what it writes looks like an address of the flash.
_CLOCKS: tuple[Word, ...] = (0x4100_4004, 0x4000_0800, 0x4000_0C00, 0x0002_E8A0, 0x02DC_6C00, 0x0001_0500)


def put_vectors(image: Image) -> None:
    """Put the vector table, which belongs at the very start of a program."""
    image.put_words(_VECTORS)


def core_functions(random: Random, startup: Startup, literals: Sequence[bytes]) -> list[Function]:
    """The handlers that the vector table names, and whatever runs before and beside a sketch.

    `literals` are those of the C library.
    """
    parts = [compiled(f"core {number}", literals[number::5], (), random, 30) for number in range(5)]
    handlers = [compiled(label, (), (), random, 6) for label in ("EIC_Handler", "USB_Handler", "SERCOM5_Handler")]
    return [
        *handlers,
        compiled(_SYSTICK, (), ("banzai",), random, 6),
        compiled("banzai", (NVMCTRL, AIRCR, RESET_KEY), (), random, 10),
        *_timing(),
        Function(_DUMMY, [Mark("halt"), Jump("halt")]),
        _reset_handler(startup, random),
        compiled("SystemInit", _CLOCKS, (), random, 40),
        compiled("memcpy", (), (), random, 8),
        compiled("memset", (), (), random, 8),
        compiled("init", (0x4200_0800,), [*(part.label for part in parts), WORK], random, 12),
        _main(),
        _constructors(),
        *parts,
    ]


def last_functions() -> list[Function]:
    """What stands behind all other code: begin and end of a program in C."""
    code = [0xB5F8, NOP, 0xBCF8, 0xBC08, 0x469E, RETURN]
    return [Function("_init", [*code]), Function("_fini", [*code])]


def usb_functions(random: Random, product: bytes) -> list[Function]:
    """What shows the board to a host, and what asks whether somebody has opened the serial port."""
    is_open = Function("Serial.operator bool", [PUSH, move(4, 0), Call("millis"), movs(3, 250), doubled(3)])
    is_open.code += [compare_registers(0, 3), Jump("early", "cc"), adds(4, 32), ldrb(4, 4, 27), movs(0, 10)]
    is_open.code += [Call("delay"), move(0, 4), POP, Mark("early"), movs(0, 0), POP]
    return [
        compiled("USB", (b"Arduino LLC", product), (), random, 30),
        compiled("Serial.begin", (SERIAL,), ("USB",), random, 6),
        is_open,
    ]


def reset() -> Function:
    """What restarts the processor, where a compiler has not put that code in the place of its call."""
    function = Function("NVIC_SystemReset", [*BARRIER])
    put_reset(function)
    return function


def put_reset(function: Function) -> None:
    """Append the code that restarts the processor, and waits for that."""
    function.load(3, AIRCR)
    function.load(2, RESET_KEY)
    function.code += [store(2, 3, 12), *BARRIER, Mark("resetting"), NOP, Jump("resetting")]


def _timing() -> Iterator[Function]:
    millis = Function("millis")
    millis.load(3, _TICKS)
    millis.code += [ldr(0, 3), RETURN]
    yield millis
    delay = Function("delay", [PUSH, move(4, 0), Mark("wait"), Call("millis"), compare_registers(0, 4)])
    yield Function("delay", [*delay.code, Jump("wait", "cc"), POP])


def _reset_handler(startup: Startup, random: Random) -> Function:
    handler = Function(_RESET)
    handler.load(1, _START)
    handler.load(0, _END)
    handler.code.append(PUSH)
    handler.load(4, _VALUES)
    handler.code += [compare_registers(1, 0), Jump("start", "eq")]
    if startup == "calls":
        handler.code += [move(6, 1), move(5, 0), move(1, 4), move(0, 6), 0x1BAA, Call("memcpy")]  # subs r2, r5, r6
        handler.load(0, _BSS_START)
        handler.load(3, _BSS_END)
        handler.code += [compare_registers(0, 3), Jump("start", "cs"), subs(3, 1), 0x1A1A]  # subs r2, r3, r0
        handler.code += [movs(1, 0), Call("memset")]
    else:
        handler.code += [move(3, 1), move(2, 4), Mark("copy"), compare_registers(3, 0), Jump("clear", "cs")]
        handler.code += [0xCA20, 0xC320, Jump("copy"), Mark("clear")]  # ldmia r2!, {r5}; stmia r3!, {r5}
        handler.load(1, _BSS_END)
        handler.code += [movs(2, 0), Mark("next"), compare_registers(3, 1), Jump("start", "cs")]
        handler.code += [0xC304, Jump("next")]  # stmia r3!, {r2}
    handler.code.append(Mark("start"))
    if startup == "inlined":
        for number, word in enumerate(_CLOCKS):
            handler.load(number % 4, word)
            handler.code += [store(2, 3, 8)]
    else:
        handler.code.append(Call("SystemInit"))
    handler.code += [Call("main"), Mark("halt"), Jump("halt")]
    return handler


def _main() -> Function:
    main = Function("main", [PUSH, Call("init"), Call("__libc_init_array"), Call("setup")])
    main.code += [Mark("again"), Call("loop"), Jump("again")]
    return main


def _constructors() -> Function:
    function = Function("__libc_init_array", [0xB538])  # push {r3, r4, r5, lr}
    function.load(4, _INIT_START)
    function.load(5, _INIT_END)
    function.code += [Mark("next"), compare_registers(4, 5), Jump("done", "cs"), ldr(3, 4), adds(4, 4)]
    function.code += [call_through(3), Jump("next"), Mark("done"), Call("_init"), 0xBD38]  # pop {r3, r4, r5, pc}
    return function


class Values:
    """The initial values of all variables, in their order, and the code that runs in SRAM."""

    def __init__(
        self,
        arrays: Sequence[bytes],
        code: Sequence[Function],
        pointers: Sequence[tuple[str, Word]],
        constructors: Sequence[str],
    ) -> None:
        """`pointers` are further variables, each with its symbol; `constructors` the functions that run first."""
        self._arrays = arrays
        self._code = code
        self._pointers = pointers
        self._constructors = constructors

    def put(self, image: Image, free_ram: int) -> None:
        """Put them, and define where they are, where they go, where each array is, and what RAM they leave free."""
        image.align()
        start = len(image)
        image.define(_VALUES, image.address)
        image.define(_START, SRAM)
        image.put(bytes(4))
        for number, array in enumerate(self._arrays):
            image.define(array_symbol(number), SRAM + len(image) - start)
            image.put(array + b"\0")
        image.align()
        for function in self._code:
            image.put_function(function, SRAM + len(image) - start)
        for symbol, word in self._pointers:
            image.define(symbol, SRAM + len(image) - start)
            image.put_words([word])
        image.put(pack("<6d", *(10.0**power for power in (1, 2, 4, 8, 16, 32))) + b"C\0\0\0ASCII\0\0\0")
        image.align()
        image.define(_INIT_START, SRAM + len(image) - start)
        image.put_words(self._constructors)
        image.define(_INIT_END, SRAM + len(image) - start)
        image.put(bytes(-(len(image) - start) % 16))
        for symbol in (_END, _BSS_START):
            image.define(symbol, SRAM + len(image) - start)
        image.define(_BSS_END, SRAM + RAM_SIZE - free_ram)

    @property
    def size(self) -> int:
        """How many bytes they are."""
        image = Image(0)
        self.put(image, 0)
        return len(image)


def array_symbol(number: int) -> str:
    """The symbol for the address of an array of the sketch."""
    return f"array {number}"
