"""Whoever has the .bin of the running sketch has its password: the image says which it is, and what the board runs."""

from contextlib import suppress
import time

from ..arduino_ota.errors import AnotherBoard as WrongBoard, WrongPassword
from ..arduino_ota.flash.flasher import Flasher
from ..arduino_ota.hardware import Model
from ..arduino_ota.protocol.client import BoardClient
from ..arduino_ota.sketch import Sketch
from ..const import CONF_TYPED_HOST
from ..coordinator import BoardCoordinator
from ..network.identity import TYPED
from ..presence.tracker import async_get_tracker
from ..sources.sketches import async_inspect
from ..storage.records import PastFlash
from .flashing import async_resolve
from .outcome import async_apply_outcome, async_send_end, async_show_record
from .prepare import ALLOWED_TO_RUN
from .reconnect import async_learn_mac


async def async_adopt_sketch(
    board: BoardCoordinator, image: bytes, client: BoardClient | None = None, model: Model | None = None
) -> Sketch:
    """Note that a board runs a sketch, once it has accepted a password that stands in its image; return the sketch.

    A person says that it does: what is in the image goes to the address that the form shows, as a typed password does.
    `client` is for that address. With a `model`, the entry gets both from whoever calls.

    Raises SketchRefused if it cannot be that of a board, WrongPassword if the board accepts nothing that is in it,
    AnotherBoard if the entry has moved meanwhile, and BoardUnreachable, BoardSilent or NotABoard.
    """
    client = client or board.client_for(TYPED)
    sketch = await async_inspect(board.hass, image, model or board.model, None, ALLOWED_TO_RUN)
    with suppress(WrongBoard):
        if model is None and (outcome := await async_resolve(board)) is not None:
            async_send_end(board, await async_apply_outcome(board, outcome))
    # No guess is needed if it has a password that the board accepted before.
    before = [password for password in board.record.keyring.passwords if password and sketch.has_literal(password)]
    async with board.lock:
        flasher = Flasher(client, board.store, board.timeouts)
        password = await flasher.accepted_password(*before, *sketch.passwords)
        if password is None:
            raise WrongPassword
        if model is None and client.host != board.host:
            raise WrongBoard(f"{board.name} has moved while {client.host} was asked")
        known = next((one.version for one in board.record.history if one.sha256 == sketch.sha256), None)
        flash = PastFlash(
            version=known or sketch.version or sketch.sha256[:8],
            sha256=sketch.sha256,
            size=sketch.size,
            started=time.time(),
            password=password,
            name=sketch.name,
            library=sketch.library,
            warnings={warning.code: warning.placeholders for warning in sketch.warnings},
        )
        await board.store.note(lambda record: record.adopted(flash, time.time()))
        with suppress(OSError):
            await board.images.store(sketch.sha256, image)
        if model is None:
            board.update_entry(**{CONF_TYPED_HOST: board.host})
            await async_learn_mac(board)
    await async_show_record(board)
    if model is None:
        async_get_tracker(board.hass).note_response(board)
    return sketch
