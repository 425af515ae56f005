"""A sketch is loaded and held in memory once, however many boards want it."""

import asyncio
import gc
import logging
from pathlib import Path
from weakref import ref

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from custom_components.mkr1000_ota.arduino_ota.hardware import MKR1000, Storage
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.sources.sketches import async_inspect
from tests.conftest import AddBoard, Offer, StartBoard
from tests.sources.conftest import IMAGE, Follow, catalog_of, manifest
from tests.support.actions import act, drop, eventually, install
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.web import Web


async def test_boards_of_one_source_fetch_a_sketch_once(
    home: HomeAssistant, follow: Follow, start_board: StartBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", manifest())
    site.serve("/garden.bin", IMAGE)
    boards = [await start_board(name=name, address=f"127.0.0.{20 + number}") for number, name in enumerate("ABC")]
    for board in boards:
        await follow(board)
    await asyncio.gather(*(install(home, entity_id=f"update.{name}_firmware") for name in "abc"))
    assert [board.flashed for board in boards] == [[IMAGE]] * 3
    assert site.asked().count("/manifest.json") == 1
    assert site.asked().count("/garden.bin") == 1


@pytest.mark.slow
async def test_a_sketch_is_in_memory_once_and_not_for_longer_than_it_is_needed(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, offer: Offer
) -> None:
    """Whether it comes out of the folder, out of the archive or out of a file, and whatever the board's storage."""
    boards = [await start_board(name=name, address=f"127.0.0.{20 + number}") for number, name in enumerate("AB")]
    entries = [await add_board(board) for board in boards]
    await offer(entries[0], {"garden-2.0.bin": IMAGE})
    await install(home, entity_id="update.a_firmware")
    await act(home, "flash", entity_id="update.b_firmware", file=drop(home, "garden.bin", IMAGE))
    first, second = (entry.runtime_data.coordinator for entry in entries)
    build = first.offers.builds[0]
    sketch = await first.sources.chosen.sketch(build.release, first.model, first.storage)
    assert await first.sources.chosen.sketch(build.release, first.model, first.storage) is sketch
    archived = await second.images.load(sketch.sha256)
    assert await async_inspect(home, archived, second.model, second.storage) is sketch
    await act(home, "flash", entity_id="update.a_firmware", file=drop(home, "garden.bin", IMAGE))

    gone = ref(sketch)
    del sketch
    gc.collect()
    assert gone() is None


async def test_a_board_that_gives_up_does_not_take_the_sketch_from_the_others(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web
) -> None:
    site.serve_json("/manifest.json", manifest())
    catalog = catalog_of(await follow(board))
    site.serve("/garden.bin", IMAGE)
    release = Release(version="1.0", identifier=str(site.at("/garden.bin")))
    one, other = (asyncio.create_task(catalog.sketch(release, MKR1000, Storage.INTERNAL)) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    assert (await other).image == IMAGE
    assert one.cancelled()
    await catalog.async_shutdown()


async def test_a_download_that_fails_when_everybody_has_given_up_is_no_error_of_home_assistant(
    home: HomeAssistant, follow: Follow, board: VirtualBoard, site: Web, caplog: pytest.LogCaptureFixture
) -> None:
    site.serve_json("/manifest.json", manifest())
    catalog = catalog_of(await follow(board))
    release = Release(version="1.0", identifier=str(site.hang("/garden.bin")))
    asked = site.requests.copy()
    waiting = asyncio.create_task(catalog.sketch(release, MKR1000, Storage.INTERNAL))
    await eventually(lambda: len(site.requests) > len(asked))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    site.closing.set()
    await settled(home)
    gc.collect()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_what_was_downloaded_goes_with_the_last_board(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, site: Web, *, is_under_way: bool
) -> None:
    """It holds passwords. For the next board it is downloaded again."""

    async def serve(_: web.Request) -> web.Response:
        if is_under_way:
            await site.closing.wait()
        return web.Response(body=IMAGE)

    def kept() -> list[bytes]:
        folder = Path(home.config.path(STORAGE_DIR, f"{DOMAIN}.images", "downloads"))
        return [image.read_bytes() for image in folder.rglob("*")]

    site.serve_json("/manifest.json", manifest())
    site.pages["/garden.bin"] = serve
    source = {"source": "manifest", "manifest_url": str(site.at("/manifest.json"))}
    boards = [await start_board(name=name, address=f"127.0.0.{20 + number}") for number, name in enumerate("ABC")]
    first, last = [await add_board(board, **source) for board in boards[:2]]
    await eventually(lambda: "/garden.bin" in site.asked() if is_under_way else kept())
    await home.config_entries.async_remove(first.entry_id)
    assert kept() == ([] if is_under_way else [IMAGE])
    await home.config_entries.async_remove(last.entry_id)
    site.closing.set()
    await settled(home)
    assert not kept()
    await add_board(boards[2], **source)
    await settled(home)
    assert kept() == [IMAGE]
