"""The moments of a flash at which a Home Assistant can be killed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.virtual_board import Fault, VirtualBoard

SIZE: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a flash: how a board is kept there, and how it is known that it has come.

    `reached` gets the board, and what the journal on the disk says of the flash. `flashes` says that the board runs
    the new sketch in the end. `seen` says that this can be known afterwards whatever the passwords are.
    """

    name: str
    reached: Callable[[VirtualBoard, Mapping[str, Any]], bool]
    options: Mapping[str, Any] = field(default_factory=dict)
    flashes: bool = True
    seen: bool = True


def _body(board: VirtualBoard) -> int:
    """How much of an image the board has taken; -1 before it has heard of one."""
    return max((request.body_bytes for request in board.requests if request.content_length > 0), default=-1)


def _last(board: VirtualBoard, kind: str, **facts: object) -> bool:
    """Whether the last thing that happened to the board was this."""
    event = board.events[-1]
    return event.kind == kind and event.facts.items() >= facts.items()


def _stalls_at(byte: int, seconds: float | None = None) -> dict[str, Any]:
    return {"fault": Fault(byte, "stall", seconds)}


def _taken(byte: int) -> Callable[[VirtualBoard, Mapping[str, Any]], bool]:
    return lambda board, _: _body(board) >= byte


# What was ordered is on the disk, and begins anew.
CHECKING: Final = Moment("while the password is checked", lambda board, _: _last(board, "request", content_length=0))
# A board that takes nothing more would not hear that Home Assistant is gone, behind all the bytes that are on their way.
LONG: Final = 8.0

BEGUN: Final = Moment("at the first byte", _taken(1), _stalls_at(1, LONG), flashes=False)
HALF: Final = Moment("in the middle", _taken(SIZE // 2), _stalls_at(SIZE // 2, LONG), flashes=False)
NEARLY: Final = Moment("before the last pieces", _taken(SIZE - 8192), _stalls_at(SIZE - 8192, LONG), flashes=False)
LAST_PIECE: Final = Moment(
    "in the last piece",
    lambda board, pending: _body(board) >= SIZE - 1 and pending.get("phase") == "finishing",
    _stalls_at(SIZE - 1),
    seen=False,
)
UNANSWERED: Final = Moment("before the answer", _taken(SIZE), _stalls_at(SIZE), seen=False)
ANSWERED: Final = Moment("when the answer is sent", lambda board, _: _last(board, "answered", status=200), seen=False)
NOTED: Final = Moment("after the answer", lambda _, pending: pending.get("phase") == "answered", {"pause": 6.0})
AWAY: Final = Moment("while the board is away", lambda board, _: _last(board, "away"), {"away": 4.0})
LONG_AWAY: Final = Moment(
    "while the board is away, for longer than that takes",
    lambda board, pending: pending.get("phase") == "answered" and not board.on_network,
    {"comes_back": False},
)
VERIFYING: Final = Moment(
    "while it is asked for its password",
    lambda board, _: bool(board.flashed) and _last(board, "request", content_length=0),
)
VERIFIED: Final = Moment(
    "when it has told its password", lambda board, _: bool(board.flashed) and _last(board, "answered", status=400)
)
