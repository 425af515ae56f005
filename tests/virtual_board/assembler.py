"""As much of a Thumb assembler as a made-up sketch needs: functions with literal pools that branch and call each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

NOP = 0x46C0  # mov r8, r8: what compilers pad with

# A word of a pool: a number as it is, or the address of a C string (given without its NUL) or of a symbol.
type Word = int | bytes | str
type Condition = Literal["always", "eq", "ne", "cs", "cc", "lt"]

_CONDITIONS = {"eq": 0, "ne": 1, "cs": 2, "cc": 3, "lt": 11}


@dataclass(frozen=True, slots=True)
class Load:
    """`ldr` of a pool word into a low register."""

    register: int
    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """`bl` of a function, by its label."""

    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that jumps of the same function go to."""

    name: str


@dataclass(frozen=True, slots=True)
class Jump:
    """A branch to a mark of the same function."""

    mark: str
    condition: Condition = "always"


type Item = int | Load | Call | Mark | Jump


def movs(register: int, number: int) -> int:
    """`movs` of a number below 256."""
    return 0x2000 | register << 8 | number


def move(target: int, source: int) -> int:
    """`movs` of a low register."""
    return source << 3 | target


def adds(register: int, number: int) -> int:
    """`adds` of a number below 256."""
    return 0x3000 | register << 8 | number


def subs(register: int, number: int) -> int:
    """`subs` of a number below 256."""
    return 0x3800 | register << 8 | number


def doubled(register: int) -> int:
    """`lsls` by one."""
    return 0x0040 | register << 3 | register


def compare(register: int, number: int) -> int:
    """`cmp` with a number below 256."""
    return 0x2800 | register << 8 | number


def compare_registers(one: int, other: int) -> int:
    """`cmp` of two low registers."""
    return 0x4280 | other << 3 | one


def ldr(register: int, base: int, offset: int = 0) -> int:
    """`ldr` of the word at an offset divisible by 4."""
    return 0x6800 | offset // 4 << 6 | base << 3 | register


def ldrb(register: int, base: int, offset: int = 0) -> int:
    """`ldrb`."""
    return 0x7800 | offset << 6 | base << 3 | register


def store(register: int, base: int, offset: int = 0) -> int:
    """`str` at an offset divisible by 4."""
    return 0x6000 | offset // 4 << 6 | base << 3 | register


def strb(register: int, base: int, offset: int = 0) -> int:
    """`strb`."""
    return 0x7000 | offset << 6 | base << 3 | register


def store_on_stack(register: int, offset: int = 0) -> int:
    """`str` relative to the stack pointer."""
    return 0x9000 | register << 8 | offset // 4


def call_through(register: int) -> int:
    """`blx`."""
    return 0x4780 | register << 3


PUSH, POP = 0xB510, 0xBD10  # r4 and where to return to
RETURN = 0x4770  # bx lr
BARRIER = (0xF3BF, 0x8F4F)  # dsb sy

# Half words as a compiler for the Cortex-M0+ emits them; those of 0x2000 to 0x23FF get a random number into them. A
# comparison is followed by a branch over one instruction.
_BODY: tuple[tuple[int, ...], ...] = (
    *((half,) for half in (0x2000, 0x2100, 0x2200, 0x2300, 0x0004, 0x000D, 0x0016, 0x1C20, 0x6803, 0x6843, 0x681B)),
    *((half,) for half in (0x689B, 0x9302, 0x9B02, 0x3301, 0x3408, 0x0020, 0x4669, 0x6023, 0x6063, 0x7823, 0x701A)),
    *((half,) for half in (0x4313, 0x4393, 0x18E4, 0x1A1B, 0xB2DB, 0xB29B, NOP)),
    (0x2B00, 0xD000, NOP),
    (0x2800, 0xD100, NOP),
)


@dataclass(slots=True)
class Function:
    """Instructions and the literal pool behind them."""

    label: str
    code: list[Item] = field(default_factory=list)
    pool: list[Word] = field(default_factory=list)

    @property
    def code_size(self) -> int:
        """Bytes of the instructions, with the padding in front of the pool."""
        size = 2 * len(self.code) + sum(_size(item) - 2 for item in self.code if not isinstance(item, int))
        return size + size % 4

    @property
    def size(self) -> int:
        """Bytes of the whole function."""
        return self.code_size + 4 * len(self.pool)

    def load(self, register: int, word: Word) -> None:
        """Load a word, which takes a new place in the pool, into a register."""
        self.load_again(register, len(self.pool))
        self.pool.append(word)

    def load_again(self, register: int, index: int) -> None:
        """Load a word that is in the pool already."""
        self.code.append(Load(register, index))

    def call_far(self, label: str) -> None:
        """Call a function through a register, as with -mlong-calls."""
        self.load(4, label)
        self.code.append(call_through(4))

    def assembled(self, address: int, symbols: dict[str, int]) -> list[int]:
        """The half words of the instructions, for a function that runs at an address divisible by 4."""
        marks, place, pool = {}, address, address + self.code_size
        for item in self.code:
            if isinstance(item, Mark):
                marks[item.name] = place
            place += 2 if isinstance(item, int) else _size(item)
        halves: list[int] = []
        for item in self.code:
            if isinstance(item, int):
                halves.append(item)
                continue
            here = address + 2 * len(halves)
            match item:
                case Load(register, index):
                    distance = pool + 4 * index - (here + 4 & ~3)
                    halves.append(0x4800 | register << 8 | distance // 4)
                case Call(label):
                    halves += _branch_with_link((symbols[label] & ~1) - here - 4)
                case Jump(mark, "always"):
                    halves.append(0xE000 | (marks[mark] - here - 4) // 2 & 0x7FF)
                case Jump(mark, condition):
                    halves.append(0xD000 | _CONDITIONS[condition] << 8 | (marks[mark] - here - 4) // 2 & 0xFF)
        return [*halves, NOP][: (pool - address) // 2]


def _size(item: Item) -> int:
    match item:
        case Call():
            return 4
        case Mark():
            return 0
    return 2


def _branch_with_link(distance: int) -> Sequence[int]:
    sign = distance >> 24 & 1
    j1, j2 = (distance >> 23 & 1) ^ sign ^ 1, (distance >> 22 & 1) ^ sign ^ 1
    high = 0xF000 | sign << 10 | distance >> 12 & 0x3FF
    return high, 0xD000 | j1 << 13 | j2 << 11 | distance >> 1 & 0x7FF


def compiled(label: str, words: Sequence[Word], callees: Sequence[str], random: Random, length: int) -> Function:
    """A function that does something with every word and calls every callee, among about `length` other instructions."""
    function = Function(label, [PUSH, *instructions(random, length)])
    for word in words:
        function.load(random.randrange(4), word)
        function.code += instructions(random, 1)
    for callee in callees:
        function.code += [*instructions(random, 1), Call(callee)]
    function.code.append(POP)
    return function


def instructions(random: Random, count: int) -> list[int]:
    """Any instructions that neither call nor load from a pool nor lead elsewhere."""
    halves = [half for group in random.choices(_BODY, k=count) for half in group]
    numbers = random.randbytes(len(halves))
    return [half | number if 0x2000 <= half < 0x2400 else half for half, number in zip(halves, numbers, strict=True)]
