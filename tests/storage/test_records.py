"""What is known of a board, and how each thing that happens to it changes that."""

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import UploadCut
from custom_components.mkr1000_ota.arduino_ota.firmware.offers import Seen
from custom_components.mkr1000_ota.arduino_ota.flash.passwords import Keyring
from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.arduino_ota.flash.stored import from_json, to_json
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Outcome, Verdict
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.errors import translated_error
from custom_components.mkr1000_ota.issues import Kind
from custom_components.mkr1000_ota.storage.memory import RememberedRelease, SourceMemory
from custom_components.mkr1000_ota.storage.records import KEPT_FLASHES, BoardRecord, Notice, PastFlash, WaitingOrder

type Change = Callable[[BoardRecord], BoardRecord]

PENDING = Pending(
    version="2.0",
    previous_version="1.0",
    sha256="22" * 32,
    size=1000,
    started=1.7e9,
    old_password="of 1.0",
    expected=("of 2.0",),
    guesses=("open",),
    name="Garden",
    library=Library.ARDUINOOTA,
    signature="of somebody",
    phase=Phase.FINISHING,
)
FIRST = PastFlash(version="1.0", sha256="11" * 32, size=900, started=1.6e9, password="of 1.0")
ORDER = WaitingOrder(version="2.0", sha256="22" * 32, file="garden.bin", ordered=1.69e9, until=1.8e9, password="of 2.0")
LATER = replace(ORDER, version="3.0", sha256="33" * 32, ordered=1.75e9, board_name="Arduino")
NOW = 1.76e9

# A board that runs 1.0 and is being flashed with 2.0.
FLASHING = BoardRecord(
    keyring=Keyring(("of 1.0", "of 0.9")),
    pending=PENDING,
    history=(FIRST,),
    version="1.0",
    sha256=FIRST.sha256,
    order=ORDER,
    ran=(FIRST.sha256,),
)


def ended(record: BoardRecord, verdict: Verdict, password: str | None) -> Outcome:
    """Return how the pending flash has ended, on a board that accepts a password then."""
    assert record.pending is not None
    return Outcome(verdict=verdict, pending=record.pending, accepted=password)


def closed(record: BoardRecord, verdict: Verdict, password: str | None = None) -> BoardRecord:
    """Return the record after that."""
    keyring = record.keyring if password is None else record.keyring.accepted(password)
    return record.closed(keyring, ended(record, verdict, password), NOW)


RUNNING = closed(FLASHING, Verdict.FLASHED, "of 2.0")
LOCKED = closed(FLASHING, Verdict.LOCKED)
UNHEALTHY = RUNNING.judged(healthy=False, rollback_to=FIRST.sha256).with_notice(
    Kind.UNHEALTHY, translated_error("not_rolled_back"), "2.0"
)
BACK = replace(
    PENDING, version="1.0", previous_version="2.0", sha256=FIRST.sha256, old_password="of 2.0", expected=("of 1.0",)
)
GOING_BACK = replace(UNHEALTHY, pending=BACK)


def test_everything_outlives_a_journey_through_json() -> None:
    record = replace(
        FLASHING,
        order=LATER,
        chosen="1.0",
        failed=("44" * 32,),
        seen={"11" * 32: Seen(at=1.5e9, built=1.4e9, label="1.0")},
        source_memory=SourceMemory(
            source="folder",
            failing_since=1.7e9,
            release=RememberedRelease(version="2.0", size=4, warnings={"little_ram": {"free": "4000"}}),
        ),
        password_checked=1.7e9,
        password_rejected=True,
        rollback_to="11" * 32,
        notices={Kind.NOT_INSTALLED: Notice(reason="wait_over", placeholders={"version": "2.0"}, order=ORDER)},
    )
    stored = json.loads(json.dumps(to_json(record)))
    assert from_json(BoardRecord, stored, "data") == record


def test_what_a_newer_version_has_written_is_kept_for_its_return() -> None:
    """In each part of the record, though nothing here knows what it means."""
    stored = to_json(
        replace(
            FLASHING,
            notices={Kind.UNCERTAIN: Notice(reason="verdict_uncertain")},
            source_memory=SourceMemory(release=RememberedRelease(version="2.0")),
        )
    )
    parts = [stored[name] for name in ("keyring", "pending", "order", "source_memory")]
    for part in (
        stored,
        stored["history"][0],
        stored["notices"]["uncertain"],
        stored["source_memory"]["release"],
        *parts,
    ):
        part["invented later"] = {"by": ["somebody"]}
    stored["notices"]["a kind that is invented later"] = to_json(Notice(reason="invented later"))
    record = from_json(BoardRecord, stored, "data")
    assert to_json(record) == stored
    assert "invented later" in closed(record, Verdict.FLASHED, "of 2.0").keyring.unknown
    assert not closed(record, Verdict.FLASHED, "of 2.0").history[0].unknown


def test_a_null_counts_as_missing() -> None:
    assert from_json(BoardRecord, dict.fromkeys(to_json(FLASHING)), "data") == BoardRecord()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda stored: stored["history"][0].update(size="large"), "data.history.0.size"),
        (lambda stored: stored["history"].append({"version": "secret"}), "data.history.1"),
        (lambda stored: stored["keyring"].update(passwords=["fine", 7]), "data.keyring.passwords.1"),
        (lambda stored: stored["pending"].update(phase="secret"), "data.pending.phase"),
        (lambda stored: stored.update(order=["secret"]), "data.order"),
        (lambda stored: stored["source_memory"].update(release={"size": "secret"}), "data.source_memory.release.size"),
        (lambda stored: stored.update(password_rejected=1), "data.password_rejected"),
        (lambda stored: stored.update(password_checked=True), "data.password_checked"),
        (lambda stored: stored.update(password_checked=10**400), "data.password_checked"),
    ],
)
def test_what_is_wrong_is_said_by_its_place_and_not_by_its_value(change: Callable[[Any], None], path: str) -> None:
    stored = to_json(FLASHING)
    change(stored)
    with pytest.raises(ValueError, match=f"^{path}$"):
        from_json(BoardRecord, stored, "data")


def test_nothing_secret_is_in_what_is_printed() -> None:
    everything = repr(replace(FLASHING, unknown={"password": "of 3.0"}))
    for secret in ("of 1.0", "of 0.9", "of 2.0", "open", "of 3.0"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("verdict", "password", "version", "keyring", "notices", "is_rejected"),
    [
        (Verdict.FLASHED, "of 2.0", "2.0", ("of 2.0", "of 1.0", "of 0.9"), {}, False),
        (Verdict.FLASHED, "of 1.0", "2.0", ("of 1.0", "of 0.9"), {}, False),
        (Verdict.LOCKED, None, "2.0", ("of 1.0", "of 0.9"), {}, True),
        (Verdict.WITHOUT_OTA, None, "2.0", ("of 1.0", "of 0.9"), {}, False),
        (Verdict.UNCERTAIN, None, None, ("of 1.0", "of 0.9"), {"uncertain": "verdict_uncertain"}, True),
        (Verdict.UNCERTAIN, "of 1.0", None, ("of 1.0", "of 0.9"), {"uncertain": "verdict_uncertain"}, False),
        (Verdict.NOT_APPLIED, "of 1.0", "1.0", ("of 1.0", "of 0.9"), {"not_installed": "verdict_not_applied"}, False),
        # Somebody else has flashed the board meanwhile.
        (Verdict.NOT_APPLIED, "of 0.9", None, ("of 0.9", "of 1.0"), {"not_installed": "verdict_foreign"}, False),
    ],
)
def test_the_end_of_a_flash_and_what_has_to_be_known_of_it_are_one_change(
    verdict: Verdict,
    password: str | None,
    version: str | None,
    keyring: tuple[str, ...],
    notices: dict[str, str],
    is_rejected: bool,
) -> None:
    record = closed(FLASHING.with_notice(Kind.NOT_BACK, translated_error("verdict_not_back"), "2.0"), verdict, password)
    assert record.pending is None
    assert record.order is None
    assert record.version == version
    assert record.keyring.passwords == keyring
    assert {kind: notice.reason for kind, notice in record.notices.items()} == notices
    assert record.password_rejected is is_rejected
    assert record.password_checked == NOW
    orders = [notice.order for notice in record.notices.values()]
    assert orders == [ORDER] * len(notices), "it can be installed again, wherever it came from"
    assert record.needed_images == [ORDER.sha256] * len(notices)


@pytest.mark.parametrize("code", ["little_ram", "watchdog"])
def test_nobody_is_told_that_another_try_is_safe_if_the_sketch_that_may_run_does_not_bear_it(code: str) -> None:
    risky = replace(FLASHING, pending=replace(PENDING, warnings={code: {}}))
    [notice] = closed(risky, Verdict.UNCERTAIN, "of 1.0").notices.values()
    assert notice.reason == "verdict_uncertain_risky"
    harmless = replace(FLASHING, pending=replace(PENDING, warnings={"hangs_after_update": {}}))
    [notice] = closed(harmless, Verdict.UNCERTAIN, "of 1.0").notices.values()
    assert notice.reason == "verdict_uncertain"


def test_what_the_board_has_got_nothing_of_is_still_ordered() -> None:
    record = FLASHING.closed(FLASHING.keyring, None, NOW)
    assert record == replace(FLASHING, pending=None, password_checked=NOW)


def test_why_an_upload_has_ended_is_kept() -> None:
    outcome = replace(ended(FLASHING, Verdict.NOT_APPLIED, "of 1.0"), error=UploadCut(8, 16))
    [notice] = FLASHING.closed(FLASHING.keyring, outcome, NOW).notices.values()
    assert notice.reason == "upload_cut"
    assert (notice.placeholders["taken"], notice.placeholders["size"]) == ("8", "16")


def test_what_a_flash_leaves() -> None:
    assert RUNNING.running == PastFlash(
        version="2.0",
        sha256=PENDING.sha256,
        size=1000,
        started=1.7e9,
        password="of 2.0",
        signature="of somebody",
        previous_version="1.0",
        name="Garden",
        library=Library.ARDUINOOTA,
        health_due=True,
    )
    assert RUNNING.history[1:] == (FIRST,)
    assert RUNNING.ran == (PENDING.sha256, FIRST.sha256)
    assert [LOCKED.health_is_due, LOCKED.history[0].password] == [False, None], "nobody can go back from there"


def test_what_was_ordered_after_a_flash_has_still_to_come() -> None:
    record = replace(FLASHING, order=LATER)
    assert closed(record, Verdict.NOT_APPLIED, "of 1.0").order == LATER
    left = closed(record, Verdict.FLASHED, "of 2.0").order
    assert left == replace(LATER, board_name=None, board_library=Library.ARDUINOOTA), "of what it runs by then"
    again = replace(LATER, sha256=PENDING.sha256)
    assert closed(replace(record, order=again), Verdict.FLASHED, "of 2.0").order is None, "it has been done"


def test_a_build_that_is_healthy_is_judged_once() -> None:
    healthy = RUNNING.judged(healthy=True)
    assert not healthy.health_is_due
    assert healthy.failed == ()
    again = closed(replace(healthy, pending=PENDING), Verdict.FLASHED, "of 2.0")
    assert again.health_is_due, "its owner's own install is another occasion"


def test_a_build_that_is_not_healthy_is_remembered_and_not_chosen_any_more() -> None:
    record = replace(RUNNING, chosen="2.0").judged(healthy=False, rollback_to=FIRST.sha256)
    assert record.failed == (PENDING.sha256,)
    assert record.chosen is None
    assert not record.health_is_due
    assert record.judged(healthy=True).failed == ()


@pytest.mark.parametrize(("verdict", "password"), [(Verdict.FLASHED, "of 1.0"), (Verdict.LOCKED, None)])
def test_a_rollback_ends_at_the_build_that_it_goes_back_to(verdict: Verdict, password: str | None) -> None:
    """That is never judged again, and what a person has to know of it is in the same change."""
    record = closed(GOING_BACK, verdict, password)
    assert record.version == "1.0"
    assert record.rollback_to is None
    assert not record.health_is_due
    assert record.notices == {
        Kind.UNHEALTHY: Notice(reason="rolled_back", placeholders={"version": "2.0", "previous": "1.0"})
    }


def test_a_rollback_that_was_not_applied_is_still_due() -> None:
    record = closed(GOING_BACK, Verdict.NOT_APPLIED, "of 2.0")
    assert record.rollback_to == FIRST.sha256
    assert {kind: notice.reason for kind, notice in record.notices.items()} == {"unhealthy": "not_rolled_back"}


def test_a_rollback_that_is_uncertain_is_not_tried_on_an_unknown_sketch() -> None:
    record = closed(GOING_BACK, Verdict.UNCERTAIN, "of 2.0")
    assert [record.rollback_to, record.version] == [None, None]
    assert record.notices.keys() == {"uncertain"}, "the other one said that it is tried again"


@pytest.mark.parametrize(
    ("record", "password", "version", "known"),
    [
        (RUNNING, "of 2.0", "2.0", "of 2.0"),
        (RUNNING, "of 1.0", None, "of 2.0"),
        (RUNNING, "never heard", None, "of 2.0"),
        (LOCKED, "never heard", "2.0", "never heard"),
        # Those were tried, and accepted by something else.
        (LOCKED, "of 1.0", None, None),
        (LOCKED, "of 0.9", None, None),
        # A sketch without OTA accepts nothing.
        (closed(FLASHING, Verdict.WITHOUT_OTA), "never heard", None, None),
    ],
)
def test_another_password_than_that_of_the_sketch_comes_from_another_sketch(
    record: BoardRecord, password: str, version: str | None, known: str | None
) -> None:
    after = record.accepted(password, NOW)
    assert after.version == version
    assert after.keyring.current == password
    assert after.history[0].password == known
    assert not after.password_rejected


@pytest.mark.parametrize(("record", "version"), [(RUNNING, None), (LOCKED, "2.0"), (UNHEALTHY, None)])
def test_a_board_that_accepts_no_password_was_flashed_elsewhere_unless_nobody_knew_that_of_its_sketch(
    record: BoardRecord, version: str | None
) -> None:
    after = record.rejected(NOW)
    assert after.version == version
    assert after.password_rejected
    assert after.rollback_to is None


def test_a_sketch_whose_image_somebody_had_is_what_runs() -> None:
    unknown = RUNNING.rejected(NOW)
    adopted = replace(FIRST, version="4.0", sha256="44" * 32, password="of 4.0", started=NOW)
    record = unknown.adopted(adopted, NOW)
    assert record.running == adopted
    assert record.keyring.current == "of 4.0"
    assert not record.password_rejected
    assert not record.health_is_due
    again = record.adopted(replace(adopted, started=NOW + 1), NOW)
    assert again.history == record.history, "nothing new"
    locked = LOCKED.adopted(replace(adopted, sha256=PENDING.sha256), NOW)
    assert locked.history == (replace(LOCKED.history[0], password="of 4.0"), FIRST), "its password was all that lacked"


def test_the_history_is_bounded() -> None:
    record = RUNNING
    for number in range(300):
        pending = replace(PENDING, version=f"{number}.0", sha256=f"{number:064}")
        record = closed(replace(record, pending=pending), Verdict.FLASHED, "of 2.0").judged(healthy=False)
    assert [flash.version for flash in record.history] == [f"{299 - back}.0" for back in range(KEPT_FLASHES)]
    assert len(record.ran) == len(record.failed) == 200
