"""What must not be flashed is not, and whatever goes wrong is told in words that say what to do."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import UploadRejected
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Order
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending
from custom_components.mkr1000_ota.arduino_ota.protocol.client import BoardClient
from custom_components.mkr1000_ota.arduino_ota.sketch import Refusal
from tests.conftest import BRISK, BRISK_REQUESTS, AddBoard, Offer, StartBoard
from tests.support.actions import (
    FIRMWARE,
    FLASH,
    STATUS,
    act,
    board_of,
    drop,
    find_again,
    install,
    issues,
    lose,
    reason_of,
    reauths,
    restart,
    shown,
    watching,
)
from tests.virtual_board import BoardOptions, Fault, VirtualBoard
from tests.virtual_board.bad_sketches import (
    Bad,
    damaged,
    last_updates,
    misplaced,
    not_images,
    other_boards,
    without_ota,
)
from tests.virtual_board.sketches import build_sketch

NEW = build_sketch(name="Garden", password="sesame", version="2.0")


@cache
def one_of_each() -> dict[str, Bad]:
    """Return one bad file for every reason that there is."""
    makers = (not_images(NEW), damaged(NEW), misplaced(1), other_boards(1), without_ota(1), last_updates(1))
    found = {bad.kind: bad for bads in makers for bad in bads}
    found.pop("damaged")
    return found


def test_there_is_a_bad_file_for_every_reason() -> None:
    assert set(one_of_each()) == {str(reason) for reason in Refusal}


@pytest.fixture
async def entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> Any:
    """A board that is set up."""
    return await add_board(board)


async def test_every_bad_sketch_is_refused(home: HomeAssistant, entry: Any, board: VirtualBoard) -> None:
    """The reason is told with the name of the file, and the board hears nothing of it."""
    for kind, bad in one_of_each().items():
        home.config_entries.async_update_entry(entry, options={**entry.options, "storage": bad.storage})
        await home.async_block_till_done()
        with pytest.raises(ServiceValidationError) as error:
            await act(home, "flash", file=drop(home, "garden-2.0.bin", bad.content))
        assert error.value.translation_key == f"sketch_{kind}"
        assert str(error.value).startswith("garden-2.0.bin: ")
        assert "{" not in str(error.value)
        assert shown(home, STATUS).state == "idle"
    assert not any(request.body_bytes for request in board.requests)


async def test_a_bad_sketch_in_the_folder_is_not_offered(home: HomeAssistant, entry: Any, offer: Offer) -> None:
    await offer(entry, {"garden-2.0.bin": one_of_each()["no_ota"].content})
    assert shown(home, FIRMWARE).state == "off"
    assert shown(home, FIRMWARE).attributes["latest_version"] == "unknown"


async def test_a_wrong_password_is_found_before_a_byte_is_sent(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    """The flow to mend it opens by itself."""
    entry = await add_board(board, password="wrong")
    await offer(entry, {"garden-2.0.bin": NEW})
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "wrong_password"
    assert "{" not in str(error.value)
    assert len(reauths(home, entry)) == 1
    assert not any(request.body_bytes for request in board.requests)
    assert shown(home, STATUS).state == "idle"
    assert shown(home, FLASH).attributes["reason"] == "wrong_password"


def _fault(kind: Any) -> Callable[[BoardOptions], BoardOptions]:
    return lambda options: replace(options, fault=Fault(at=5000, kind=kind))


TROUBLES: dict[str, Callable[[BoardOptions], BoardOptions]] = {
    "storage_failed": lambda options: replace(options, storage_opens=False),
    "storage_too_small": lambda options: replace(options, storage_size=8192),
    "upload_cut": _fault("reset"),
    "upload_stalled": _fault("stall"),
}


@pytest.mark.slow
@pytest.mark.parametrize("key", TROUBLES)
async def test_what_ends_an_upload_is_told(
    home: HomeAssistant,
    add_board: AddBoard,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
) -> None:
    """The board runs what it ran, its password is kept, and it can be flashed again at once."""
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", replace(BRISK, tries=1))
    entry = await add_board(board)
    await offer(entry, {"garden-2.0.bin": NEW})
    sound = board.options
    board.options = TROUBLES[key](sound)
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == key
    assert "{" not in str(error.value)
    assert shown(home, FLASH).attributes["event_type"] == "failed"
    assert shown(home, FLASH).attributes["reason"] == key
    assert not board_of(home).record.is_unfinished
    assert board_of(home).archived == (), "what the board has not got is no way back"
    assert entry.data[CONF_PASSWORD] == board.password == "password"
    for _ in range(2):
        assert reason_of(issues(home)["not_installed"]) == str(error.value).rstrip(".") + "."
        await restart(home, entry)

    board.options = sound
    await offer(entry, {})
    await install(home)
    assert board.flashed == [NEW]
    assert not issues(home)


async def test_an_upload_that_is_rejected(
    home: HomeAssistant, entry: Any, offer: Offer, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a status that a board has no reason to answer with."""
    await offer(entry, {"garden-2.0.bin": NEW})

    async def reject(*_: object, **__: object) -> None:
        raise UploadRejected(414)

    monkeypatch.setattr(BoardClient, "upload", reject)
    with pytest.raises(HomeAssistantError, match="Arduino rejected the upload with status 414"):
        await install(home)
    assert not board.flashed


async def test_nobody_there(home: HomeAssistant, entry: Any, offer: Offer, board: VirtualBoard) -> None:
    await offer(entry, {"garden-2.0.bin": NEW})
    await board.stop()
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "board_unreachable"
    assert "Couldn't connect to Arduino" in str(error.value)
    assert shown(home, STATUS).state == "idle"


async def test_somebody_else_there(home: HomeAssistant, entry: Any, offer: Offer) -> None:
    """A printer has got the address of the board."""
    await offer(entry, {"garden-2.0.bin": NEW})
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="printer")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application, host="127.0.0.9") as printer:
        home.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_HOST: "127.0.0.9", CONF_PORT: printer.port}
        )
        with pytest.raises(HomeAssistantError) as error:
            await install(home)
    assert error.value.translation_key == "not_a_board"
    assert set(asked) == {"/"}


async def test_a_board_that_accepts_and_says_nothing(
    home: HomeAssistant, entry: Any, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offer(entry, {"garden-2.0.bin": NEW})
    brisk = replace(BRISK_REQUESTS, answer=0.2, stall=0.2)
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.protocol.client.DEFAULT_TIMEOUTS", brisk)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.9")
    async with server:
        port = server.sockets[0].getsockname()[1]
        home.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: "127.0.0.9", CONF_PORT: port})
        with pytest.raises(HomeAssistantError) as error:
            await install(home)
        server.close_clients()
    assert error.value.translation_key == "board_silent"
    assert "Nothing was changed" in str(error.value)
    assert not issues(home)


WARNED = [
    (("hangs_after_update",), (), "Press its reset button once"),
    ((), ("waits_for_serial",), "waits for a serial monitor"),
    (("hangs_after_update",), ("waits_for_serial",), "Press its reset button once"),
    (("little_ram",), ("watchdog",), "hasn't come back online"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("running", "new", "sentence"), WARNED)
async def test_not_back_says_first_what_the_builds_predict(
    home: HomeAssistant,
    entry: Any,
    offer: Offer,
    board: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    running: tuple[str, ...],
    new: tuple[str, ...],
    sentence: str,
) -> None:
    """It is the sketch that was running that copies the new one."""
    make = Order.pending

    def warned(*args: Any) -> Pending:
        return replace(make(*args), running_warnings=running, warnings={code: {} for code in new})

    monkeypatch.setattr(Order, "pending", warned)
    await offer(entry, {"garden-2.0.bin": NEW})
    await lose(home, board)
    assert sentence in reason_of(issues(home)["not_back"])
    await restart(home, entry)
    assert sentence in reason_of(issues(home)["not_back"])


async def test_a_sketch_that_never_comes_back(
    home: HomeAssistant, entry: Any, offer: Offer, board: VirtualBoard
) -> None:
    """Its image stays in the archive, as it may be what runs."""
    await offer(entry, {"garden-2.0.bin": NEW})
    await lose(home, board)
    pending = board_of(home).record.pending
    assert pending is not None
    assert board_of(home).images.sha256s == {pending.sha256}
    assert issues(home).keys() == {"not_back"}


@pytest.mark.slow
async def test_flashing_again_before_it_has_come_back(
    home: HomeAssistant, entry: Any, offer: Offer, start_board: StartBoard, board: VirtualBoard
) -> None:
    """First it is found out what became of the flash before; only then does it count what ran."""
    await offer(
        entry, {"garden-2.0.bin": NEW, "garden-3.0.bin": build_sketch(name="Garden", password="open", version="3.0")}
    )
    await lose(home, board, "2.0")
    await find_again(board)
    with watching(home, FLASH) as events:
        await install(home, "3.0")
    assert [board.version, board.password] == ["3.0", "open"]
    assert entry.data[CONF_PASSWORD] == "open"
    assert [flash.version for flash in board_of(home).record.history] == ["3.0", "2.0"]
    told = [(event.attributes["event_type"], event.attributes["from"], event.attributes["to"]) for event in events]
    assert told == [("flashed", None, "2.0"), ("flashed", "2.0", "3.0")]
    assert not issues(home)
