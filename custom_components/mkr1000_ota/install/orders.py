"""What was ordered: on the disk from when its image is there, until it begins or somebody is told why not."""

from dataclasses import replace
import time

from ..arduino_ota.errors import WrongPassword
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.flash.journal import JournalUnwritable
from ..const import CONF_WAIT, DEFAULT_WAIT
from ..coordinator import BoardCoordinator
from ..data import InstallEnd, InstallRequest
from ..errors import translated_error
from ..issues import Kind
from ..storage.records import BoardRecord, WaitingOrder
from .notices import async_raise_notices
from .outcome import async_show_record
from .prepare import async_prepare


async def async_place_order(board: BoardCoordinator, request: InstallRequest) -> tuple[Order, WaitingOrder]:
    """Return what is to be flashed; from then on no crash can lose it. Raises JournalUnwritable and HomeAssistantErrors."""
    now, placed = time.time(), board.record.order
    if request.until is not None and request.until <= now:
        has_waited = placed is None or placed.may_wait
        raise translated_error("wait_over" if has_waited else "install_stopped", board=board.name)
    order = await async_prepare(board, request)
    if request.until is not None and placed is not None:
        return order, placed
    waiting = WaitingOrder(
        version=order.version,
        sha256=order.sketch.sha256,
        file=request.file,
        ordered=now,
        until=now + 60.0 * board.config_entry.options.get(CONF_WAIT, DEFAULT_WAIT),
        password=order.password,
        signature=order.signature,
        allow=request.allow,
        board_name=board.announced.own,
        board_library=board.library,
    )
    try:
        async with board.images.storing(order.sketch.sha256, order.sketch.image):
            await board.store.save(lambda record: replace(record, order=waiting))
    except OSError as err:
        raise JournalUnwritable from err
    async_raise_notices(board)
    return order, waiting


async def async_drop_order(board: BoardCoordinator, err: Exception | None, end: InstallEnd | None) -> None:
    """Forget an order, and note what the error that has ended it says of the board; `end` is for who was not there."""

    def drop(record: BoardRecord) -> BoardRecord:
        changed = replace(record, order=None)
        if isinstance(err, WrongPassword):
            changed = changed.rejected(time.time())
        if end is None or end.error is None:
            return changed
        version, told = end.attributes["to"], record.notices.get(Kind.NOT_INSTALLED)
        # What was to be installed once more may have ended before it was ordered again.
        earlier = told.order if told and told.order and told.order.version == version else None
        return changed.with_notice(Kind.NOT_INSTALLED, end.error, version, record.order or earlier)

    await board.store.note(drop)
    await async_show_record(board)
