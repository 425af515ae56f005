"""What a person has to know about a board: part of its record, raised as issues at each start and after each change."""

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from ..coordinator import BoardCoordinator
from ..issues import Kind, async_clear, async_report, sentence
from ..storage.records import BoardRecord, Notice

NOTICES = (Kind.NOT_BACK, Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY)


def with_notice(record: BoardRecord, kind: Kind, reason: HomeAssistantError, version: str) -> BoardRecord:
    """Return a record that holds a notice about a version; an error of install/ is the reason."""
    placeholders = {"version": version, **(reason.translation_placeholders or {})}
    return record.with_notices(
        {**record.notices, kind: Notice(reason=reason.translation_key, placeholders=placeholders)}
    )


@callback
def async_raise_notices(board: BoardCoordinator) -> None:
    """Have the issues of a board be those of its record."""
    for kind in NOTICES:
        notice = board.record.notices.get(kind)
        if notice is None:
            async_clear(board.hass, board.config_entry.entry_id, kind)
            continue
        facts = {**notice.placeholders, "board": board.name, "host": board.host}
        reason = sentence(board.hass, notice.reason, facts) if notice.reason else ""
        async_report(
            board.hass,
            kind,
            board.config_entry.entry_id,
            reason=reason,
            board=board.name,
            host=board.host,
            version=notice.placeholders.get("version", ""),
        )


async def async_add_notice(board: BoardCoordinator, kind: Kind, reason: HomeAssistantError, version: str) -> None:
    """Tell a person something that stays true through restarts."""
    await board.store.note(lambda record: with_notice(record, kind, reason, version))
    async_raise_notices(board)


async def async_dismiss(board: BoardCoordinator, *kinds: Kind) -> None:
    """Forget what a person knows by now."""
    left = {kind: notice for kind, notice in board.record.notices.items() if kind not in kinds}
    await board.store.note(lambda record: record.with_notices(left))
    async_raise_notices(board)
