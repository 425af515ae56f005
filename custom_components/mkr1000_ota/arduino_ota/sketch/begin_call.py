"""What a sketch passes to WiFiOTA.begin(name, password, storage) or ArduinoOTA.begin(address, name, password, storage).

The function is recognized by a literal that it alone uses, its calls by their target, and the arguments by what is in
the registers at the call. Where the calling function was given them itself, its own calls are looked at.
"""

from dataclasses import dataclass
from typing import Final

from ..hardware import SRAM_END, SRAM_START
from ..libraries import Library
from .code import Code
from .ota_library import AUTHORIZATION_PREFIX, BASE_64_DIGITS, LITERALS_OF_BEGIN
from .thumb import Argument, Registers, Value

# Which arguments are the OTA object, name, password and storage object. ArduinoOTA has the board's address between.
_ARGUMENTS: Final[dict[Library, tuple[Value, ...]]] = {
    Library.WIFI101OTA: tuple(map(Argument, (0, 1, 2, 3))),
    Library.ARDUINOOTA: tuple(map(Argument, (0, 2, 3, 4))),
}
# How many calls are looked at: of begin(), of the functions that call it, of those that call these, and so on.
_CALLS_BY_DEPTH: Final = (32, 16, 8, 8, 8)
_NOTHING: Final = (None,) * 4
# A name becomes one label of a host name.
_NAME_LIMIT: Final = 63


@dataclass(frozen=True, slots=True)
class BeginCall:
    """What looks like a call of begin(). None stands for what only a running sketch knows.

    `name_address`, `password_address` and `storage` are addresses. `is_certain` tells whether no other
    password can be passed; no other storage can.
    """

    site: int
    name: str | None
    name_address: int | None
    password: str | None
    password_address: int | None
    storage: int | None
    has_objects: bool
    is_certain: bool

    @property
    def is_understood(self) -> bool:
        """Whether everything is as in a call of begin(), and both strings are known."""
        return self.has_objects and self.name is not None and self.password is not None


def calls_of_begin(code: Code, library: Library) -> list[BeginCall]:
    """What looks like a call of begin(), likeliest first; nothing where a compiler has dissolved the call."""
    pointers = [*code.image.pointers(AUTHORIZATION_PREFIX)] or [*code.image.pointers(BASE_64_DIGITS)]
    functions = [(function, _ARGUMENTS[library], _ARGUMENTS[library]) for function in sorted(code.loading(pointers))]
    found: list[BeginCall] = []
    for limit in (*_CALLS_BY_DEPTH, 0):
        # Of several calls the last one counts for a board: so it comes first.
        sites = [
            (site, wanted, surely)
            for function, wanted, surely in functions
            for site in reversed(code.calls.get(function, ()))
        ]
        found += [_begin_call(code, site, _NOTHING, _NOTHING) for site, *_ in sites[limit:]]
        functions = []
        for site, wanted, surely in sites[:limit]:
            values = _given(Registers.at(code, site), wanted)
            certain = _given(Registers.at(code, site, is_certain=True), surely)
            caller = code.function_of(site) or 0
            if caller in code.calls and any(isinstance(value, Argument) for value in values[1:3]):
                functions.append((caller, values, _NOTHING if caller in code.pointed_to else certain))
            else:
                found.append(_begin_call(code, site, values, certain))
    return sorted(found, key=lambda call: not call.is_understood)


def _given(registers: Registers, wanted: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(registers.argument(value.number) if isinstance(value, Argument) else value for value in wanted)


def _begin_call(code: Code, site: int, values: tuple[Value, ...], certain: tuple[Value, ...]) -> BeginCall:
    ota, name, password, storage = (value if isinstance(value, int) else None for value in values)
    text = code.image.text(code.image.offset(name))
    if text is None or not text.isprintable() or text in LITERALS_OF_BEGIN or len(text.encode()) > _NAME_LIMIT:
        text = name = None
    return BeginCall(
        site=site,
        name=text,
        name_address=name,
        password=code.image.text(code.image.offset(password)),
        password_address=password,
        storage=storage if storage == certain[3] else None,
        has_objects=all(address is not None and SRAM_START <= address < SRAM_END for address in (ota, storage)),
        is_certain=certain[2] is not None,
    )
