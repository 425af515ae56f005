"""What a person has to know about a board: part of its record, raised as issues at each start and after each change."""

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota.text import escape_markdown
from ..coordinator import BoardCoordinator
from ..issues import Kind, async_clear, async_report, sentence
from ..storage.records import BoardRecord, WaitingOrder

NOTICES = (Kind.NOT_BACK, Kind.UNCERTAIN, Kind.NOT_INSTALLED, Kind.UNHEALTHY)


def with_notice(
    record: BoardRecord, kind: Kind, reason: HomeAssistantError, version: str, order: WaitingOrder | None = None
) -> BoardRecord:
    """Return a record that holds a notice about a version, and what would install it again."""
    facts = {"version": version, **(reason.translation_placeholders or {})}
    return record.with_notice(kind, reason.translation_key or "unexpected", order, **facts)


@callback
def async_raise_notices(board: BoardCoordinator) -> None:
    """Have the issues of a board be those of its record."""
    key, here = board.config_entry.entry_id, {"board": escape_markdown(board.name), "host": board.host}
    for kind in NOTICES:
        if (notice := board.record.notices.get(kind)) is None:
            async_clear(board.hass, key, kind)
            continue
        facts = {name: escape_markdown(text) for name, text in notice.placeholders.items()} | here
        reason = sentence(board.hass, notice.reason, facts)
        async_report(board.hass, kind, key, reason=reason, version=facts.get("version", ""), **here)


async def async_dismiss(board: BoardCoordinator, *kinds: Kind) -> None:
    """Forget what a person knows by now."""
    await board.store.note(lambda record: record.without_notices(*kinds))
    async_raise_notices(board)
    await board.async_tidy_images()
