"""Whatever happens to a flash, the password that is kept is one that the board takes, or it is said that none is."""

from dataclasses import replace
import hashlib
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import WrongPassword
from custom_components.mkr1000_ota.arduino_ota.flash.flasher import Flasher
from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Running, Verdict
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from tests.flash.conftest import Notebook, ignore, order
from tests.virtual_board import Firmware, VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

NEW = build_sketch(name="Garden", password="sesame")
SAME = build_sketch(name="Garden", password="password")


@pytest.mark.parametrize("declared", ["sesame", None], ids=["declared", "found in the image"])
async def test_the_new_password_is_kept(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, declared: str | None
) -> None:
    """Once the new sketch runs, its password counts."""
    taken: list[int] = []
    outcome = await flasher.flash(order(NEW, declared), taken.append)
    assert outcome.verdict is Verdict.FLASHED
    assert board.flashed == [NEW]
    assert journal.keyring == Keyring(("sesame", "password"))
    assert journal.pending is None
    assert journal.outcome == outcome
    assert outcome.running is Running.NEW
    assert taken == sorted(taken)
    assert taken[-1] == len(NEW)


async def test_what_happens_to_whoever_watches_leaves_the_flash_to_be_found_out(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """Nobody knows then what became of it: the board may have everything."""

    def fail(taken: int) -> None:
        if taken == len(NEW):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await flasher.flash(order(NEW, "sesame"), fail)
    assert journal.pending is not None
    while (outcome := await flasher.resolve()) is None:
        pass
    assert (outcome.verdict is Verdict.FLASHED) is (board.flashed == [NEW])


async def test_it_is_written_down_before_the_board_can_flash(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """The phases are on the disk in their order, with what is needed to go on from each."""
    board.options = replace(board.options, library="ArduinoOTA")
    ordered = replace(
        order(NEW, "sesame", stated="sesame", running=build_sketch(), storage="sd"), signature="of somebody"
    )
    await flasher.flash(ordered, ignore)
    asked = [(request.password, request.status) for request in board.requests if request.password]
    assert asked == [("password", 400), ("password", 200), ("sesame", 400)]
    assert [page.phase for page in journal.pages][:3] == [Phase.UPLOADING, Phase.FINISHING, Phase.ANSWERED]
    begun = journal.pages[0]
    assert {replace(page, phase=begun.phase, phase_began=begun.phase_began) for page in journal.pages} == {begun}
    assert begun == Pending(
        version="2.0",
        previous_version="1.0",
        sha256=hashlib.sha256(NEW).hexdigest(),
        size=len(NEW),
        started=begun.started,
        old_password="password",
        password="sesame",
        signature="of somebody",
        stated_password="sesame",
        expected=("sesame",),
        guesses=tuple(guess for guess in ordered.sketch.passwords if guess != "sesame"),
        password_in_image=True,
        old_password_in_image=False,
        old_password_in_running=True,
        name="Garden",
        library=Library.WIFI101OTA,
        running_library=Library.ARDUINOOTA,
        storage="sd",
        phase_began=begun.phase_began,
    )


@pytest.mark.parametrize("password", ["", "pä ß:x", "a" * 60], ids=["empty", "utf-8", "long"])
async def test_any_password_will_do(flasher: Flasher, board: VirtualBoard, journal: Notebook, password: str) -> None:
    """To a board with such a password, and from it to an ordinary one."""
    outcome = await flasher.flash(order(build_sketch(password=password), password), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert journal.keyring.current == password == board.password
    assert (await flasher.flash(order(NEW), ignore)).verdict is Verdict.FLASHED
    assert journal.keyring.current == "sesame"


async def test_a_board_that_wants_an_earlier_password(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """The keyring is tried, and no body is sent for it."""
    journal.keyring = Keyring(("yesterday", "password"))
    assert (await flasher.flash(order(NEW), ignore)).verdict is Verdict.FLASHED
    refused = [request for request in board.requests if request.status == 401]
    assert refused
    assert not any(request.body_bytes for request in refused)


async def test_a_wrong_password_costs_nothing(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """Not a byte of the sketch is sent, and nothing is written down."""
    journal.keyring = Keyring(("wrong", "no"))
    with pytest.raises(WrongPassword):
        await flasher.flash(order(NEW), ignore)
    assert not any(request.body_bytes for request in board.requests)
    assert not board.flashed
    assert not journal.pages


@pytest.mark.parametrize("how", ["reset", "closed", "silent"])
@pytest.mark.parametrize(
    ("image", "verdict"),
    [(NEW, Verdict.FLASHED), (SAME, Verdict.UNCERTAIN)],
    ids=["other password", "same password"],
)
async def test_an_answer_that_is_lost(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, how: Any, image: bytes, verdict: Verdict
) -> None:
    """The board has flashed: it is asked, and not flashed again. Where nothing tells the sketches apart, that is said."""
    board.options = replace(board.options, lose_answer=how, away=1.0)
    outcome = await flasher.flash(order(image), ignore)
    assert outcome.pending.phase is Phase.FINISHING
    assert outcome.verdict is verdict
    assert board.flashed == [image]
    assert journal.keyring.current == board.password
    assert journal.pending is None


@pytest.mark.parametrize("away_as", ["refused", "silent"])
@pytest.mark.parametrize("accepting", [False, True], ids=["port closed", "port open while copying"])
async def test_an_open_port_is_no_restart(
    flasher: Flasher, board: VirtualBoard, journal: Notebook, away_as: Any, accepting: bool
) -> None:
    """Only an answered request shows that the board is back."""
    board.options = replace(board.options, away_as=away_as, accept_while_copying=accepting, copy_time=0.5, away=0.5)
    assert (await flasher.flash(order(SAME), ignore)).verdict is Verdict.FLASHED
    assert board.flashed == [SAME]
    assert journal.keyring.current == "password"


async def test_a_password_that_was_declared_wrong(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """The right one is found in the image all the same."""
    outcome = await flasher.flash(order(NEW, "mistyped"), ignore)
    assert outcome.verdict is Verdict.FLASHED
    assert journal.keyring.current == board.password == "sesame"


async def test_a_password_that_is_nowhere(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """A sketch that computes its password is flashed all the same; then only a person can tell."""
    computed = Firmware(name="Garden", password="computed at run time")
    board.options = replace(board.options, images={hashlib.sha256(NEW).hexdigest(): computed})
    outcome = await flasher.flash(order(NEW, "mistyped"), ignore)
    assert outcome.verdict is Verdict.LOCKED
    assert board.flashed == [NEW]
    assert journal.pending is None
    assert outcome.running is Running.NEW
    assert journal.keyring == Keyring(("password", "mistyped"))
    tried = [request.password for request in board.requests if request.status == 401]
    assert len(tried) == len(set(tried)), "a password was tried twice"


async def test_a_password_that_is_on_the_keyring_alone(
    flasher: Flasher, board: VirtualBoard, journal: Notebook
) -> None:
    """A sketch computes what another one had before."""
    journal.keyring = Keyring(("password", "computed at run time"))
    computed = Firmware(name="Garden", password="computed at run time")
    board.options = replace(board.options, images={hashlib.sha256(NEW).hexdigest(): computed})
    assert (await flasher.flash(order(NEW), ignore)).verdict is Verdict.FLASHED
    assert journal.keyring == Keyring(("computed at run time", "password"))


@pytest.mark.parametrize("loss", ["dead", "blank"])
async def test_power_loss_while_copying(impatient: Flasher, board: VirtualBoard, journal: Notebook, loss: Any) -> None:
    """The board is gone; the journal keeps what is needed once it has been brought back by cable."""
    board.options = replace(board.options, power_loss_while_copying=loss)
    outcome = await impatient.flash(order(NEW, "sesame"), ignore)
    assert outcome.verdict is Verdict.NOT_BACK
    assert journal.pending is not None
    assert journal.pending.expected == ("sesame",)

    board.options = replace(board.options, power_loss_while_copying=None)
    await board.flash_over_usb(NEW)
    resolved = await impatient.resolve()
    assert resolved is not None
    assert resolved.verdict is Verdict.FLASHED
    assert journal.closed
    assert journal.keyring.current == "sesame"


async def test_a_board_that_never_comes_back(impatient: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """As long as it is away, nothing is concluded."""
    board.options = replace(board.options, comes_back=False)
    assert (await impatient.flash(order(NEW), ignore)).verdict is Verdict.NOT_BACK
    assert await impatient.resolve() is None
    assert journal.pending is not None


async def test_a_disk_that_is_full_before(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """What cannot be written down is not flashed."""
    for phase in (Phase.UPLOADING, Phase.FINISHING):
        journal.full_at = phase
        with pytest.raises(JournalUnwritable):
            await flasher.flash(order(NEW), ignore)
    assert not board.flashed
    assert await flasher.accepted_password("password") == "password"


async def test_a_disk_that_fills_up_behind_the_answer(flasher: Flasher, board: VirtualBoard, journal: Notebook) -> None:
    """The board is flashing: that is brought to its end."""
    journal.full_at = Phase.ANSWERED
    assert (await flasher.flash(order(NEW), ignore)).verdict is Verdict.FLASHED
    assert journal.keyring.current == "sesame"


async def test_a_password_that_no_journal_can_hold_is_not_tried(flasher: Flasher, board: VirtualBoard) -> None:
    """The board wants bytes that are no text: who types them gets no further than one who does not know them."""
    board.options = replace(board.options, password="caf\udce9")
    assert await flasher.accepted_password("caf\udce9", "\ud800") is None
    assert not board.requests
