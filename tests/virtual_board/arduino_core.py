"""What the Arduino core puts into every image: vectors, reset handler, USB strings, initialised variables.

As seen in images that the core's compiler and linker script made: the table has 45 words, most of them one endless
loop; the reset handler holds start and end of the initialised variables and where in flash their values are; these
values are the end of the file, the sketch's own arrays first, packed without gaps, and code that runs in SRAM.
"""

from collections.abc import Sequence
from random import Random
from struct import pack

from tests.virtual_board.assembler import Call, Function, Word, compiled, instructions
from tests.virtual_board.linker import RAM_SIZE, SRAM, Image

VARIABLES_START = "__data_start__"
VARIABLES_END = "__data_end__"
VALUES = "__etext"

_DUMMY, _RESET, _SYSTICK = "Dummy_Handler", "Reset_Handler", "SysTick_Handler"
_INTERRUPTS: tuple[Word, ...] = (
    *[_DUMMY] * 4, "EIC_Handler", *[_DUMMY] * 2, "USB_Handler", *[_DUMMY] * 6, "SERCOM5_Handler",
    *[_DUMMY] * 5, 0, *[_DUMMY] * 7, 0,
)  # fmt: skip
_VECTORS: tuple[Word, ...] = (
    SRAM + RAM_SIZE, _RESET, _DUMMY, _DUMMY, *[0] * 7, _DUMMY, 0, 0, _DUMMY, _SYSTICK, *_INTERRUPTS,
)  # fmt: skip
_BSS_SIZE = 0x17E4


def put_vectors(image: Image) -> None:
    """Put the vector table, which belongs at the very start of a program."""
    image.put_words(_VECTORS)


def core_functions(random: Random, main: str) -> list[Function]:
    """The handlers that the vector table names, and the start-up code that calls `main`."""
    reset = Function(_RESET)
    for register, word in ((0, VARIABLES_START), (1, VARIABLES_END), (4, VALUES)):
        reset.load(register, word)
        reset.code.append(0x4281)  # cmp r1, r0
    reset.code += [0xCA10, 0xC310]  # ldmia r2!, {r4}; stmia r3!, {r4}
    reset.load(3, "__bss_end__")
    reset.code += [0x4283, Call("SystemInit"), Call(main), 0xE7FE]
    handlers = [
        compiled(label, (), (), random, 6) for label in (_SYSTICK, "EIC_Handler", "USB_Handler", "SERCOM5_Handler")
    ]
    clocks = compiled("SystemInit", (0x40000800, 0x41004000, 0x02DC6C00), (), random, 40)
    return [*handlers, clocks, Function(_DUMMY, [0xE7FE]), reset]


def initial_values(random: Random, arrays: Sequence[bytes]) -> tuple[bytes, list[int]]:
    """Initial values of all variables, and where in them each of the sketch's arrays begins."""
    values = bytearray(4)
    offsets: list[int] = []
    for array in arrays:
        offsets.append(len(values))
        values += array + b"\0"
    values += bytes(-len(values) % 8)
    values += pack("<6d", *(10.0**power for power in (1, 2, 4, 8, 16, 32)))
    code = instructions(random, 38)  # erases and copies flash, so it runs in SRAM
    values += b"".join(half.to_bytes(2, "little") for half in code)
    values += pack("<II", 0x41004000, 0xE000ED00) + b"C\0\0\0ASCII\0\0\0"
    values += bytes(-len(values) % 16)
    return bytes(values), offsets


def put_initial_values(image: Image, values: bytes, offsets: Sequence[int]) -> None:
    """Put the initial values and define the symbols that say where they are, where they go and where each array is."""
    image.align()
    image.define(VALUES, image.address)
    image.define(VARIABLES_START, SRAM)
    image.define(VARIABLES_END, SRAM + len(values))
    image.define("__bss_end__", SRAM + len(values) + _BSS_SIZE)
    for number, offset in enumerate(offsets):
        image.define(array_symbol(number), SRAM + offset)
    image.put(values)


def array_symbol(number: int) -> str:
    """The symbol for the address of an array of the sketch."""
    return f"array {number}"
