"""A board has taken a sketch, and runs the old one or none all the same: nothing else is said of it."""

from dataclasses import replace
from typing import Literal

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Running, Verdict
from custom_components.mkr1000_ota.arduino_ota.sketch import Caution, Finding, Sketch
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Fault, VirtualBoard
from tests.virtual_board.behavior import Behavior, StorageName
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = pytest.mark.slow

LARGE_STORAGE = 253_952
OLD = build_sketch(name="Garden", password="password", version="1.0")
NEW = build_sketch(name="Garden", password="sesame")
SAME = build_sketch(name="Garden", password="password", version="2.0")
COMPUTING = build_sketch(name="Garden", password="ota-0042", quirks=Quirks(computed=True))
OTHER_LIBRARY = build_sketch(name="Garden", password="password", library="ArduinoOTA")
WITH_LOADER = build_sketch(name="Garden", password="password", size=48 * 1024, quirks=Quirks(sdu=True))
NEW_WITH_LOADER = build_sketch(name="Garden", password="sesame", size=48 * 1024, quirks=Quirks(sdu=True))


@pytest.mark.parametrize(
    ("image", "stated", "verdict"),
    [
        (NEW, "sesame", Verdict.NOT_APPLIED),
        (COMPUTING, None, Verdict.UNCERTAIN),
        (OTHER_LIBRARY, "password", Verdict.NOT_APPLIED),
        # Power lost in the half second behind a 200, with one password: nothing can tell that. It is documented.
        (SAME, "password", Verdict.FLASHED),
    ],
    ids=["other password", "computed password", "other library", "same password"],
)
async def test_power_is_lost_behind_the_answer(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, image: bytes, stated: str | None, verdict: Verdict
) -> None:
    board.options = replace(board.options, power_loss_behind_answer=True)
    outcome = await flasher.flash(order(image, stated=stated, running=OLD), ignore)
    assert board.flashed == []
    assert outcome.verdict is verdict
    assert journal.keyring.current == board.password == "password"
    assert journal.closed


@pytest.mark.parametrize("kind", ["power_loss", "wifi_drop"])
@pytest.mark.parametrize(
    ("image", "stated", "verdict"),
    [(NEW, "sesame", Verdict.NOT_APPLIED), (COMPUTING, None, Verdict.UNCERTAIN), (SAME, "password", Verdict.UNCERTAIN)],
    ids=["other password", "computed password", "same password"],
)
async def test_the_board_is_lost_in_the_last_chunk(
    impatient: Flasher,
    board: VirtualBoard,
    journal: Notebook,
    image: bytes,
    stated: str | None,
    verdict: Verdict,
    kind: Literal["power_loss", "wifi_drop"],
) -> None:
    """It was reset, or lost its Wi-Fi and was reset by hand."""
    board.options = replace(board.options, fault=Fault(at=len(image) - 2000, kind=kind), away=0.5)
    outcome = await impatient.flash(order(image, stated=stated, running=OLD), ignore)
    if kind == "wifi_drop":
        assert outcome.verdict is Verdict.NOT_BACK
        assert journal.pending is not None
        await board.power_off()
        await board.power_on()
        resolved = await impatient.resolve()
        assert resolved is not None
        outcome = resolved
    assert board.flashed == []
    assert outcome.verdict is verdict
    assert journal.keyring.current == "password"
    assert journal.closed


@pytest.mark.parametrize("storage", ["sd", "serial_flash"])
@pytest.mark.parametrize(
    ("image", "stated", "verdict"),
    [(NEW, "sesame", Verdict.NOT_APPLIED), (SAME, "password", Verdict.UNCERTAIN)],
    ids=["other password", "same password"],
)
async def test_nobody_reads_what_was_stored(
    flasher: Flasher,
    board: VirtualBoard,
    image: bytes,
    stated: str,
    verdict: Verdict,
    storage: StorageName,
) -> None:
    """The running sketch stores on a card, and no loader stands in front of it: the old sketch runs for ever."""
    board.options = replace(board.options, behavior=Behavior(storage=storage), storage_size=LARGE_STORAGE)
    outcome = await flasher.flash(order(image, stated=stated, running=OLD, storage=storage), ignore)
    assert "stored" in [event.kind for event in board.events]
    assert board.flashed == []
    assert outcome.verdict is verdict


@pytest.mark.parametrize(
    ("image", "stated", "verdict", "running"),
    [
        (NEW_WITH_LOADER, "sesame", Verdict.FLASHED, Running.NEW),
        (WITH_LOADER, "password", Verdict.UNCERTAIN, Running.UNKNOWN),
    ],
    ids=["other password", "same password"],
)
async def test_a_loader_flashes_what_was_stored(
    flasher: Flasher, board: VirtualBoard, image: bytes, stated: str, verdict: Verdict, running: Running
) -> None:
    """With one password nothing shows that it has found the file."""
    on_card = Behavior(storage="sd", loader=True)
    board.options = replace(board.options, behavior=on_card, storage_size=LARGE_STORAGE)
    ordered = order(image, stated=stated, running=WITH_LOADER, storage="sd")
    outcome = await flasher.flash(ordered, ignore)
    assert board.flashed == [image]
    assert board.behavior == on_card
    assert outcome.verdict is verdict
    assert outcome.running is running


async def test_a_loader_makes_a_brick_of_a_sketch_without_one(
    impatient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """What the inspector refuses: the board is gone until a cable comes."""
    board.options = replace(
        board.options, behavior=Behavior(storage="sd", loader=True), storage_size=LARGE_STORAGE, away=0.1
    )
    outcome = await impatient.flash(order(NEW, stated="sesame", storage="sd"), ignore)
    assert outcome.verdict is Verdict.NOT_BACK
    assert not board.ota_inside
    assert not journal.closed


async def test_a_sketch_that_hangs_behind_its_next_update_is_foretold(
    impatient: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """Its build calls a function that it has overwritten; the reset button starts the new sketch."""
    board.options = replace(board.options, behavior=Behavior(hangs_after_copy=True))
    running = replace(Sketch.inspect(OLD), warnings=(Finding(Caution.HANGS_AFTER_UPDATE),))
    outcome = await impatient.flash(replace(order(NEW, stated="sesame"), running=running), ignore)
    assert outcome.verdict is Verdict.NOT_BACK
    assert outcome.pending.predictions == ("hangs_after_update",)
    assert "stands_still" in [event.kind for event in board.events]
    await board.power_off()
    await board.power_on()
    resolved = await impatient.resolve()
    assert resolved is not None
    assert resolved.verdict is Verdict.FLASHED
    assert journal.keyring.current == "sesame"


async def test_a_build_that_proves_itself(flasher: Flasher, board: VirtualBoard) -> None:
    """Each has a password of its own, so that what is accepted shows which build runs."""
    first = build_sketch(name="Garden", password="secret Nov 27 2026 10:00:00")
    second = build_sketch(name="Garden", password="secret Nov 27 2026 10:05:00")
    stated = "secret Nov 27 2026 10:00:00"
    assert (await flasher.flash(order(first, stated=stated), ignore)).verdict is Verdict.FLASHED
    board.options = replace(board.options, power_loss_behind_answer=True)
    stated = "secret Nov 27 2026 10:05:00"
    lost = await flasher.flash(order(second, stated=stated, running=first), ignore)
    assert lost.verdict is Verdict.NOT_APPLIED
    assert (await flasher.flash(order(second, stated=stated, running=first), ignore)).verdict is Verdict.FLASHED
    assert board.flashed == [first, second]
