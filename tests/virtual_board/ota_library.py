"""What WiFi101OTA and ArduinoOTA add to an image, and what is left of them where a sketch does not call all of it.

Linkers drop functions that nobody calls. So a sketch that calls only begin() has no server inside, and one that calls
only poll() has no authorization to compare with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.virtual_board.arduino_core import NVMCTRL, put_reset
from tests.virtual_board.assembler import (
    BARRIER,
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
    compare,
    compare_registers,
    compiled,
    instructions,
    ldr,
    move,
    movs,
    store,
    store_on_stack,
)
from tests.virtual_board.linker import SRAM
from tests.virtual_board.sketch_strings import (
    ANSWER,
    ANSWER_OF_ARDUINOOTA,
    BASE64,
    BEGIN,
    REQUEST,
    STORAGE,
    mdns_tables,
)

MARKER = 0xB5104C04
MARKER_ARRAYS = 0xB5104C05

WIFI101OTA = "WiFi101OTA"
ARDUINOOTA = "ArduinoOTA"

_OTA_OBJECT, _ADDRESS_OBJECT, _ARGUMENTS = SRAM + 0x9D0, SRAM + 0xF68, SRAM + 0xB00
_OBJECTS = {"InternalStorage": SRAM + 0x998, "SDStorage": SRAM + 0x9A4}
_VIRTUAL_FUNCTIONS = ("open", "write", "close", "clear", "apply", "maxSize")
_POINTER_TO_BEGIN = "pointer to begin"
_ERASE_COMMAND = 0xFFFF_A502


type BeginCall = Literal["near", "far", "inlined", "hidden"]
type StorageObject = Literal["InternalStorage", "SDStorage", "either"]


@dataclass(frozen=True, slots=True)
class OtaLibrary:
    """One of the two libraries, as it is linked into one image.

    `board` is the name that it announces, None if the sketch has no mDNS. `call` tells how begin() is called: directly,
    through a register, not at all because a compiler has put its code in place of the call, or in a way that nobody who
    reads the code can follow. `old` is the first release of either: WiFi101OTA 1.0 knows no status 414, ArduinoOTA
    1.0.0 sends no Content-length. If it `hangs`, the code that copies a sketch calls what restarts the processor.
    """

    name: str
    board: str | None
    begin: bool
    poll: bool
    call: BeginCall = "near"
    old: bool = False
    hangs: bool = False
    storage: StorageObject = "InternalStorage"

    @property
    def literals(self) -> tuple[bytes, ...]:
        """The library's strings in the order in which a linker lays them out."""
        if not (self.begin or self.poll):
            return ()
        begin = (*BEGIN, *BASE64) if self.begin else ()
        if not self.poll:
            return (*STORAGE, *begin)
        board = () if self.board is None else (self.board.encode(),)
        if self.name == ARDUINOOTA:
            return (*STORAGE, *begin, *board, *self._answer, *REQUEST)
        return (*STORAGE, *ANSWER, *board, *self._request, *begin)

    @property
    def _request(self) -> tuple[bytes, ...]:
        return REQUEST[:-1] if self.old and self.name == WIFI101OTA else REQUEST

    @property
    def _answer(self) -> tuple[bytes, ...]:
        return ANSWER if self.old or self.name == WIFI101OTA else (*ANSWER, *ANSWER_OF_ARDUINOOTA)

    @property
    def tables(self) -> bytes:
        """Constant bytes that are no strings."""
        return mdns_tables(self.board) if self.poll and self.board is not None else b""

    @property
    def virtual_tables(self) -> Iterator[tuple[str, list[Word]]]:
        """The tables of the storage objects' virtual functions, each with its symbol."""
        if self.begin:
            for name in _OBJECTS:
                yield f"table of {name}", [f"{name}.{function}" for function in _VIRTUAL_FUNCTIONS]

    @property
    def constructors(self) -> list[str]:
        """What runs before the sketch."""
        return [f"make {name}" for name in _OBJECTS] if self.begin else []

    @property
    def pointers(self) -> list[tuple[str, Word]]:
        """The variable through which begin() is called if nobody is to see that."""
        return [(_POINTER_TO_BEGIN, "begin")] if self.begin and self.call == "hidden" else []

    def functions(self, random: Random) -> list[Function]:
        """The library's functions, each with the strings that it uses."""
        functions: list[Function] = []
        if self.poll:
            polls = ["pollServer"]
            functions.append(compiled("sendHttpResponse", self._answer, (), random, 20))
            functions.append(compiled("pollServer", self._request, ["sendHttpResponse"] * 7, random, 80))
            if self.board is not None:
                polls.insert(0, "pollMdns")
                functions.append(compiled("pollMdns", (SRAM + 0x318, self.board.encode(), 0x14E9), (), random, 60))
            functions.append(compiled("poll", (), polls, random, 1))
        if self.begin:
            functions.append(compiled("base64Encode", BASE64, (), random, 50))
            if self.call != "inlined":
                functions.append(compiled("begin", BEGIN, ("base64Encode", "WiFiServer.begin"), random, 16))
            functions += self._storages(random)
        elif self.poll and self.name == WIFI101OTA:
            functions.append(compiled("SDStorage.open", STORAGE, (), random, 8))
        return functions

    def _storages(self, random: Random) -> Iterator[Function]:
        for name, place in _OBJECTS.items():
            for function in _VIRTUAL_FUNCTIONS:
                words = STORAGE if (name, function) == ("SDStorage", "open") else ()
                yield self._virtual(f"{name}.{function}", words, random)
            maker, table = Function(f"make {name}"), f"table of {name}"
            if self.name == WIFI101OTA:
                maker.load(3, place)
                maker.load(2, table)
                maker.code += [store(2, 3), RETURN]
            else:
                maker.code.append(PUSH)
                maker.load(0, place)
                maker.code += [Call(f"{name}()"), POP]
                constructor = Function(f"{name}()", [PUSH, move(4, 0), Call("OTAStorage()")])
                constructor.load(3, table)
                constructor.code += [store(3, 4), move(0, 4), POP]
                yield constructor
            yield maker
        if self.name == ARDUINOOTA:
            yield compiled("OTAStorage()", (NVMCTRL, 0x0080_4000), (), random, 20)

    def _virtual(self, label: str, words: tuple[bytes, ...], random: Random) -> Function:
        """One function of a storage; those of the internal one that change the flash call code in SRAM."""
        function = compiled(label, words, (), random, 12)
        if (
            code := {"InternalStorage.open": "eraseFlash", "InternalStorage.apply": "copyFlash"}.get(label)
        ) is not None:
            function.code.pop()
            function.load(3, code)
            function.code += [call_through(3), POP]
        return function

    @property
    def code_in_sram(self) -> Iterator[Function]:
        """What erases the flash and copies a sketch, and then restarts the processor."""
        if not self.begin:
            return
        erase = Function("eraseFlash", [PUSH])
        erase.load(2, NVMCTRL)
        erase.load(3, _ERASE_COMMAND)
        yield Function("eraseFlash", [*erase.code, store(3, 2), POP], erase.pool)
        copy = Function("copyFlash", [0xB570, Call("eraseFlash"), Mark("copy")])  # push {r4, r5, r6, lr}
        copy.load(4, NVMCTRL)
        copy.code += [ldr(5, 0), store(5, 1), adds(0, 4), compare_registers(0, 2), Jump("copy", "cc")]
        if not self.hangs:
            copy.code += [*BARRIER]
            put_reset(copy)
            yield copy
            return
        copy.code += [Call("to NVIC_SystemReset"), 0xBD70]
        yield copy
        veneer = Function("to NVIC_SystemReset", [0xB401])  # push {r0}
        veneer.load(0, "NVIC_SystemReset")
        veneer.code += [0x4684, 0xBC01, 0x4760]  # mov ip, r0; pop {r0}; bx ip
        yield veneer

    def call_begin(
        self,
        function: Function,
        random: Random,
        name: Word,
        password: Word,
        otherwise: Word | None = None,
        *,
        marked: bool = True,
    ) -> None:
        """Append the call of begin() to a function: loads of its arguments from a pool that has a marker in it.

        `otherwise` is a password that is passed instead if the sketch decides so.
        """
        marker = MARKER_ARRAYS if isinstance(name, str) else MARKER
        first = len(function.pool)
        function.pool += [
            marker if marked else 0,
            name,
            password,
            _OBJECTS.get(self.storage, _OBJECTS["InternalStorage"]),
        ]
        if self.call == "hidden":
            function.load(4, _ARGUMENTS)
            for number in range(1, 4):
                function.load_again(3, first + number)
                function.code.append(store(3, 4, 4 * number))
            function.load(3, _POINTER_TO_BEGIN)
            function.code += [ldr(3, 3), ldr(1, 4, 4), ldr(2, 4, 8), move(0, 4), call_through(3)]
            return
        if self.name == ARDUINOOTA:  # this, local address, name, password; storage on the stack
            self._load_storage(function, 1, first + 3)
            function.code.append(store_on_stack(1))
            function.load_again(3, first + 2)
            function.load_again(2, first + 1)
            function.load(1, _ADDRESS_OBJECT)
        else:  # this, name, password, storage
            self._load_storage(function, 3, first + 3)
            function.load_again(2, first + 2)
            function.load_again(1, first + 1)
        if otherwise is not None:
            function.code += [compare(5, 0), Jump("chosen", "eq")]
            function.load(3 if self.name == ARDUINOOTA else 2, otherwise)
            function.code.append(Mark("chosen"))
        function.load(0, _OTA_OBJECT)
        match self.call:
            case "near":
                function.code.append(Call("begin"))
            case "far":
                function.call_far("begin")
            case "inlined":
                for register, word in enumerate(BEGIN):
                    function.load(register, word)
                function.code += [Call("base64Encode"), movs(0, 0), Call("WiFiServer.begin")]
        function.code += instructions(random, 1)

    def _load_storage(self, function: Function, register: int, index: int) -> None:
        """Load the storage object, or another one if the sketch decides so."""
        function.load_again(register, index)
        if self.storage == "either":
            function.code += [compare(5, 0), Jump("stored", "eq")]
            function.load(register, _OBJECTS["SDStorage"])
            function.code.append(Mark("stored"))

    def hand_on(self, label: str) -> Function:
        """A function of a sketch that is given name and password and calls begin() with them."""
        function = Function(label, [PUSH])
        if self.name == ARDUINOOTA:
            function.code += [move(3, 1), move(2, 0)]
            function.load(1, _OBJECTS[self.storage])
            function.code.append(store_on_stack(1))
            function.load(1, _ADDRESS_OBJECT)
        else:
            function.code += [move(2, 1), move(1, 0)]
            function.load(3, _OBJECTS[self.storage])
        function.load(0, _OTA_OBJECT)
        function.code += [Call("begin"), POP]
        return function
