"""What is on offer: the newest build that the board has not run, under a label that stays."""

from datetime import UTC, datetime
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.belonging import Hold
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release

from .offered import BETWEEN_LOOKS, FIRST_LOOK, Garden, build, choosable, held_back, offered, unknown


@pytest.mark.parametrize(
    ("facts", "releases", "expected"),
    [
        pytest.param({}, [], None, id="an empty folder"),
        pytest.param({}, [build("a", "1.0")], "1.0", id="the first sketch of all"),
        pytest.param({"running": "a"}, [build("a", "1.0")], None, id="what runs"),
        pytest.param({"running": "a"}, [build("a", "1.9"), build("b", "1.10")], "1.10", id="a higher version"),
        pytest.param({"running": "b"}, [build("a", "1.9"), build("b", "1.10")], None, id="an older version"),
        pytest.param(
            {"running": "a"},
            [build("a", "9.2.0"), build("b", "9.2.0-5-gabc1234")],
            "9.2.0-5-gabc1234",
            id="commits ahead",
        ),
        pytest.param({"running": "b"}, [build("a", "9.2.0"), build("b", "9.2.0-5-gabc1234")], None, id="its tag"),
        pytest.param(
            {"running": "c", "ran": "a"},
            [build("a", "1.0"), build("b", "2.0"), build("c", "3.0")],
            None,
            id="one that was passed over",
        ),
        pytest.param(
            {"running": "a", "ran": "c"},
            [build("a", "1.0"), build("b", "2.0"), build("c", "3.0")],
            "2.0",
            id="never new again, as long as there is something else",
        ),
        pytest.param(
            {"running": "a", "ran": "c"}, [build("a", "1.0"), build("c", "3.0")], "3.0", id="nothing else is newer"
        ),
        pytest.param(
            {"running": "gone", "ran": "a"}, [build("a")], "2026.11.27.0831", id="nothing else is in the source"
        ),
        pytest.param(
            {"running": "b", "ran": "a"}, [build("a", "0.9"), build("b", "1.0")], None, id="nothing but older"
        ),
        pytest.param(
            {"running": "a", "failed": "c"},
            [build("a", "1.0"), build("b", "2.0"), build("c", "3.0")],
            "2.0",
            id="one that has not failed its health check",
        ),
        pytest.param(
            {"running": "a", "failed": "c"}, [build("a", "1.0"), build("c", "3.0")], None, id="all others failed"
        ),
        pytest.param({}, [build("a", "1.0"), build("b", "2.0")], "2.0", id="the newest if nobody knows what runs"),
        pytest.param({"ran": "b"}, [build("a", "1.0"), build("b", "2.0")], "2.0", id="it may have run before then"),
        pytest.param(
            {"running": "a"},
            [build("a", "1.0"), build("b", "2.0"), unknown("c", "3.0")],
            "2.0",
            id="what is known so far",
        ),
        pytest.param(
            {"running": "a"}, [build("a", "1.0"), unknown("c", "3.0")], None, id="nothing that nobody looked into"
        ),
    ],
)
def test_one_build_is_offered(facts: dict[str, str], releases: list[Release], expected: str | None) -> None:
    """Or none; whatever the order in which a source tells them."""
    for told in (releases, releases[::-1]):
        assert offered(Garden(**facts).look(*told)) == expected


def test_what_the_ide_exports_is_offered_each_time() -> None:
    garden = Garden()
    for minute, content in enumerate(("first", "second", "third"), start=31):
        offers = garden.look(build(content, file="garden.ino.bin"))
        assert offered(offers) == f"2026.11.27.08{minute}"
        garden.install(offers.offered)
        assert offered(garden.look_again(build(content, file="garden.ino.bin"))) is None


def test_of_two_without_version_the_one_compiled_later_is_newer() -> None:
    early, late = (datetime(2026, 11, day, 12, 0, tzinfo=UTC) for day in (1, 2))
    assert offered(Garden().look(build("x", built=late), build("y", built=early))) == "2026.11.02.1200"
    assert offered(Garden().look(build("x", built=early), build("y", built=late))) == "2026.11.02.1200"


def test_an_old_export_that_turns_up_is_not_newer_than_one_compiled_later() -> None:
    garden = Garden()
    early, late = (datetime(2026, 11, day, 12, 0, tzinfo=UTC) for day in (1, 2))
    garden.install(garden.look(build("x", built=late)).offered)
    assert offered(garden.look(build("x", built=late), build("y", built=early))) is None


def test_what_is_put_back_in_place_of_what_runs_is_offered_again() -> None:
    """Not if its version is older: that is how a server looks that has lost its newest file."""
    garden = Garden()
    early, late = (datetime(2026, 11, day, 12, 0, tzinfo=UTC) for day in (1, 2))
    garden.install(garden.look(build("x", built=early)).offered)
    garden.install(garden.look(build("y", built=late)).offered)
    offers = garden.look(build("x", built=early))
    assert (offered(offers), offers.unattended) == ("2026.11.01.1200", False)
    garden = Garden()
    garden.install(garden.look(build("x", "1.0")).offered)
    garden.install(garden.look(build("y", "1.1")).offered)
    assert offered(garden.look(build("x", "1.0"))) is None


def test_what_was_there_before_and_never_ran_is_nothing_new_either() -> None:
    garden = Garden()
    garden.look(build("x"))
    garden.install(garden.look(build("x"), build("y")).offered)
    assert offered(garden.look(build("x"))) is None


def test_a_compiler_that_dreams_of_the_future_gains_nothing() -> None:
    garden = Garden()
    dreamt = build("dreamt", built=datetime(2099, 1, 1, tzinfo=UTC))
    garden.install(garden.look(dreamt).offered)
    real = build("real", built=datetime(2026, 11, 27, 8, 31, 30, tzinfo=UTC))
    assert offered(garden.look(dreamt, real)) == "2026.11.27.0831"


def test_a_first_version_is_newer_than_what_had_none() -> None:
    garden = Garden()
    garden.install(garden.look(build("a")).offered)
    assert offered(garden.look(build("b", "0.1"))) == "0.1"


def test_of_what_a_first_look_finds_the_one_published_later_is_newer() -> None:
    """Commits have no order."""
    published = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
    names = ["fe0193a", "1e5f0a2", "abc1234"]
    for order in (names, names[::-1], [names[1], names[2], names[0]]):
        releases = [build(name, name, published=at) for name, at in zip(order, published, strict=True)]
        assert choosable(Garden().look(*releases)) == order[::-1]


def test_what_comes_while_the_clock_is_not_set_yet_is_new_all_the_same() -> None:
    garden = Garden()
    garden.install(garden.look(build("old")).offered)
    garden.now = 0.0
    offers = garden.look(build("old"), build("new"))
    assert offers.offered == offers.builds[0]
    assert offers.offered.release == build("new")


def test_a_restored_old_copy_is_nothing_new() -> None:
    garden = Garden()
    garden.look(build("old"))
    garden.install(garden.look(build("new")).offered)
    offers = garden.look(build("old"), build("new"))
    assert offered(offers) is None
    assert choosable(offers) == ["2026.11.27.0832", "2026.11.27.0831"]


def test_an_older_version_that_is_chosen_holds_newer_ones_back() -> None:
    garden = Garden(running="b")
    releases = [build("a", "1.0"), build("b", "1.1"), build("c", "1.2")]
    assert offered(garden.look(*releases)) == "1.2"
    garden.choose("1.0")
    offers = garden.look(*releases)
    assert (offered(offers), held_back(offers)) == ("1.0", {"1.2": Hold.CHOSEN})
    garden.install(offers.offered)
    offers = garden.look(*releases)
    assert (offered(offers), held_back(offers)) == (None, {"1.2": Hold.CHOSEN})
    garden.choose(None)
    assert offered(garden.look(*releases)) == "1.2"


def test_a_choice_that_cannot_be_had_any_more_chooses_nothing() -> None:
    garden = Garden(running="a", chosen="1.1")
    offers = garden.look(build("a", "1.0"), build("c", "1.2"))
    assert (offered(offers), held_back(offers)) == ("1.2", {})


def test_what_has_failed_can_be_tried_again() -> None:
    garden = Garden(running="a", failed="b")
    releases = [build("a", "1.0"), build("b", "1.1")]
    assert held_back(garden.look(*releases)) == {"1.1": Hold.FAILED}
    garden.choose("1.1")
    offers = garden.look(*releases)
    assert (offered(offers), held_back(offers)) == ("1.1", {})


def test_what_ran_here_can_be_chosen_as_long_as_it_is_archived() -> None:
    garden = Garden(running="a", ran="b")
    offers = garden.look(archived=[build("a", "1.0"), build("b", "0.9")])
    assert (choosable(offers), offered(offers)) == (["1.0", "0.9"], None)
    garden.choose("0.9")
    assert offered(garden.look(archived=[build("a", "1.0"), build("b", "0.9")])) == "0.9"


def test_an_upload_is_newest_until_something_newer_is_seen() -> None:
    garden = Garden(running="a")
    releases = [build("a", "1.0"), build("b", "2.0")]
    assert offered(garden.look(*releases)) == "2.0"
    uploads = [build("upload", "1.5")]
    offers = garden.look(*releases, uploads=uploads)
    assert (offered(offers), choosable(offers)) == ("1.5", ["1.5", "2.0", "1.0"])
    garden.install(offers.offered)
    assert offered(garden.look(*releases, uploads=uploads)) is None
    assert offered(garden.look(*releases, build("c", "1.4"), uploads=uploads)) is None
    assert offered(garden.look(*releases, build("d", "2.1"), uploads=uploads)) == "2.1"
    assert offered(garden.look(*releases)) == "2.0"


def test_an_upload_of_what_lies_in_the_folder_is_newer_than_what_came_between() -> None:
    garden = Garden()
    garden.look(build("a"))
    releases = [build("a"), build("b")]
    garden.install(garden.look(*releases).offered)
    assert offered(garden.look(*releases)) is None
    uploaded = datetime.fromtimestamp(FIRST_LOOK + 3 * BETWEEN_LOOKS, UTC)
    assert offered(garden.look(*releases, uploads=[build("a", published=uploaded)])) == "2026.11.27.0831"


def test_the_newest_on_a_server_is_downloaded_before_it_is_offered() -> None:
    garden = Garden(running="a")
    releases = [build("a", "1.0"), unknown("b", "2.0"), unknown("c", "3.0", sha256=None)]
    assert garden.look(*releases).needs_download == releases[2]
    offers = garden.look(*releases[:2], build("c", "3.0"))
    assert (offered(offers), offers.needs_download) == ("3.0", None)
    garden.choose("2.0")
    offers = garden.look(*releases[:2], build("c", "3.0"))
    assert (offered(offers), offers.needs_download) == (None, releases[1])


def test_what_a_server_offers_under_the_version_that_runs_is_looked_into_once() -> None:
    """Nothing but its content can tell whether it is a rebuild."""
    garden = Garden()
    garden.install(garden.look(build("a", "1.0")).offered)
    server = unknown("?", "1.0", sha256=None)
    offers = garden.look(server)
    assert (offered(offers), choosable(offers), offers.needs_download) == (None, [], server)
    assert offered(garden.look(build("a", "1.0"))) is None


@pytest.mark.parametrize(
    ("facts", "release", "unattended"),
    [
        ({"running": "a"}, build("b", "2.0"), True),
        ({"running": "a"}, build("b", "2.0", name="Garden"), True),
        ({}, build("b", "2.0"), False),
        ({"running": "a", "ran": "b"}, build("b", "2.0"), False),
        ({"running": "a"}, build("b", "2.0", name="Pond"), False),
        ({"running": "a"}, build("b", "2.0", warnings=("waits for a terminal",)), False),
        ({"running": "a"}, build("a", "1.0"), False),
    ],
)
def test_nothing_that_a_person_should_look_at_is_installed_without_one(
    facts: dict[str, str], release: Release, unattended: bool
) -> None:
    offers = Garden(**facts).look(build("a", "1.0"), release)
    assert offers.unattended is unattended


def test_nothing_but_the_standard_library_is_needed() -> None:
    integration = Path(__file__).parents[2] / "custom_components" / "mkr1000_ota"
    code = f"import sys; sys.path.append({str(integration)!r}); import arduino_ota.firmware.offers"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, timeout=60)
