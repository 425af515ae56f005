"""Where sketches come from: an upload, which is looked at at once, or a server, whose sketches are before a flash."""

from hashlib import sha256
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from tests.browser.conftest import AddBoard
from tests.browser.frontend import Frontend
from tests.real_home import eventually
from tests.virtual_board.bad_sketches import OTHER_BOARDS
from tests.virtual_board.sketches import build_sketch

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
    await frontend.sees("Update source")
    await frontend.take_picture("options")
    await frontend.press_text("Upload a sketch")
    upload = frontend.page.locator("input[type=file]")
    await upload.set_input_files(other)
    await frontend.sees(other.name)
    await frontend.press("Submit")
    await frontend.sees("built for")
    await frontend.take_picture("upload-refused")

    await upload.set_input_files(good)
    await frontend.sees(good.name)
    await frontend.press("Submit")
    await frontend.sees("can be installed on this board")
    await frontend.take_picture("upload")
    await frontend.press("Submit")
    await frontend.press("Finish")

    async def offered() -> bool:
        return bool((await known.firmware())["attributes"]["latest_version"] == "1.4.0")

    await eventually(offered, what="the offer of what was uploaded")
    assert not board.flashed


async def test_manifest(frontend: Frontend, add_board: AddBoard) -> None:
    """A server offers a sketch for another board: the dialog says that it is not offered, and nothing is sent."""
    board, known = await add_board("Meadow")
    image = build_sketch("Meadow", version="3.0.0", board=OTHER_BOARDS[0], size=32 * 1024)

    async def manifest(_: web.Request) -> web.Response:
        return web.json_response({"version": "3.0.0", "sha256": sha256(image).hexdigest(), "path": "meadow.bin"})

    async def sketch(_: web.Request) -> web.Response:
        return web.Response(body=image, content_type="application/octet-stream")

    server = web.Application()
    server.add_routes([web.get("/manifest.json", manifest), web.get("/meadow.bin", sketch)])

    async with TestServer(server) as running:
        await frontend.open("/config/integrations/integration/mkr1000_ota")
        await frontend.press("Configure")
        await frontend.press_text("Update source")
        await frontend.press_text("Manifest on a web server")
        await frontend.sees("The server is checked now")
        await frontend.sees("The documentation describes")
        await frontend.page.locator("ha-form input").fill(str(running.make_url("/manifest.json")))
        await frontend.take_picture("manifest")
        await frontend.press("Submit")
        await frontend.press("Finish")

        await frontend.open_device(known)
        await frontend.press_text("Firmware")
        await frontend.sees("isn't offered")
        await frontend.take_picture("refused")
    assert not board.flashed and not any(request.content_length > 0 for request in board.requests)
