"""The few instructions that are understood, each as the architecture's manual encodes it; and where they lead."""

from struct import pack

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.code import Code
from custom_components.mkr1000_ota.arduino_ota.sketch.image import FlashImage, Variables
from custom_components.mkr1000_ota.arduino_ota.sketch.thumb import Argument, Registers, Slot, Store

LINK_BASE = 0x2000
# Behind the vector table.
FUNCTION = 0xC0
RETURN, NOP = 0x4770, 0x46C0


def program(*halves: int, pool: tuple[int, ...] = (), variables: bytes = b"") -> Code:
    """The code of an image with one function, which consists of these half words, its pool and variables behind it."""
    padded = [*halves, *[NOP] * (len(halves) % 2)]
    vectors = [0x2000_8000, *[LINK_BASE + FUNCTION + 1] * 47]
    code = pack(f"<48I{len(padded)}H{len(pool)}I", *vectors, *padded, *pool)
    return Code(FlashImage(code + variables, variables=Variables(0x2000_0000, len(code), len(variables))))


def held(register: int, *halves: int, pool: tuple[int, ...] = ()) -> object:
    """What a register holds behind these half words."""
    padded = [*halves, *[NOP] * (len(halves) % 2)]
    code = program(*padded, 0x4600 | register << 3, RETURN, pool=pool)  # mov r0, register
    return Registers.at(code, FUNCTION + 2 * len(padded) + 2).argument(0)


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
        ((0x2105, 0x0089), 1, 20),  # lsls r1, r1, #2
        ((0x2105, 0x0889), 1, None),  # lsrs r1, r1, #2
        ((0x2105, 0x4249), 1, None),  # negs r1, r1
        ((0x2105, 0x7809), 1, None),  # ldrb r1, [r1]
        ((0x2105, 0xB2C9), 1, None),  # uxtb r1, r1
        ((0x2105, 0xA901), 1, Slot(4)),  # add r1, sp, #4
        ((0x2105, 0x9901), 1, None),  # ldr r1, [sp, #4]
        ((0x2105, 0xC80E), 1, None),  # ldm r0!, {r1, r2, r3}
        ((0x2105, 0x9101), 1, 5),  # str r1, [sp, #4]
        ((0x2105, 0x2900), 1, 5),  # cmp r1, #0
        ((0x2105, 0xB5F0), 1, 5),  # push {r4-r7, lr}
        ((0x2105, 0xD1FE), 1, 5),  # bne
        ((0xA101, 0x46C0), 1, LINK_BASE + FUNCTION + 8),  # adr r1, pc + 4
        ((0x2105, 0xF000, 0xF800), 1, None),  # a call may change r0 to r3
        ((0x2405, 0xF000, 0xF800), 4, 5),  # and not r4
        ((0x2105, 0x4299), 1, 5),  # cmp r1, r3
        ((0x2105, 0x4219), 1, 5),  # tst r1, r3
        ((0x2105, 0x4798), 1, None),  # a call through r3 may change r1
        ((0x2105, 0xF3BF, 0x8F4F), 1, 5),  # dsb
        ((0x2105, 0x2203, 0x4411), 1, 8),  # add r1, r2
        ((0xB5F0, 0x2105, 0x9101, 0xF7FF, 0xFFFE, 0x9C01), 4, 5),  # str r1, [sp, #4]; bl; ldr r4, [sp, #4]
        ((0xB5F0, 0x2105, 0x9101, 0xA801, 0xF7FF, 0xFFFE, 0x9C01), 4, None),  # the same with add r0, sp, #4 before bl
        ((0xB5F0, 0x2105, 0x9101, 0xA800, 0xF7FF, 0xFFFE, 0x9C01), 4, None),  # told a place below, it may reach there
        ((0xB5F0, 0x2105, 0x9101, 0xA802, 0xF7FF, 0xFFFE, 0x9C01), 4, 5),  # told one above, it does not
        ((0xB5F0, 0xAC01, 0x601C, 0xF7FF, 0xFFFE, 0x2105, 0x9101, 0xF7FF, 0xFFFE, 0x9C01), 4, None),  # told it before
        ((0x2105, 0xB5F0, 0x9101, 0x9C01), 4, 5),  # str r1, [sp, #4]; ldr r4, [sp, #4]
        ((0x2105, 0xB082, 0xAF00, 0x6079, 0x687C), 4, 5),  # sub sp; add r7, sp, #0; str r1, [r7, #4]; ldr r4, [r7, #4]
        ((0xB510, 0x9C02), 4, Argument(4)),  # push {r4, lr}; ldr r4, [sp, #8]
        ((0xB510, 0xB082, 0x9C04), 4, Argument(4)),  # push {r4, lr}; sub sp, #8; ldr r4, [sp, #16]
        ((0x000C,), 4, Argument(1)),  # movs r4, r1
        ((0x688C,), 4, None),  # ldr r4, [r1, #8], of an address that only the caller knows
    ],
)
def test_what_a_register_holds(halves: tuple[int, ...], register: int, value: object) -> None:
    """Constants, what the function was given, and unknown where there is any doubt."""
    assert held(register, *halves) == value


def test_constants_come_from_the_literal_pool() -> None:
    """The distance counts from the next whole word behind the following instruction."""
    assert held(1, 0x4902, 0x4A03, NOP, NOP, pool=(0x1234, 0x5678)) == 0x1234
    assert held(2, 0x4902, 0x4A03, NOP, NOP, pool=(0x1234, 0x5678)) == 0x5678


def test_a_pool_that_is_cut_off_gives_nothing() -> None:
    assert held(1, 0x49FF, NOP) is None


def test_variables_have_their_first_values_and_may_have_others() -> None:
    """What is loaded from SRAM is what the start-up code put there, unless the sketch has changed it."""
    code = program(0x4901, 0x684A, RETURN, NOP, pool=(0x2000_0000,), variables=pack("<II", 7, 0x4321))
    for is_certain, value in ((False, 0x4321), (True, None)):
        registers = Registers.at(code, FUNCTION + 4, is_certain=is_certain)
        assert (registers.argument(1), registers.argument(2)) == (0x2000_0000, value)


@pytest.mark.parametrize(
    ("halves", "value"),
    [
        ((0x2005, NOP, 0x0004, 0x0020), 5),  # movs r0, #5; movs r4, r0; movs r0, r4
        ((NOP, NOP, NOP, NOP), Argument(0)),
        ((0x2005, 0xD004, NOP, NOP), 5),  # beq over all of it
        ((0x2005, 0xD000, 0x2006, NOP), None),  # beq over another choice
        ((0x2005, 0x2106, 0xD000, 0x0008), None),  # the same where both were loaded before: movs r0, r1
        ((0x2005, 0xD000, 0x3001, NOP), None),  # beq over a change: adds r0, #1
        ((0x2005, 0x3001, 0xD1FD, NOP), None),  # bne back to a change
        ((0xD001, NOP, 0x2005, NOP), None),  # beq behind it
        ((0xE001, 0x2006, 0x2005, NOP), None),  # what is jumped over
    ],
)
def test_what_a_register_certainly_holds(halves: tuple[int, ...], value: object) -> None:
    """Only what it holds whichever way led there."""
    code = program(*halves, RETURN, NOP)
    assert Registers.at(code, FUNCTION + 2 * len(halves), is_certain=True).argument(0) == value


def test_what_is_on_the_stack_is_certain_until_another_function_may_know_where() -> None:
    """On one way or another, a place may have been told before."""
    # push; beq; movs r0, #5; str r0, [sp]; ldr r1, [sp]; bl; ldr r2, [sp]
    code = program(0xB5F0, 0xD000, NOP, 0x2005, 0x9000, 0x9900, 0xF7FF, 0xFFFE, 0x9A00, RETURN)
    assert Registers.at(code, FUNCTION + 12, is_certain=True).argument(1) == 5
    assert Registers.at(code, FUNCTION + 18, is_certain=True).argument(2) is None


def test_what_is_written_where_is_known() -> None:
    """As far as the address is: words, half words, bytes, several at once."""
    code = program(0x2105, 0x4A03, 0x6091, 0x7091, 0x8091, 0xC202, 0x6041, RETURN, pool=(0x4000_1000,))
    stores = Registers(code, FUNCTION).stores
    assert [(store.address, store.value) for store in stores[:4]] == [
        (0x4000_1008, 5),
        (0x4000_1002, 5),
        (0x4000_1004, 5),
        (0x4000_1000, 5),
    ]
    assert stores[4] == Store(FUNCTION + 12, Argument(0), 4, 5)
    assert stores[4].address is None


@pytest.mark.parametrize(
    ("high", "low", "distance"),
    [
        (0xF000, 0xF800, 0),
        (0xF000, 0xFFFF, 0xFFE),
        (0xF7FF, 0xFFFE, -4),
        (0xF7FF, 0xFF9E, -0xC4),
        (0xF001, 0xF801, 0x1002),
    ],
)
def test_a_call_has_a_target(high: int, low: int, distance: int) -> None:
    """It counts from behind the instruction, forward or backward."""
    code = program(high, low, RETURN, variables=bytes(0x2000))
    assert code.calls == {FUNCTION + 4 + distance: [FUNCTION]}
    assert code.called(FUNCTION) == FUNCTION + 4 + distance


def test_a_call_out_of_the_image_is_none() -> None:
    """It is a number that only looks like one."""
    assert not program(0xF3FF, 0xD7FF, RETURN).calls


def test_a_call_may_go_through_a_register() -> None:
    """Compilers do so for functions that are far away, or called often."""
    for target, calls in ((LINK_BASE + FUNCTION + 1, {FUNCTION: [FUNCTION + 4]}), (LINK_BASE + FUNCTION, {})):
        code = program(0x4B01, NOP, 0x4798, RETURN, pool=(target,))  # ldr r3; blx r3
        assert code.calls == calls
        assert code.indirect == (set() if calls else {FUNCTION + 4})
    assert program(0x4B01, 0x681B, 0x4798, RETURN, pool=(LINK_BASE + FUNCTION + 1,)).indirect  # ldr r3, [r3] between


@pytest.mark.parametrize(
    ("halves", "reached"),
    [
        ((0x2800, 0xD001, 0x2101, RETURN, 0x2102, RETURN), 6),  # cmp; beq over two
        ((0xE001, 0x2101, RETURN, 0x2102, RETURN), 3),  # b over two
        ((0xB500, 0xBD00, 0x2101), 2),  # push {lr}; pop {pc}
        ((0x46F7, 0x2101), 1),  # mov pc, lr
        ((0xDE00, 0x2101), 1),  # undefined
    ],
)
def test_only_what_branches_lead_to_can_run(halves: tuple[int, ...], reached: int) -> None:
    code = program(*halves)
    assert len(list(code.within(FUNCTION, 0, FUNCTION + 2 * len(halves)))) == reached
    assert code.is_complete


def test_a_switch_leads_to_every_case() -> None:
    """A helper reads the table behind its call: here two bytes, half words from the table to each case."""
    helper = [0xB402, 0x4671, 0x0849, 0x0049, 0x5C09, 0x0049, 0x448E, 0xBC02, RETURN, NOP]
    code = program(0xF000, 0xF806, 0x0301, 0x2001, RETURN, 0x2002, RETURN, NOP, *helper)
    assert {FUNCTION + 6, FUNCTION + 10} <= set(code.within(FUNCTION, 0, FUNCTION + 16))
    assert FUNCTION + 4 not in code.within(FUNCTION, 0, FUNCTION + 16)


def test_a_table_of_addresses_leads_to_every_case() -> None:
    """Compilers that do not have to save room jump through one."""
    first, second = (LINK_BASE + FUNCTION + place for place in (8, 12))
    table = LINK_BASE + FUNCTION + 20
    code = program(0x4B03, 0x681B, 0x469F, NOP, 0x2001, RETURN, 0x2002, RETURN, pool=(table, first, second, 0))
    assert {FUNCTION + 8, FUNCTION + 12} <= set(code.within(FUNCTION, 0, FUNCTION + 16))
    assert code.is_complete
    assert not program(0x681B, 0x469F, NOP, NOP).is_complete
