"""Seeing a board go away and come back."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
import time

from ..errors import BoardError, BoardSilent
from ..protocol.client import BoardClient
from .timing import Timing

# The first repetition of a lost connection request comes after a second: an answer that took longer may have been
# asked for before a restart and given after it.
ANSWER_ACROSS_RESTART = 0.9


class Restart(Enum):
    """What was seen of a restart."""

    BACK = auto()
    NEVER_LEFT = auto()
    # It is there. Nobody saw it go, but there was time for that.
    UNSEEN = auto()
    NOT_BACK = auto()


async def watch_restart(
    client: BoardClient, timing: Timing, *, since: float, surely: bool, seen_away: Callable[[], Awaitable[None]]
) -> Restart:
    """Watch a board until it has gone and come back, has not gone in time, or has not come back in time.

    Only an answered request shows that it is there: its Wi-Fi module may accept connections while the processor
    copies the sketch. `surely` says that it will restart, so that any silence is taken for it; otherwise a sketch that
    is just busy must not look like one that restarts. `seen_away` is awaited once, when the board is first seen gone.

    `since` is when the board can have begun to leave, in seconds of `time.monotonic()`: a board that was asked for the
    first time long after that may be back already, as well as one that nobody asked for a while in between.
    """
    began = time.monotonic()
    there = since
    unseen = False
    away = False
    silent_since: float | None = None
    while True:
        asked = time.monotonic()
        gone = False
        try:
            await client.identify(timeout=timing.probe_within)
        except BoardSilent:
            silent_since = silent_since or asked
            gone = surely or time.monotonic() - silent_since >= timing.silence_means_away
            answered = False
        except BoardError:
            gone = True
            answered = False
        else:
            silent_since = None
            gone = surely and time.monotonic() - asked > ANSWER_ACROSS_RESTART
            answered = True
            unseen = unseen or time.monotonic() - there >= timing.away_at_least
            there = time.monotonic()
        if gone and not away:
            away = True
            await seen_away()
        waited = time.monotonic() - began
        if answered and away:
            return Restart.BACK
        if answered and waited >= timing.leaves_within:
            return Restart.UNSEEN if unseen else Restart.NEVER_LEFT
        if waited >= timing.returns_within:
            return Restart.NOT_BACK
        await asyncio.sleep(timing.probe_every)
