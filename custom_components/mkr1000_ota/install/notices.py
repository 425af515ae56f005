"""What a person has to know about a board: part of its record, raised as issues at each start and after each change."""

from homeassistant.core import callback

from ..coordinator import BoardCoordinator
from ..errors import translated_error
from ..issues import Kind, async_clear, async_report

NOTICES = (Kind.NOT_BACK, Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY)


@callback
def async_raise_notices(board: BoardCoordinator) -> None:
    """Have the issues of a board be those of its record."""
    key, here = board.config_entry.entry_id, {"board": board.name, "host": board.host}
    for kind in NOTICES:
        notice = board.record.notices.get(kind)
        # What is ordered by now may still be installed.
        is_overtaken = kind is Kind.NOT_INSTALLED and board.record.order is not None
        if notice is None or notice.is_closed or is_overtaken:
            async_clear(board.hass, key, kind)
            continue
        reason = translated_error(notice.reason, **{**notice.placeholders, **here})
        async_report(board.hass, kind, key, reason=reason, version=notice.placeholders.get("version", ""), **here)


async def async_close_notice(board: BoardCoordinator, kind: Kind) -> None:
    """Tell a person no more of what they know by now."""
    await board.store.note(lambda record: record.with_notice_closed(kind))
    async_raise_notices(board)
    board.async_update_listeners()
    await board.async_tidy_images()
