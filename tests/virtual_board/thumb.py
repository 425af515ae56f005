"""Filler that looks like Thumb code: enough for an inspector to get lost in, and never the marker of begin()."""

from random import Random

# Half words as a compiler for the Cortex-M0+ emits them, by frequency: loads, moves, compares, stores, branches.
_ENTRY = (0xB500, 0xB510, 0xB570, 0xB5F0, 0xB5F8, 0xB538, 0xB5F7)
_EXIT = (0xBD00, 0xBD10, 0xBD70, 0xBDF0, 0xBDF8, 0xBD38, 0x4770)
_BODY = (
    0x2000, 0x2100, 0x2200, 0x2300, 0x0004, 0x000D, 0x0016, 0x1C20, 0x6803, 0x6843, 0x681B, 0x689B, 0x4798, 0x9300,
    0x9B01, 0x2B00, 0x2800, 0xD000, 0xD1F8, 0xE7F6, 0x3301, 0x3408, 0x0020, 0x4669, 0x6023, 0x6063, 0x7823, 0x701A,
    0x4313, 0x4393, 0x18E4, 0x1A1B, 0xB2DB, 0xB29B, 0x46C0, 0x4A02, 0x4B03, 0x4B05, 0x4802,
)  # fmt: skip


def function_body(random: Random, words: int) -> list[int]:
    """The instructions of one made-up function, as `words` 32-bit words (at least one)."""
    halves = [random.choice(_ENTRY)]
    while len(halves) < 2 * words - 1:
        if random.random() < 0.15 and len(halves) < 2 * words - 3:
            halves += [0xF000 | random.randrange(0x800), 0xF800 | random.randrange(0x800)]  # bl: two half words
        else:
            halves.append(_instruction(random))
    halves.append(random.choice(_EXIT))
    return [low | high << 16 for low, high in zip(halves[::2], halves[1::2], strict=True)]


def _instruction(random: Random) -> int:
    half = random.choice(_BODY)
    if 0x2000 <= half < 0x2400:
        half |= random.randrange(256)
    return half
