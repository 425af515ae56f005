"""After a flash a board is what it was flashed with."""

import asyncio
from hashlib import sha256

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import Firmware, VirtualBoard
from tests.virtual_board.corpus import LAYOUTS, bad_specimens
from tests.virtual_board.firmware import NOTHING, LibraryName, start
from tests.virtual_board.sketches import BOARDS, Quirks, build_sketch
from tests.virtual_board.wifi_module import MODULES, ModelName
from tests.virtual_board_itself.raw import BAD_REQUEST, OK, UNAUTHORIZED, ask, head, upload


async def flash(board: VirtualBoard, image: bytes) -> None:
    """Flash an image over the air, and wait until the board has started it."""
    started = asyncio.create_task(board.next_event("started"))
    await asyncio.sleep(0)
    assert (await upload(board, image, board.password)).startswith(OK.split(b"\r\n")[0])
    await started


async def test_it_takes_name_password_version_and_library_from_the_image(board: VirtualBoard) -> None:
    await flash(board, build_sketch(name="Attic", password="pä ß:x", version="1.2.3"))
    assert board.running == Firmware("Attic", "pä ß:x", "1.2.3", ota=True, library="WiFi101OTA")
    assert await ask(board, head(0)) == UNAUTHORIZED
    assert await ask(board, head(0, "pä ß:x")) == BAD_REQUEST
    await flash(board, build_sketch(password="", library="ArduinoOTA"))
    assert board.running == Firmware("Arduino", "", None, ota=True, library="ArduinoOTA")
    assert b"Content-type: text/plain" in await ask(board, head(0, ""))


@pytest.mark.parametrize("quirks", [Quirks(begin=False), Quirks(poll=False)])
async def test_without_ota_inside_it_never_answers_again(board: VirtualBoard, quirks: Quirks) -> None:
    await flash(board, build_sketch(quirks=quirks))
    assert board.ota_inside is False
    with pytest.raises(ConnectionRefusedError):
        await ask(board, head(0))
    await board.flash_over_usb(build_sketch(password="saved"))
    assert await ask(board, head(0, "saved")) == BAD_REQUEST


async def test_a_new_sketch_with_the_old_facts_still_is_a_new_start(board: VirtualBoard) -> None:
    await flash(board, build_sketch(seed=1))
    await flash(board, build_sketch(seed=2))
    assert board.flashed == [build_sketch(seed=1), build_sketch(seed=2)]
    assert [event.kind for event in board.events].count("listening") == 3


async def test_it_can_begin_with_an_image(start_board: StartBoard) -> None:
    board = await start_board(image=build_sketch(name="Cellar", password="deep"))
    assert (board.name, board.password) == ("Cellar", "deep")
    assert await ask(board, head(0, "deep")) == BAD_REQUEST


async def test_a_compiled_image_is_what_the_test_says_it_is(start_board: StartBoard) -> None:
    image, truth = bytes(4096), Firmware("Compiled", "computed at run time", "7")
    board = await start_board(images={sha256(image).hexdigest(): truth})
    await flash(board, image)
    assert board.running == truth


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_reads_the_arguments_wherever_the_linker_has_put_them(layout: str, library: LibraryName) -> None:
    image = build_sketch("Shed", "pä ß:x", "2.0", library, 40_000, quirks=LAYOUTS[layout])
    assert start(image, {}) == Firmware("Shed", "pä ß:x", "2.0", library=library)


def test_it_reads_strings_that_are_the_end_of_others() -> None:
    image = build_sketch("Hall", "word", strings=("enter the password", "Music Hall"))
    assert start(image, {}) == Firmware("Hall", "word")


def test_what_is_computed_at_run_time_has_to_be_said() -> None:
    image, truth = build_sketch("Hall", "ota-0042", quirks=Quirks(computed=True)), Firmware("Hall", "ota-0042")
    assert start(image, {}) is NOTHING
    assert start(image, {sha256(image).hexdigest(): truth}) == truth


@pytest.mark.parametrize("model", MODULES)
@pytest.mark.parametrize("built_for", BOARDS)
def test_a_sketch_for_another_model_finds_no_wifi(model: ModelName, built_for: str) -> None:
    image = build_sketch("Hall", library="ArduinoOTA", board=BOARDS[built_for])
    assert start(image, {}, model).ota is (model == built_for)


@pytest.mark.slow
def test_what_the_processor_cannot_run_is_nothing() -> None:
    hopeless = {"empty", "elf", "hex", "zip", "gzip", "html", "not_a_sketch", "wrong_link_base", "no_ota"}
    sketches = [sketch for sketch in bad_specimens() if sketch.kind in hopeless]
    assert {sketch.kind for sketch in sketches} == hopeless
    assert [sketch.name for sketch in sketches if start(sketch.image, {}) is not NOTHING] == []
