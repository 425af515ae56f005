"""The few instructions that are understood, each as the architecture's manual encodes it."""

from struct import pack

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.image import FlashImage, Variables
from custom_components.mkr1000_ota.arduino_ota.sketch.thumb import Argument, Registers, calls

LINK_BASE = 0x2000


def run(*halves: int, pool: tuple[int, ...] = ()) -> Registers:
    """Read a function that consists of these half words, with its literal pool behind it."""
    padded = [*halves, *[0x46C0] * (len(halves) % 2)]
    image = FlashImage(pack(f"<{len(padded)}H{len(pool)}I", *padded, *pool))
    registers = Registers(image)
    registers.run(0, 2 * len(halves))
    return registers


@pytest.mark.parametrize(
    ("halves", "register", "value"),
    [
        ((0x2105,), 1, 5),  # movs r1, #5
        ((0x2105, 0x000A), 2, 5),  # movs r2, r1
        ((0x2105, 0x468B), 11, 5),  # mov r11, r1
        ((0x2105, 0x468B, 0x465A), 2, 5),  # mov r2, r11
        ((0x2105, 0x3110), 1, 21),  # adds r1, #16
        ((0x2105, 0x3906), 1, 0xFFFF_FFFF),  # subs r1, #6
        ((0x2105, 0x1DCA), 2, 12),  # adds r2, r1, #7
        ((0x2105, 0x1E4A), 2, 4),  # subs r2, r1, #1
        ((0x2105, 0x188A), 2, None),  # adds r2, r1, r2
        ((0x2105, 0x0089), 1, None),  # lsls r1, r1, #2
        ((0x2105, 0x4249), 1, None),  # negs r1, r1
        ((0x2105, 0x7809), 1, None),  # ldrb r1, [r1]
        ((0x2105, 0xB2C9), 1, None),  # uxtb r1, r1
        ((0x2105, 0xA901), 1, None),  # add r1, sp, #4
        ((0x2105, 0x9901), 1, None),  # ldr r1, [sp, #4]
        ((0x2105, 0xC80E), 1, None),  # ldm r0!, {r1, r2, r3}
        ((0x2105, 0x9101), 1, 5),  # str r1, [sp, #4]
        ((0x2105, 0x2900), 1, 5),  # cmp r1, #0
        ((0x2105, 0xB5F0), 1, 5),  # push {r4-r7, lr}
        ((0x2105, 0xD1FE), 1, 5),  # bne
        ((0xA101, 0x46C0), 1, LINK_BASE + 8),  # adr r1, pc + 4
        ((0x2105, 0xF000, 0xF800), 1, None),  # a call may change r0 to r3
        ((0x2405, 0xF000, 0xF800), 4, 5),  # and not r4
        ((0x000C,), 4, Argument(1)),  # movs r4, r1
        ((0x688C,), 4, None),  # ldr r4, [r1, #8], of an address that only the caller knows
    ],
)
def test_what_a_register_holds(halves: tuple[int, ...], register: int, value: int | Argument | None) -> None:
    """Constants, what the function was given, and unknown where there is any doubt."""
    assert run(*halves)[register] == value


def test_constants_come_from_the_literal_pool() -> None:
    """The distance counts from the next whole word behind the following instruction."""
    registers = run(0x4901, 0x4A02, 0x46C0, 0x46C0, pool=(0x1234, 0x5678))
    assert (registers[1], registers[2]) == (0x1234, 0x5678)
    assert registers.constants == {LINK_BASE + 8: 0x1234, LINK_BASE + 12: 0x5678}


def test_a_pool_that_is_cut_off_gives_nothing() -> None:
    """It is remembered, though, that something was to be there."""
    registers = run(0x49FF, 0x46C0)
    assert registers[1] is None
    assert list(registers.constants.values()) == [None]


def test_variables_have_their_first_values() -> None:
    """What is loaded from SRAM is what the start-up code put there."""
    image = FlashImage(pack("<HHII", 0x4901, 0x684A, 0xFFFF_FFFF, 0x2000_0000) + pack("<II", 7, 0x4321))
    image.variables = Variables(0x2000_0000, 12, 8)
    registers = Registers(image)
    registers.run(0, 4)
    assert registers[1] == 0x2000_0000
    assert registers[2] == 0x4321


@pytest.mark.parametrize(
    ("high", "low", "distance"),
    [
        (0xF000, 0xF800, 0),
        (0xF000, 0xFFFF, 0xFFE),
        (0xF7FF, 0xFFFE, -4),
        (0xF7FF, 0xFF00, -0x200),
        (0xF001, 0xF801, 0x1002),
    ],
)
def test_a_call_has_a_target(high: int, low: int, distance: int) -> None:
    """It counts from behind the instruction, forward or backward."""
    place = 0x1000
    content = bytes(place) + pack("<HH", high, low) + bytes(0x2000)
    assert list(calls(FlashImage(content))) == [(place, LINK_BASE + place + 4 + distance)]


def test_a_call_out_of_the_image_is_none() -> None:
    """It is a number that only looks like one."""
    assert not list(calls(FlashImage(pack("<HHI", 0xF3FF, 0xD7FF, 0))))


def test_a_call_may_go_through_a_register() -> None:
    """Compilers do so for functions that are far away, or called often."""
    content = pack("<HHHHI", 0x4B01, 0x46C0, 0x4798, 0x46C0, LINK_BASE + 1)  # ldr r3; blx r3
    assert list(calls(FlashImage(content))) == [(4, LINK_BASE)]
    assert not list(calls(FlashImage(content[:-4] + pack("<I", LINK_BASE))))  # even: no Thumb code
    assert not list(calls(FlashImage(pack("<HH", 0x4798, 0x46C0))))
