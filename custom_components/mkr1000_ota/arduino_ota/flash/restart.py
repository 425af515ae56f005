"""Seeing a board go away and come back."""

import asyncio
import time

from ..errors import BoardError, BoardSilent
from ..protocol.client import BoardClient
from .timeouts import Timeouts
from .verdict import Evidence


async def watch_restart(client: BoardClient, timeouts: Timeouts, *, since: float, answered: bool) -> Evidence | None:
    """Watch a board until it has gone and come back, or has not gone; None if it does not come back in time.

    Only an answered request shows that it is there: its Wi-Fi module may accept connections while the processor
    copies the sketch. `since` is when the board can have begun to leave, in seconds of `time.monotonic()`: one that
    was asked for the first time long after that may be back already, as well as one that was not seen for a while in
    between. Nothing has to be waited for then: a board that has the whole image answers nobody before its restart.
    `answered` says that it has announced that, so that silence is taken for it.
    """
    began = time.monotonic()
    there_until = since
    left = False
    while True:
        try:
            library = await client.identify()
        except BoardSilent:
            # Its sketch may just be busy.
            left = left or answered
        except BoardError:
            left = True
        else:
            missed = client.connected_at - there_until >= timeouts.minimum_absence
            there_until = time.monotonic()
            if left or missed:
                return Evidence(library=library)
            if there_until - since >= timeouts.leave_timeout:
                return Evidence(library=library, stayed=True)
        if time.monotonic() - began >= timeouts.return_timeout:
            return None
        await asyncio.sleep(timeouts.probe_interval)
