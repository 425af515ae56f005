"""What WiFi101OTA and ArduinoOTA add to an image, and what is left of them where a sketch does not call all of it.

Linkers drop functions that nobody calls. So a sketch that calls only begin() has no server inside, and one that calls
only poll() has no authorization to compare with.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.virtual_board.assembler import Call, Function, Word, compiled, instructions
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

_STORAGE_OBJECT, _OTA_OBJECT, _ADDRESS_OBJECT = SRAM + 0x998, SRAM + 0x9D0, SRAM + 0xF68


type BeginCall = Literal["near", "far", "inlined", "hidden"]


@dataclass(frozen=True, slots=True)
class OtaLibrary:
    """One of the two libraries, as it is linked into one image.

    `board` is the name that it announces. `call` tells how begin() is called: directly, through a register, not at all
    because a compiler has put its code in place of the call, or in a way that nobody who reads the code can follow. `old` is WiFi101OTA 1.0, which knows no status 414.
    """

    name: str
    board: str
    begin: bool
    poll: bool
    call: BeginCall = "near"
    old: bool = False

    @property
    def literals(self) -> tuple[bytes, ...]:
        """The library's strings in the order in which a linker lays them out."""
        if not (self.begin or self.poll):
            return ()
        begin = (*BEGIN, *BASE64) if self.begin else ()
        if not self.poll:
            return (*STORAGE, *begin) if self.name == WIFI101OTA else begin
        if self.name == ARDUINOOTA:
            return (*begin, self.board.encode(), *ANSWER, *ANSWER_OF_ARDUINOOTA, *self._request)
        return (*STORAGE, *ANSWER, self.board.encode(), *self._request, *begin)

    @property
    def _request(self) -> tuple[bytes, ...]:
        return REQUEST[:-1] if self.old else REQUEST

    @property
    def tables(self) -> bytes:
        """Constant bytes that are no strings."""
        return mdns_tables(self.board) if self.poll else b""

    def functions(self, random: Random) -> list[Function]:
        """The library's functions, each with the strings that it uses."""
        functions: list[Function] = []
        if self.poll:
            answer = (*ANSWER, *ANSWER_OF_ARDUINOOTA) if self.name == ARDUINOOTA else ANSWER
            functions += [
                compiled("sendHttpResponse", answer, (), random, 20),
                compiled("pollMdns", (SRAM + 0x318, self.board.encode(), 0x14E9), (), random, 60),
                compiled("pollServer", self._request, ["sendHttpResponse"] * 7, random, 80),
                compiled("poll", (), ("pollMdns", "pollServer"), random, 1),
            ]
        if self.begin:
            functions.append(compiled("base64Encode", BASE64, (), random, 50))
            if self.call != "inlined":
                functions.append(compiled("begin", BEGIN, ("base64Encode",), random, 16))
        if functions and self.name == WIFI101OTA:
            functions.append(compiled("SDStorage.open", STORAGE, (), random, 8))
        return functions

    def call_begin(self, function: Function, random: Random, name: Word, password: Word) -> None:
        """Append the call of begin() to a function: loads of its arguments from a pool that has a marker in it."""
        marker = MARKER_ARRAYS if isinstance(name, str) else MARKER
        first = len(function.pool)
        function.pool += [marker, name, password, _STORAGE_OBJECT]
        if self.call == "hidden":
            function.pool.append(_OTA_OBJECT)
            function.code += instructions(random, 8)
            return
        if self.name == ARDUINOOTA:  # this, local address, name, password; storage on the stack
            function.load_again(1, first + 3)
            function.code.append(0x9100)  # str r1, [sp]
            function.load_again(3, first + 2)
            function.load_again(2, first + 1)
            function.load(1, _ADDRESS_OBJECT)
        else:  # this, name, password, storage
            function.load_again(3, first + 3)
            function.load_again(2, first + 2)
            function.load_again(1, first + 1)
        function.load(0, _OTA_OBJECT)
        match self.call:
            case "near":
                function.code.append(Call("begin"))
            case "far":
                function.call_far("begin")
            case "inlined":
                for register, word in enumerate(BEGIN, 4):
                    function.load(register, word)
                function.code.append(Call("base64Encode"))
        function.code += instructions(random, 1)
