"""The label of a build: its version or its time, never the same for two, and the same for ever."""

from datetime import datetime, timedelta, timezone

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.offers import Seen, find_offers

from .offered import FIRST_LOOK, Garden, board, build, choosable, digest, offered

HASH = digest("rebuilt")[:6]


def test_the_time_of_compiling_is_the_label_if_the_image_states_it() -> None:
    garden = Garden(running="old")
    made = datetime(2026, 11, 26, 22, 7, 59)  # noqa: DTZ001  # a compiler does not say where it is
    assert offered(garden.look(build("new", built=made))) == "2026.11.26.2207"


def test_times_are_those_of_the_people_there() -> None:
    zone = timezone(timedelta(hours=9))
    offers = find_offers(board(), [build("new")], seen={}, now=FIRST_LOOK, zone=zone)
    assert offered(offers) == "2026.11.27.1730"


def test_a_rebuild_of_one_version_is_offered_under_a_label_of_its_own() -> None:
    garden = Garden()
    garden.install(garden.look(build("a", "2.0.0")).offered)
    offers = garden.look(build("rebuilt", "2.0.0"))
    assert offered(offers) == f"2.0.0 ({HASH})"
    garden.install(offers.offered)
    offers = garden.look(build("rebuilt", "2.0.0"))
    assert (offered(offers), choosable(offers)) == (None, [f"2.0.0 ({HASH})"])
    assert offered(garden.look(build("rebuilt", "2.0.0"), build("c", "2.0.1"))) == "2.0.1"


def test_a_label_stays_when_the_one_that_had_it_first_has_gone() -> None:
    garden = Garden()
    assert choosable(garden.look(build("a", "2.0.0"))) == ["2.0.0"]
    assert choosable(garden.look(build("rebuilt", "2.0.0"))) == [f"2.0.0 ({HASH})"]
    assert choosable(garden.look(build("rebuilt", "2.0.0"), build("a", "2.0.0"))) == [f"2.0.0 ({HASH})", "2.0.0"]


@pytest.mark.parametrize("version", ["latest", "unknown", "unavailable"])
def test_a_release_that_is_always_called_latest_is_offered_when_its_file_changes(version: str) -> None:
    """Its label is not what a person chooses who wants whatever is newest, nor a state that means something else."""
    garden = Garden()
    offers = garden.look(build("a", version))
    assert offered(offers) == f"{version} ({digest('a')[:6]})"
    garden.install(offers.offered)
    assert offered(garden.look(build("rebuilt", version))) == f"{version} ({HASH})"


def test_one_content_under_two_versions_is_one_build() -> None:
    garden = Garden(running="a")
    offers = garden.look(build("a", "1.0"), build("a", "1.1"))
    assert (choosable(offers), offered(offers)) == (["1.1"], None)


def test_what_ran_keeps_the_label_that_it_ran_under() -> None:
    garden = Garden()
    garden.install(garden.look(build("a", "1.0")).offered)
    assert choosable(garden.look(build("a", "1.1"))) == ["1.0"]


def test_what_is_signed_decides_the_version_once_a_key_is_trusted() -> None:
    garden = Garden(running="a", key_pinned=True)
    known = build("a", "1.1", stated_version="1.1")
    old = build("b", "9.9.9", stated_version="1.0")
    silent = build("c", "9.9.9")
    offers = garden.look(known, old)
    assert (offered(offers), choosable(offers)) == (None, ["1.1", "1.0"])
    assert offered(garden.look(known, old, silent)) == "2026.11.27.0832"


def test_what_has_gone_is_remembered_as_long_as_there_is_room() -> None:
    garden = Garden(ran="ran", failed="failed")
    garden.look(build("ran", "0.1"), build("failed", "0.2"))
    for number in range(300):
        garden.look(build(str(number), "1.0"))
    assert len(garden.seen) < 110
    assert [garden.seen[digest(each)].label for each in ("ran", "failed")] == ["0.1", "0.2"]
    assert digest("299") in garden.seen and digest("250") in garden.seen


def test_labels_that_a_store_has_twice_are_told_apart() -> None:
    seen = dict.fromkeys((digest("a"), digest("b")), Seen(at=FIRST_LOOK, label="1.0"))
    offers = find_offers(board(), [build("a", "1.0"), build("b", "1.0")], seen=seen, now=FIRST_LOOK)
    assert len(set(choosable(offers))) == 2


def test_a_hash_is_no_build_number() -> None:
    """Not even one that has no letters."""
    content = next(str(number) for number in range(1000) if digest(str(number))[:6].isdecimal())
    garden = Garden()
    garden.look(build("a", "2.0.0"))
    garden.install(garden.look(build(content, "2.0.0")).offered)
    assert garden.seen[digest(content)].label == f"2.0.0 ({digest(content)[:6]})"
    assert offered(garden.look(build("b", "2.0.0+5"))) == "2.0.0+5"
