"""The code of the sketch itself: what it does in setup() and loop(), in the order that its quirks tell."""

from collections.abc import Iterator, Sequence
from random import Random

from tests.virtual_board.arduino_core import SERIAL
from tests.virtual_board.assembler import (
    POP,
    PUSH,
    RETURN,
    Call,
    Function,
    Jump,
    Mark,
    Word,
    call_through,
    compare,
    compare_registers,
    compiled,
    instructions,
    ldr,
    ldrb,
    movs,
    strb,
)
from tests.virtual_board.linker import SRAM
from tests.virtual_board.ota_library import OtaLibrary
from tests.virtual_board.quirks import Board, Quirks
from tests.virtual_board.sketch_strings import SKETCH
from tests.virtual_board.wifi_library import BEGIN, BEGIN_AP, PROVISION, STATUS, WIFI, wifi_functions

BUFFER = SRAM + 0x1C40  # a variable without initial value
ELSE = b"another-password"

_WDT, _CLEAR, _CLEAR_KEY, _ENABLE = 0x4000_1000, 8, 0xA5, 2
_IS_UP = SRAM + 0x300
_JOIN, _POINTER_TO_JOIN = "net.join", "pointer to net.join"
_FAR_AWAY = 8
_START, _POINTER_TO_START = "startUpdates", "pointer to startUpdates"
_FIVE_SECONDS = 5000
# What compilers call for a switch goes on where a table of bytes behind the call says.
_SWITCH = "__gnu_thumb1_case_uqi"
_SWITCH_CODE = (0xB402, 0x4671, 0x0849, 0x0049, 0x5C09, 0x0049, 0x448E, 0xBC02, 0x4770)


def own_pointers(quirks: Quirks) -> list[tuple[str, Word]]:
    """Variables of the sketch that point to code of it, each with its symbol."""
    join: list[tuple[str, Word]] = [(_POINTER_TO_JOIN, _JOIN)] if quirks.wifi == "through a pointer" else []
    return [*join, (_POINTER_TO_START, _START)] if quirks.handed_on == "through a pointer, too" else join


def own_functions(
    random: Random,
    ota: OtaLibrary,
    board: Board,
    quirks: Quirks,
    arguments: tuple[Word, Word],
    wifi: Sequence[Word],
    uses: Sequence[Word],
) -> list[Function]:
    """Functions of the sketch and of the Wi-Fi library. `arguments` are name and password, `wifi` the credentials.

    It does something with every word of `uses`. Without credentials it has nothing to do with any network.
    """
    setup, loop = Function("setup", [PUSH]), Function("loop", [PUSH])
    for word in uses:
        setup.load(3, word)
        setup.code += instructions(random, 1)
    others: list[Function] = []
    if wifi:
        _put_start(setup, board, quirks)
        others = [compiled("printWifiStatus", SKETCH[:4], (), random, 30)]
        others += wifi_functions(board.wifi, [BEGIN, BEGIN_AP], random)
    join = Function(_JOIN, [PUSH])
    _put_join(join, wifi)
    join.code.append(POP)
    match quirks.wifi:
        case "before":
            _put_join(setup, wifi)
        case "access point":
            setup.code.append(Call(BEGIN_AP))
        case "provisioned":
            setup.code.append(Call(PROVISION))
        case "through a pointer":
            setup.load(3, _POINTER_TO_JOIN)
            setup.code += [ldr(3, 3), call_through(3)]
            others.append(join)
        case "switch":
            # The table has two cases: one jumps on, the other one is behind that.
            setup.code += [movs(0, 1), Call(_SWITCH), 0x0201, Jump("chosen")]
            _put_join(setup, wifi)
            setup.code.append(Mark("chosen"))
            others.append(Function(_SWITCH, [*_SWITCH_CODE]))
        case "in loop":
            loop.load(0, WIFI)
            loop.code += [Call(STATUS), compare(0, 3), Jump("connected", "eq")]
            _put_join(loop, wifi)
            loop.code.append(Mark("connected"))
            loop.load(3, _IS_UP)
            loop.code += [ldrb(2, 3), compare(2, 0), Jump("up", "ne"), movs(2, 1), strb(2, 3)]
    _put_begin(loop if quirks.wifi in ("in loop", "turn") else setup, random, ota, quirks, arguments)
    if quirks.wifi == "in loop":
        loop.code.append(Mark("up"))
    if quirks.wifi == "turn":
        _put_join(loop, wifi)
    if quirks.wifi == "behind":
        _put_join(setup, wifi)
    if wifi:
        setup.code.append(Call("printWifiStatus"))
    others += _watchdog(setup, loop, quirks)
    others += _handing_on(loop, ota, quirks, arguments[0])
    if quirks.poll:
        loop.code.append(Call("poll"))
    for function in (setup, loop):
        function.code += [*instructions(random, 4), POP]
    return [setup, loop, *others]


def _put_start(setup: Function, board: Board, quirks: Quirks) -> None:
    """What a sketch does before it connects: open the serial port, wait for it perhaps, ask whether there is Wi-Fi."""
    if board.product is not None:
        setup.load(0, SERIAL)
        setup.code.append(Call("Serial.begin"))
        if quirks.serial != "no":
            setup.code.append(Mark("wait"))
            setup.load(0, SERIAL)
            setup.code += [Call("Serial.operator bool"), compare(0, 0)]
        match quirks.serial:
            case "endless":
                setup.code.append(Jump("wait", "eq"))
            case "with work":
                setup.code += [Jump("go", "ne"), movs(0, 100), Call("delay"), Jump("wait")]
            case "with anything":
                setup.code.append(Jump("go", "ne"))
                setup.load(3, _IS_UP)
                setup.code += [ldr(3, 3), call_through(3), Jump("wait")]
            case "limited":
                setup.code += [Jump("go", "ne"), Call("millis")]
                setup.load(3, _FIVE_SECONDS)
                setup.code += [compare_registers(0, 3), Jump("wait", "cc")]
            case "once":
                setup.code += [Jump("go", "ne"), movs(0, 100), Call("delay")]
        setup.code.append(Mark("go"))
    setup.load(0, WIFI)
    setup.code += [Call(STATUS), compare(0, 255), Jump("module", "ne")]
    setup.load(1, SKETCH[4])
    setup.code += [Mark("dead"), Jump("dead"), Mark("module")]


def _put_join(function: Function, wifi: Sequence[Word]) -> None:
    """Append the loop that tries until the board is connected."""
    if wifi:
        function.code.append(Mark("connect"))
        function.load(1, SKETCH[5])
        for register, word in enumerate(wifi, 1):
            function.load(register, word)
        function.load(0, WIFI)
        function.code += [Call(BEGIN), compare(0, 3), Jump("connect", "ne")]


def _put_begin(
    function: Function, random: Random, ota: OtaLibrary, quirks: Quirks, arguments: tuple[Word, Word]
) -> None:
    if not quirks.begin:
        return
    name, password = arguments
    if quirks.handed_on != "no":
        function.load(1, password)
        function.load(0, name)
        function.code.append(Call(_START))
        return
    if not quirks.twice:
        ota.call_begin(function, random, name, password, ELSE if quirks.either else None)
        return
    function.code += [compare(5, 0), Jump("second", "eq")]
    ota.call_begin(function, random, name, password)
    function.code += [Jump("begun"), Mark("second")]
    ota.call_begin(function, random, name, ELSE, marked=False)
    function.code.append(Mark("begun"))


def _handing_on(loop: Function, ota: OtaLibrary, quirks: Quirks, name: Word) -> Iterator[Function]:
    """The functions that are given name and password."""
    if quirks.handed_on == "no":
        return
    yield ota.hand_on(_START)
    if quirks.handed_on == "once":
        return
    loop.load(1, ELSE)
    loop.load(0, name)
    if quirks.handed_on == "through a pointer, too":
        loop.load(3, _POINTER_TO_START)
        loop.code += [ldr(3, 3), call_through(3)]
        return
    callee = _START
    for number in range(_FAR_AWAY):
        label = f"{_START} {number}"
        yield Function(label, [PUSH, Call(callee), POP])
        callee = label
    loop.code.append(Call(callee))


def _watchdog(setup: Function, loop: Function, quirks: Quirks) -> Iterator[Function]:
    """Whatever the sketch does with the processor's watchdog; yields the functions that it takes for that."""
    enable, feed = Function("Watchdog.enable", [PUSH]), Function("Watchdog.reset")
    _put_watchdog(enable, 0, 0)
    enable.code.append(Call("Watchdog.reset"))
    _put_watchdog(enable, 0, _ENABLE)
    enable.code.append(POP)
    _put_watchdog(feed, _CLEAR, _CLEAR_KEY)
    feed.code.append(RETURN)
    match quirks.watchdog:
        case "switched off":
            _put_watchdog(setup, 0, 0)
        case "fed":
            _put_watchdog(setup, 0, _ENABLE)
            _put_watchdog(loop, _CLEAR, _CLEAR_KEY)
        case "fed by address":
            _put_watchdog(setup, 0, _ENABLE, by_address=True)
            _put_watchdog(loop, _CLEAR, _CLEAR_KEY, by_address=True)
        case "library":
            setup.code.append(Call("Watchdog.enable"))
            loop.code.append(Call("Watchdog.reset"))
            yield from (enable, feed)
        case "only sleeps":
            loop.code.append(Call("Watchdog.sleep"))
            yield from (enable, feed, Function("Watchdog.sleep", [PUSH, Call("Watchdog.enable"), POP]))
        case "restarts":
            restart = Function("restart")
            _put_watchdog(restart, 0, _ENABLE)
            restart.code += [Mark("reset"), Jump("reset")]
            loop.code += [compare(5, 0), Jump("well", "eq"), Call("restart"), Mark("well")]
            yield restart


def _put_watchdog(function: Function, register: int, value: int, *, by_address: bool = False) -> None:
    offset = 0 if by_address else register
    function.load(3, _WDT + register - offset)
    function.code += [movs(2, value), strb(2, 3, offset)]
