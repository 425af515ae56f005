"""Where sketches come from: an upload, which is looked at at once, or a server, whose sketches are before a flash."""

from hashlib import sha256
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from tests.browser.conftest import AddBoard
from tests.browser.frontend import Frontend
from tests.virtual_board.bad_sketches import OTHER_BOARDS
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZE = 32 * 1024


async def test_upload(frontend: Frontend, add_board: AddBoard, tmp_path: Path) -> None:
    """A sketch for another board is refused; a good one is shown, offered and installed; and what is built after it."""
    board, known = await add_board("Terrace")
    file = tmp_path / "terrace.ino.bin"
    file.write_bytes(build_sketch("Terrace", board=OTHER_BOARDS[0], size=SIZE))

    await frontend.open("/config/integrations/integration/mkr1000_ota")
    await frontend.sees("Terrace")
    await frontend.take_picture("integration")
    await frontend.press("Configure")
    await frontend.page.locator("dialog-data-entry-flow").get_by_text("Terrace", exact=True).wait_for()
    await frontend.take_picture("options")
    await frontend.press_text("Upload a sketch")
    await frontend.upload(file)
    await frontend.sees("built for")
    await frontend.take_picture("upload-refused")

    builds = [build_sketch("Terrace", "basil", size=SIZE, seed=seed) for seed in (1, 2)]
    for number, build in enumerate(builds):
        file.write_bytes(build)
        if number:
            await frontend.open("/config/integrations/integration/mkr1000_ota")
            await frontend.press("Configure")
            await frontend.press_text("Upload a sketch")
        await frontend.upload(file)
        await frontend.sees("can be installed on this board")
        await frontend.take_picture("upload")
        await frontend.press("Submit")
        await frontend.press("Finish")
        await frontend.open_device(known)
        await frontend.press_text("Firmware")
        await frontend.sees("Update available")
        await frontend.update()
    assert board.flashed == builds


async def test_manifest(frontend: Frontend, add_board: AddBoard) -> None:
    """A server offers a sketch for another board: the dialog says that it is not offered, and nothing is sent."""
    board, known = await add_board("Meadow")
    image = build_sketch("Meadow", version="3.0.0", board=OTHER_BOARDS[0], size=SIZE)

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
