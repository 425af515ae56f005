"""Whoever has the .bin of the running sketch has its password."""

from contextlib import suppress
from dataclasses import replace
import time

from ..arduino_ota.errors import WrongPassword
from ..arduino_ota.protocol.client import BoardClient
from ..arduino_ota.sketch.sketch import LARGE_STORAGE, Sketch
from ..coordinator import BoardCoordinator
from ..network.identity import TYPED
from ..presence.tracker import async_get_tracker
from ..sources.sketches import async_inspect
from ..storage.records import PastFlash


async def async_adopt_sketch(board: BoardCoordinator, image: bytes, client: BoardClient | None = None) -> Sketch:
    """Note that a board runs a sketch, once it has accepted a password that stands in its image; return the sketch.

    `client` is for another address than that of the entry. Raises SketchRefused, WrongPassword and other BoardErrors.
    """
    sketch = await async_inspect(board.hass, image, LARGE_STORAGE)
    client = client or board.client_for(TYPED)
    async with board.lock:
        for password in sketch.passwords:
            with suppress(WrongPassword):
                await client.check_password(password)
                break
        else:
            raise WrongPassword
        flash = PastFlash(
            version=sketch.version or sketch.sha256[:8],
            sha256=sketch.sha256,
            size=sketch.size,
            started=time.time(),
            password=password,
        )
        await board.store.note(
            lambda r: replace(
                r,
                keyring=r.keyring.accepted(password),
                history=(flash, *r.history),
                version=flash.version,
                sha256=flash.sha256,
            )
        )
    board.show_password()
    board.show_version()
    async_get_tracker(board.hass).note_response(board)
    return sketch
