"""Which board a sketch is for: never offered to another one, whatever its version."""

from collections.abc import Iterator
from typing import Any, override

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.belonging import Hold
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release

from .offered import LARGEST, Garden, build, digest, held_back, offered, unknown

MODELS = ("mkr1000", "mkrwifi1010", "nano_33_iot")


def of(name: str | None, content: str, version: str | None, **facts: Any) -> Release:
    """Return a build that states a name."""
    return build(content, version, name=name, **facts)


GARDEN_1 = of("Garden", "g1", "1.0", file="garden-1.0.bin")
GARDEN_2 = of("Garden", "g2", "2.0", file="garden-2.0.bin")
BED_3 = of("Bed", "b3", "3.0", file="bed-3.0.bin")
STOCK_1 = of("Arduino", "s1", "1.0")
NAMELESS_3 = build("n3", "3.0")
BED = {"Bed"}


@pytest.mark.parametrize(
    ("facts", "releases", "expected", "renames", "held"),
    [
        pytest.param({}, [GARDEN_1, GARDEN_2], "2.0", None, {}, id="its own name"),
        pytest.param({"name": "garden"}, [GARDEN_2], "2.0", None, {}, id="its own name, in other letters"),
        pytest.param(
            {"others": BED},
            [GARDEN_2, BED_3],
            "2.0",
            None,
            {"bed-3.0.bin": Hold.OTHER_BOARD},
            id="another board has it",
        ),
        pytest.param(
            {"others": BED}, [BED_3], None, None, {"bed-3.0.bin": Hold.OTHER_BOARD}, id="and nothing else there"
        ),
        pytest.param(
            {"others": {"BED"}}, [BED_3], None, None, {"bed-3.0.bin": Hold.OTHER_BOARD}, id="written otherwise"
        ),
        pytest.param(
            {}, [GARDEN_2, BED_3], "2.0", None, {"bed-3.0.bin": Hold.OTHER_SKETCH}, id="there is one of its own"
        ),
        pytest.param({"name": "Arduino"}, [GARDEN_2], "2.0", "Garden", {}, id="the first own sketch"),
        pytest.param(
            {"name": "Arduino", "others": BED},
            [GARDEN_2, BED_3],
            "2.0",
            "Garden",
            {"bed-3.0.bin": Hold.OTHER_BOARD},
            id="the first own sketch, beside another's",
        ),
        pytest.param(
            {"name": "Arduino"},
            [STOCK_1, BED_3],
            "1.0",
            None,
            {"bed-3.0.bin": Hold.OTHER_SKETCH},
            id="the stock example is there",
        ),
        pytest.param({"name": "Arduino", "others": {"Arduino"}}, [STOCK_1], "1.0", None, {}, id="two of one name"),
        pytest.param({"others": {"Garden"}}, [GARDEN_2], "2.0", None, {}, id="one sketch for many boards"),
        pytest.param({}, [BED_3], "3.0", "Bed", {}, id="nobody else is called so"),
        pytest.param({"others": BED}, [GARDEN_2, NAMELESS_3], "3.0", None, {}, id="no name is anybody's"),
        pytest.param(
            {"key_pinned": True},
            [of("Bed", "b3", "3.0", stated_version="3.0", file="bed.bin")],
            None,
            None,
            {"bed.bin": Hold.OTHER_NAME},
            id="signed, but for a board of another name",
        ),
        pytest.param(
            {"key_pinned": True}, [of("Garden", "g2", "x", stated_version="2.0")], "2.0", None, {}, id="signed for it"
        ),
        pytest.param(
            {"key_pinned": True, "is_named": False},
            [of("Bed", "b3", "3.0", stated_version="3.0")],
            "3.0",
            "Bed",
            {},
            id="signed, and nobody knows what the board is called",
        ),
        pytest.param(
            {"key_pinned": True, "is_named": False, "others": BED},
            [of("Bed", "b3", "3.0", stated_version="3.0", file="bed.bin")],
            None,
            None,
            {"bed.bin": Hold.OTHER_BOARD},
            id="signed for another board",
        ),
        pytest.param(
            {},
            [build("a", "2.0", size=LARGEST + 4, file="a.bin")],
            None,
            None,
            {"a.bin": Hold.TOO_LARGE},
            id="too large",
        ),
        pytest.param({}, [build("a", "2.0", size=LARGEST)], "2.0", None, {}, id="as large as can be"),
        pytest.param(
            {"running": "g2", "others": BED},
            [GARDEN_2, of("Bed", "b", "1.0")],
            None,
            None,
            {},
            id="what is older is no loss",
        ),
    ],
)
def test_a_sketch_belongs_to_the_board_whose_name_it_states(
    facts: dict[str, Any], releases: list[Release], expected: str | None, renames: str | None, held: dict[str, str]
) -> None:
    for told in (releases, releases[::-1]):
        offers = Garden(**facts).look(*told)
        assert (offered(offers), offers.renames, held_back(offers)) == (expected, renames, held)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("image", MODELS)
@pytest.mark.parametrize("says", ["model", "board"])
def test_each_model_is_offered_its_own_sketches(model: str, image: str, says: str) -> None:
    """Whether the image proves it, or its description declares it."""
    offers = Garden(model=model).look(unknown("a", "1.0", **{says: image}))
    if model == image:
        assert offers.offered if says == "model" else offers.needs_download
    else:
        assert (offers.offered, offers.builds, offers.needs_download) == (None, (), None)
        assert held_back(offers) == {"1.0": Hold.OTHER_MODEL}


@pytest.mark.parametrize("model", MODELS)
def test_a_release_may_hold_a_file_for_each_model(model: str) -> None:
    release = [
        build(f"{each}{version}", version, model=each, file=f"garden-{each}-{version}.bin")
        for version in ("1.0", "2.0")
        for each in MODELS
    ]
    garden = Garden(model=model, running=f"{model}1.0")
    offers = garden.look(*release)
    assert offers.offered and offers.offered.release.sha256 == digest(f"{model}2.0")
    garden.install(offers.offered)
    assert held_back(garden.look(*release)) == {}


@pytest.mark.parametrize("model", MODELS)
def test_the_name_of_a_file_tells_its_model_before_anybody_downloads_it(model: str) -> None:
    release = [unknown(f"{each}2", "2.0", file=f"garden-{each}-2.0.bin") for each in MODELS]
    wanted = Garden(model=model).look(*release).needs_download
    assert wanted and wanted.sha256 == digest(f"{model}2")


def named(*files: str, **facts: Any) -> list[Release]:
    """Return builds that nobody can tell apart but by the names of their files: the higher the number, the newer."""
    return [build(file, file.rpartition("-")[2].removesuffix(".bin"), file=file, **facts) for file in files]


SHARED = named("garden-1.0.bin", "garden-1.1.bin", "bed-1.0.bin", "bed-2.0.bin")


@pytest.mark.parametrize(
    ("facts", "releases", "expected"),
    [
        pytest.param({"name": "Arduino", "running": "garden-1.0.bin"}, SHARED, "1.1", id="that of what runs"),
        pytest.param({"name": "Arduino", "running": "bed-1.0.bin"}, SHARED, "2.0", id="that of what runs on the other"),
        pytest.param({"name": "Garden"}, SHARED, "1.1", id="that of the board's name"),
        pytest.param(
            {"name": "Garden shed"}, named("garden_shed-1.0.bin", "bed-2.0.bin"), "1.0", id="written otherwise"
        ),
        pytest.param({"name": "Arduino"}, SHARED, "2.0", id="all"),
        pytest.param({}, named("bed-2.0.bin"), "2.0", id="the only one"),
        pytest.param({}, [*SHARED, *named("3.0.bin")], "3.0", id="a file without one"),
        pytest.param({}, named("garden-1.0.bin", "Garden-1.1.BIN"), "1.1.BIN", id="the same in other letters"),
    ],
)
def test_of_several_series_one_is_the_boards(facts: dict[str, Any], releases: list[Release], expected: str) -> None:
    """Also where every sketch calls itself Arduino, or nothing at all."""
    for name in (None, "Arduino") if facts.get("name") == "Arduino" else (None,):
        told = [build(each.identifier, each.version, file=each.file, name=name) for each in releases]
        assert offered(Garden(**facts).look(*told)) == expected


def test_the_tag_of_a_release_may_tell_its_series() -> None:
    releases = [
        build("a", "1.0", file="firmware.bin", series="garden-"),
        build("b", "2.0", file="firmware.bin", series="bed-"),
    ]
    offers = Garden().look(*releases)
    assert (offered(offers), [each.hold for each in offers.held_back]) == ("1.0", [Hold.OTHER_SERIES])


def test_a_name_that_two_boards_bear_tells_them_not_apart() -> None:
    releases = named("garden-1.0.bin", "garden-1.1.bin", "bed-2.0.bin", name="Garden")
    assert offered(Garden(running="garden-1.0.bin").look(*releases)) == "2.0"
    assert offered(Garden(running="garden-1.0.bin", others={"Garden"}).look(*releases)) == "1.1"


def test_a_name_of_its_own_counts_more_than_a_file() -> None:
    garden = Garden(running="garden-1.0.bin")
    releases = named("garden-1.0.bin", "irrigation-2.0.bin", name="Garden")
    assert offered(garden.look(*releases)) == "2.0"


@pytest.mark.parametrize(
    "file", ["garden2.ino.bin", "garden_new.ino.bin", "garden.ino (1).bin", "sketch_nov27a.ino.bin"]
)
def test_what_has_no_version_may_be_called_a_little_different(file: str) -> None:
    garden = Garden(name="Arduino")
    first, bed = build("first", file="garden.ino.bin"), build("bed", file="bed.ino.bin")
    garden.install(garden.look(first).offered)
    offers = garden.look(first, bed, build("second", file=file))
    assert offers.offered and offers.offered.release.file == file
    assert held_back(garden.look(first, bed)) == {"bed.ino.bin": Hold.OTHER_SERIES}


def test_the_series_of_what_runs_is_known_when_its_file_has_gone() -> None:
    garden = Garden(name="Arduino")
    garden.install(garden.look(*named("garden-1.0.bin")).offered)
    assert offered(garden.look(*SHARED[1:])) == "1.1"
    assert held_back(garden.look(*SHARED[1:]))["bed-2.0.bin"] == Hold.OTHER_SERIES
    assert offered(garden.look(*SHARED[3:])) == "2.0", "nothing else is there"


@pytest.mark.parametrize(
    ("first", "second"),
    [("garden1.bin", "garden2.bin"), ("garden_1_9.bin", "garden_1_10.bin"), ("9.bin", "10.bin")],
)
@pytest.mark.parametrize("name", ["Garden", "Arduino"])
def test_a_number_in_the_name_of_a_file_makes_no_other_series(name: str, first: str, second: str) -> None:
    garden = Garden(name=name)
    garden.install(garden.look(build("a", file=first)).offered)
    offers = garden.look(build("bed", file="bed7.bin"), build("a", file=first), build("b", file=second))
    assert offers.offered and offers.offered.release.file == second


def test_a_number_hides_no_name_of_a_board() -> None:
    offers = Garden().look(build("a", file="garden3.bin"), build("b", file="pond7.bin"))
    assert offers.offered and offers.offered.release.file == "garden3.bin"
    assert offered(Garden(name="Garden 2").look(*named("garden-1.0.bin"))) == "1.0"


@pytest.mark.parametrize("file", ["garden_shed.ino.bin", "Garden Shed_new.bin", "garden-shed2.bin"])
def test_what_begins_with_the_name_of_another_board_is_for_that_one(file: str) -> None:
    garden, shed = Garden(others={"Garden Shed"}), Garden(name="Garden Shed", others={"Garden"})
    own, other = build("own", file="garden.ino.bin"), build("other", file=file)
    garden.install(garden.look(own).offered)
    offers = garden.look(own, other)
    assert (offers.offered, held_back(offers)) == (None, {file: Hold.OTHER_SERIES})
    offers = shed.look(own, build("shed", file="garden_shed.ino.bin"), other)
    assert offers.offered and offers.offered.release.sha256 != digest("own")


def test_an_upload_is_for_the_board_that_it_was_made_for() -> None:
    """Unless another board bears its name."""
    assert offered(Garden().look(*SHARED, uploads=named("pond-0.1.bin"))) == "0.1"
    offers = Garden().look(GARDEN_2, uploads=[of("Pond", "p1", "1.0")])
    assert (offered(offers), offers.renames, offers.unattended) == ("1.0", "Pond", False)
    offers = Garden(others=BED).look(GARDEN_2, uploads=[BED_3])
    assert (offered(offers), held_back(offers)) == ("2.0", {"bed-3.0.bin": Hold.OTHER_BOARD})


def test_what_ran_on_the_board_once_can_be_had_again_whoever_bears_its_name_now() -> None:
    garden = Garden(others=BED, running="g2", ran="b3")
    offers = garden.look(GARDEN_2, BED_3, archived=[BED_3])
    assert (offered(offers), [each.label for each in offers.builds]) == (None, ["3.0", "2.0"])
    garden.choose("3.0")
    assert offered(garden.look(GARDEN_2, BED_3, archived=[BED_3])) == "3.0"


@pytest.mark.parametrize("version", [None, "2.0"])
def test_names_that_somebody_makes_up_cost_the_same_however_many_releases_there_are(version: str | None) -> None:
    walks = 0

    class Announced(dict[str, str]):
        @override
        def __iter__(self) -> Iterator[str]:
            nonlocal walks
            walks += 1
            return super().__iter__()

        @override
        def items(self) -> Any:
            nonlocal walks
            walks += 1
            return super().items()

    releases = [of(f"Pump {n}", f"p{n}", version, file=f"garden{n}.bin") for n in range(50)]
    Garden(others=Announced(dict.fromkeys(["Bed", "Garden Shed"], ""))).look(*releases, of("Garden", "g", "1.0"))
    assert walks <= 2
