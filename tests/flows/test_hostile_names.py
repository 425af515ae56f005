"""What boards call themselves is text, wherever it is shown."""

from collections.abc import Iterator
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota.text import escape_markdown
from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, Hear, StartBoard
from tests.support.discovering import discover
from tests.support.mending import reauthenticate, reconfigure, settle
from tests.support.options import open_options
from tests.support.steps import begin, enter_password, offered, pick

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts", "quick_scan")

MARKDOWN = "![x](http://a.b/c) [Sign in](http://a.b)"
INVISIBLE = "Gar\u202eden\u200b\u2066"


def shown_as_markdown(result: Any) -> Iterator[str]:
    """Return what the descriptions of a form are given; titles and labels are plain text."""
    plain = {"title", "source", "upload"}
    for name, value in (result["description_placeholders"] or {}).items():
        if name not in plain:
            yield value


async def test_no_name_becomes_a_picture_or_a_link(
    home: HomeAssistant, start_board: StartBoard, add_board: AddBoard, hear: Hear
) -> None:
    known = await start_board(address="127.0.0.8", name=MARKDOWN)
    entry = await add_board(known)
    board = await start_board(name=MARKDOWN)
    await hear(board)
    await hear(known)
    await settle(home)
    picking = await begin(home)
    steps = [
        picking,
        await pick(home, picking, board.address),
        await discover(home, board),
        await reauthenticate(home, entry, locked_by=MARKDOWN),
        await reconfigure(home, entry),
        await open_options(home, entry),
    ]
    shown = [text for step in steps for text in shown_as_markdown(step)]
    hostile = [text for text in shown if "Sign in" in text]
    assert len(hostile) >= 5
    assert all(escape_markdown(MARKDOWN) in text for text in hostile)
    # Labels are no Markdown.
    assert MARKDOWN in offered(picking)[board.address]


async def test_marks_and_invisible_characters_are_left_out(
    home: HomeAssistant, start_board: StartBoard, hear: Hear
) -> None:
    board = await start_board(name=INVISIBLE)
    await hear(board)
    assert offered(await begin(home)) == {board.address: f"Garden · {board.address} · WiFi101OTA"}
    card = await discover(home, board)
    [flow] = (flow for flow in home.config_entries.flow.async_progress() if flow["context"]["source"] != SOURCE_USER)
    assert flow["context"]["title_placeholders"] == {"name": "Garden", "host": board.address}
    result = await enter_password(home, card, "password")
    assert result["title"] == "Garden"
    assert home.config_entries.async_entries(DOMAIN)[0].unique_id == f"Garden@{board.address}"
