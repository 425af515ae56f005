"""Whether a sketch starts its Wi-Fi before it opens the port for updates, as far as that is certain.

WiFi101 forgets what was opened before WiFi.begin(). All that it wants of its module goes through one function,
hif_send(group, request, ...). So whoever starts the Wi-Fi is known by the requests that it sends.
"""

from itertools import islice
from typing import Final

from .code import Code
from .thumb import Registers

# m2m_types.h and m2m_socket_host_if.h of WiFi101: groups of requests, the request to listen, and those that start the
# Wi-Fi: also as an access point, or with a button. Bit 7 only says that data follow.
_WIFI: Final = 1
_LISTEN: Final = (2, 0x42)
_START_PROVISION: Final = (_WIFI, 8)
_CONNECT: Final = (_WIFI, 40)
_DEFAULT_CONNECT: Final = (_WIFI, 41)
_WPS: Final = (_WIFI, 47)
_ENABLE_AP: Final = (_WIFI, 70)
_STARTING: Final = {_START_PROVISION, _CONNECT, _DEFAULT_CONNECT, _WPS, _ENABLE_AP}
# In every image with WiFi101: its handler of events starts the Wi-Fi again when the module has been provisioned.
_ALWAYS: Final = {_LISTEN, _START_PROVISION, _CONNECT, _DEFAULT_CONNECT}

_MOVS_R1_LISTEN: Final = 0x2142
# How many bytes in front of a call its first two arguments are set.
_REACH: Final = 64
# More than any version of WiFi101 has.
_MOST_REQUESTS: Final = 64


def never_starts_wifi(code: Code, begin: int, reset: int) -> bool:
    """Whether the call of begin() at a place is certainly not preceded by one that starts the Wi-Fi.

    `reset` is the place of the reset handler. False where there is any doubt.
    """
    requests = _requests(code)
    if not _ALWAYS.issubset(requests.values()):
        return False
    starters, handlers = (
        code.with_callers(code.functions(place for place, request in requests.items() if request in wanted))
        for wanted in (_STARTING, {_START_PROVISION})
    )
    # The handler of events is called through a pointer. Anything else that is may be called at any time.
    called_through_pointers = (starters & code.pointed_to) - {reset}
    if len(called_through_pointers) != 1 or not called_through_pointers <= handlers:
        return False
    return reset not in starters or _comes_first(code, begin, reset, starters)


def _requests(code: Code) -> dict[int, tuple[int, int]]:
    """The group and the request of each call of hif_send(). What cannot be read counts as a request to connect."""
    listens = (2 * index for index, half in enumerate(code.image.halves) if half == _MOVS_R1_LISTEN)
    for listen in islice(listens, _MOST_REQUESTS):
        site = next((site for site in range(listen, listen + _REACH, 2) if code.called(site) is not None), None)
        if site is not None and _request(code, site) == _LISTEN:
            sites = code.calls.get(code.called(site) or 0, [])
            return {site: _request(code, site) for site in sites} if len(sites) <= _MOST_REQUESTS else {}
    return {}


def _request(code: Code, site: int) -> tuple[int, int]:
    registers = Registers.at(code, site)
    match registers.argument(0), registers.argument(1):
        case int(group), int(request):
            return group, request & 0x7F
        case int(group), _ if group != _WIFI:
            return group, 0
    return _CONNECT


def _comes_first(code: Code, begin: int, reset: int, starters: set[int]) -> bool:
    """Whether nothing that runs before a place can call any of some functions."""
    starting = code.indirect.union(*(code.calls.get(function, ()) for function in starters))
    place, seen = begin, set[int]()
    while (function := code.function_of(place)) is not None and function not in seen:
        seen.add(function)
        before = _before(code, function, place)
        if not starting.isdisjoint(before) or any(code.function_of(other) != function for other in before):
            return False
        match code.calls.get(function, []):
            case _ if function == reset:
                return True
            case [place] if function not in code.pointed_to:
                pass
            case _:
                return False
    return False


def _before(code: Code, function: int, end: int) -> set[int]:
    """The places of a function that may run before one of them, in an earlier turn of a loop, too.

    What stands behind a switch is not followed; then its table is among them, which belongs to no function.
    """
    before, after = _reached(code, (function,), end), _reached(code, code.successors(end), end)
    return before | after if end in after else before - {end}


def _reached(code: Code, start: tuple[int, ...], end: int) -> set[int]:
    todo, seen = [*start], set[int]()
    while todo:
        if (place := todo.pop()) not in seen:
            seen.add(place)
            todo += code.successors(place) if place != end else ()
    return seen
