"""Uploading a sketch in the options: what is looked at, what is refused, what is offered then."""

from pathlib import Path

import pytest

from tests.real_home import eventually
from tests.virtual_board.bad_sketches import OTHER_BOARDS
from tests.virtual_board.sketches import build_sketch

from .conftest import AddBoard
from .frontend import Frontend

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_upload(frontend: Frontend, add_board: AddBoard, tmp_path: Path) -> None:
    """A sketch for another board is refused, a good one shown and offered."""
    board, known = await add_board("Terrace")
    other = tmp_path / "terrace-wifi1010.bin"
    other.write_bytes(build_sketch("Terrace", board=OTHER_BOARDS[0], size=32 * 1024))
    good = tmp_path / "terrace-1.4.0.bin"
    good.write_bytes(build_sketch("Terrace", "basil", "1.4.0", size=32 * 1024))

    await frontend.open("/config/integrations/integration/mkr1000_ota")
    await frontend.sees("Terrace")
    await frontend.take_picture("integration")
    await frontend.press("Configure")
    await frontend.sees("Where its sketches come from")
    await frontend.take_picture("options")
    await frontend.press_text("Upload a sketch")
    upload = frontend.page.locator("input[type=file]")
    await upload.set_input_files(other)
    await frontend.sees(other.name)
    await frontend.press("Submit")
    await frontend.sees("This sketch is built for Arduino MKR WiFi 1010")
    await frontend.take_picture("upload-refused")

    await upload.set_input_files(good)
    await frontend.sees(good.name)
    await frontend.press("Submit")
    await frontend.sees("is a sketch for this board")
    await frontend.take_picture("upload")
    await frontend.press("Submit")
    await frontend.press("Finish")

    async def offered() -> bool:
        return bool((await known.firmware())["attributes"]["latest_version"] == "1.4.0")

    await eventually(offered, what="the offer of what was uploaded")
    assert not board.flashed
