"""As much of a Thumb assembler as a made-up sketch needs: functions with literal pools that call each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

NOP = 0x46C0  # mov r8, r8: what compilers pad with

# A word of a pool: a number as it is, or the address of a C string (given without its NUL) or of a symbol.
type Word = int | bytes | str


@dataclass(frozen=True, slots=True)
class Load:
    """`ldr` of a pool word into a low register."""

    register: int
    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """`bl` of a function, by its label."""

    label: str


# Half words as a compiler for the Cortex-M0+ emits them; those of 0x2000 to 0x23FF get a random number into them.
_ENTRY = (0xB500, 0xB510, 0xB570, 0xB5F0, 0xB5F8, 0xB538)
_EXIT = (0xBD00, 0xBD10, 0xBD70, 0xBDF0, 0xBDF8, 0xBD38)
_BODY = (
    0x2000, 0x2100, 0x2200, 0x2300, 0x0004, 0x000D, 0x0016, 0x1C20, 0x6803, 0x6843, 0x681B, 0x689B, 0x4798, 0x9300,
    0x9B01, 0x2B00, 0x2800, 0xD000, 0xD1F8, 0xE7F6, 0x3301, 0x3408, 0x0020, 0x4669, 0x6023, 0x6063, 0x7823, 0x701A,
    0x4313, 0x4393, 0x18E4, 0x1A1B, 0xB2DB, 0xB29B, NOP,
)  # fmt: skip


@dataclass(slots=True)
class Function:
    """Instructions and the literal pool behind them."""

    label: str
    code: list[int | Load | Call] = field(default_factory=list)
    pool: list[Word] = field(default_factory=list)

    @property
    def code_size(self) -> int:
        """Bytes of the instructions, with the padding in front of the pool."""
        size = sum(4 if isinstance(item, Call) else 2 for item in self.code)
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
        self.code.append(0x47A0)  # blx r4

    def assembled(self, address: int, symbols: dict[str, int]) -> list[int]:
        """The half words of the instructions, for a function that begins at an address divisible by 4."""
        halves: list[int] = []
        for item in self.code:
            here = address + 2 * len(halves)
            match item:
                case Load(register, index):
                    distance = address + self.code_size + 4 * index - (here + 4 & ~3)
                    halves.append(0x4800 | register << 8 | distance // 4)
                case Call(label):
                    halves += _branch_with_link((symbols[label] & ~1) - here - 4)
                case half:
                    halves.append(half)
        return [*halves, NOP][: self.code_size // 2]


def _branch_with_link(distance: int) -> Sequence[int]:
    sign = distance >> 24 & 1
    j1, j2 = (distance >> 23 & 1) ^ sign ^ 1, (distance >> 22 & 1) ^ sign ^ 1
    high = 0xF000 | sign << 10 | distance >> 12 & 0x3FF
    return high, 0xD000 | j1 << 13 | j2 << 11 | distance >> 1 & 0x7FF


def compiled(label: str, words: Sequence[Word], callees: Sequence[str], random: Random, length: int) -> Function:
    """A function that does something with every word and calls every callee, among `length` other instructions."""
    function = Function(label, [random.choice(_ENTRY), *instructions(random, length)])
    between = iter(instructions(random, len(words) + len(callees)))
    for word in words:
        function.load(random.randrange(6), word)
        function.code.append(next(between))
    for callee in callees:
        function.code += [next(between), Call(callee)]
    function.code.append(random.choice(_EXIT))
    return function


def instructions(random: Random, count: int) -> list[int]:
    """Any instructions that neither call nor load from a pool."""
    halves = random.choices(_BODY, k=count)
    numbers = random.randbytes(count)
    return [half | number if 0x2000 <= half < 0x2400 else half for half, number in zip(halves, numbers, strict=True)]
