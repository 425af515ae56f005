"""A person is told once about sketches that are not offered, and why."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mkr1000_ota.const import DOMAIN
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.flow_texts import ENGLISH
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


def told(home: HomeAssistant) -> list[str]:
    """Return what is told about each source, as a person reads it."""
    issues = [issue for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN]
    return [
        ENGLISH["issues"][issue.translation_key]["description"].format_map(issue.translation_placeholders)
        for issue in issues
    ]


async def test_a_bad_file_is_reported_until_it_is_gone(
    home: HomeAssistant,
    board: VirtualBoard,
    add_board: AddBoard,
    offer: Offer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": b"\x7fELF" + bytes(100), "garden-2.0.bin": build_sketch(version="2.0")})
    [text] = told(home)
    assert "- garden-1.0.bin" in text and "ELF" in text and "Arduino" in text
    await offer(entry, {"garden-3.0.bin": b""})
    [text] = told(home)
    assert "- garden-1.0.bin" in text and "- garden-3.0.bin" in text
    assert caplog.text.count("garden-1.0.bin is not offered") == 1

    folder = Path(home.config.path(entry.options["folder"]))
    (folder / "garden-1.0.bin").unlink()
    (folder / "garden-3.0.bin").unlink()
    await offer(entry, {})
    assert not told(home)


async def test_what_is_found_in_a_folder_is_reported_once_for_all_who_use_it(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    entries = [
        await add_board(await start_board(address=f"127.0.0.{last}", name=f"Board {last}"), folder=f"{DOMAIN}/shared")
        for last in (7, 8)
    ]
    await offer(entries[0], {"garden.bin": b""})
    assert "garden.bin" in told(home)[0]
    await home.config_entries.async_unload(entries[0].entry_id)
    assert "garden.bin" in told(home)[0]
    await home.config_entries.async_unload(entries[1].entry_id)
    assert not told(home)


async def test_folders_do_not_take_back_what_others_have_reported(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    first = await add_board(await start_board(name="First"))
    second = await add_board(await start_board(address="127.0.0.8", name="Second"))
    await offer(first, {"first.bin": b""})
    await offer(second, {"second.bin": b""})
    await offer(first, {})
    texts = "".join(told(home))
    assert len(told(home)) == 2
    assert "first.bin" in texts and "second.bin" in texts


async def test_a_sketch_one_folder_too_high_is_reported_once(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    first = await add_board(await start_board(name="First"))
    second = await add_board(await start_board(address="127.0.0.8", name="Second"))
    Path(home.config.path(DOMAIN, "garden.bin")).write_bytes(build_sketch())
    await offer(first, {})
    await offer(second, {})
    [text] = told(home)
    assert "../garden.bin" in text and "First" in text


async def test_the_folder_of_another_board_is_no_folder_too_high(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    above = await add_board(await start_board(address="127.0.0.8", name="Above"), folder=DOMAIN)
    below = await add_board(await start_board(name="Below"))
    await offer(above, {"garden.bin": build_sketch()})
    await offer(below, {})
    assert not told(home)
