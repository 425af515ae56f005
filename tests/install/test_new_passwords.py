"""The password of a new sketch: declared, typed, known, or worked out after the flash. It is stored every time."""

from collections.abc import Iterator
import hashlib
import json

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch import MOST_CANDIDATES
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import FLASH, act, drop, install, reauths, shown
from tests.virtual_board import Firmware
from tests.virtual_board.corpus import Specimen, good_specimens
from tests.virtual_board.firmware import LibraryName
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.slow

COMPUTED = build_sketch(name="Hall", password="ota-0042", version="2.0", quirks=Quirks(computed=True))
RUNS = Firmware("Hall", "ota-0042", "2.0")
FOUND = build_sketch(name="Hall", password="hall-pass", version="2.0")


def one_of_each_kind() -> Iterator[Specimen]:
    """Return sketches in which the password stands in different ways, for a board with internal storage."""
    kinds: set[str] = set()
    for specimen in good_specimens():
        if (
            specimen.kind not in kinds
            and specimen.model == "mkr1000"
            and specimen.password_findable
            and len(specimen.image) <= 40_000
        ):
            kinds.add(specimen.kind)
            yield specimen


SPECIMENS = list(one_of_each_kind())


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.kind)
async def test_it_is_worked_out_after_the_flash(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, specimen: Specimen
) -> None:
    """Nobody says what the sketch will want, and nothing in the keyring helps."""
    library: LibraryName = "ArduinoOTA" if specimen.library == "ArduinoOTA" else "WiFi101OTA"
    runs = Firmware(specimen.name_in_sketch, specimen.password, specimen.version, library=library)
    board = await start_board(password="nothing like it", images={hashlib.sha256(specimen.image).hexdigest(): runs})
    entry = await add_board(board)
    file = drop(home, "hall-2.0.bin", specimen.image)
    report = await act(home, "flash", file=file, version="2.0", allow=["unknown_board"])
    assert report["verdict"] == "flashed"
    assert board.password == specimen.password
    assert entry.data[CONF_PASSWORD] == specimen.password
    tries = [request for request in board.requests if request.status in (400, 401) and not request.body_bytes]
    assert len(tries) <= MOST_CANDIDATES + 3


def computed() -> dict[str, Firmware]:
    """Return what becomes of a board that runs the sketch which works its password out."""
    return {hashlib.sha256(COMPUTED).hexdigest(): RUNS}


async def test_it_is_declared(home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard) -> None:
    """The source says it, and it is nowhere in the image."""
    board = await start_board(images=computed())
    entry = await add_board(board)
    description = json.dumps({"password": "ota-0042"}).encode()
    await offer(entry, {"hall-2.0.bin": COMPUTED, "hall-2.0.json": description})
    await install(home)
    assert entry.data[CONF_PASSWORD] == board.password == "ota-0042"


async def test_it_is_given_to_the_action(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    board = await start_board(images=computed())
    entry = await add_board(board)
    await act(home, "flash", file=drop(home, "hall.bin", COMPUTED), password="ota-0042")
    assert entry.data[CONF_PASSWORD] == board.password == "ota-0042"


async def test_a_mistake_in_what_is_said_does_no_harm(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    """Somebody typed a password that the sketch does not have: the one that it has is found."""
    board = await start_board()
    entry = await add_board(board)
    await act(home, "flash", file=drop(home, "hall.bin", FOUND), password="mistyped")
    assert entry.data[CONF_PASSWORD] == board.password == "hall-pass"


async def test_one_of_the_keyring_is_tried_first(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard
) -> None:
    """The sketch wants a password that the board had before: one question is enough to know."""
    board = await start_board()
    entry = await add_board(board)
    await act(home, "flash", file=drop(home, "hall.bin", FOUND))
    await act(home, "flash", file=drop(home, "garden.bin", build_sketch(password="sesame")))
    board.requests.clear()
    await act(home, "flash", file=drop(home, "hall.bin", FOUND))
    assert entry.data[CONF_PASSWORD] == board.password == "hall-pass"
    behind_upload = [request.status for request in board.requests if request.line.startswith("POST")]
    assert behind_upload == [400, 200, 400]


async def test_nobody_can_know_it(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, start_board: StartBoard
) -> None:
    """The sketch is flashed, and the user is asked for the password, with what has happened."""
    board = await start_board(images=computed())
    entry = await add_board(board)
    await offer(entry, {"hall-2.0.bin": COMPUTED})
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "verdict_locked"
    assert shown(home, FLASH).attributes["event_type"] == "locked"
    (flow,) = reauths(home, entry)
    assert flow["step_id"] == "reauth_locked"

    result = await home.config_entries.flow.async_configure(flow["flow_id"], {"password": "ota-0042"})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.data[CONF_PASSWORD] == "ota-0042"
    (flashed, *_) = entry.runtime_data.coordinator.record.history
    assert flashed.password == "ota-0042", "it is known now for the way back"
