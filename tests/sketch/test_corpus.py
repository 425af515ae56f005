"""Hundreds of files, good ones and every kind of bad one: none is judged wrongly, and what is found is true."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.hardware import Storage, model_named
from custom_components.mkr1000_ota.arduino_ota.sketch import MOST_CANDIDATES, Sketch
from tests.virtual_board.corpus import HARMLESS, HAZARDS, LAYOUTS, OBSCURE, Specimen, corpus

pytestmark = pytest.mark.slow

# A literal is found by then, wherever begin() is.
WORST_RANK = 12


@pytest.fixture(scope="module")
def results() -> list[tuple[Specimen, Sketch | str]]:
    """The whole corpus, each with what it tells or why it is refused."""
    return [(specimen, inspect(specimen)) for specimen in corpus()]


@pytest.fixture(scope="module")
def sketches(results: list[tuple[Specimen, Sketch | str]]) -> list[tuple[Specimen, Sketch]]:
    """Those that are accepted."""
    return [(specimen, result) for specimen, result in results if isinstance(result, Sketch)]


def inspect(specimen: Specimen) -> Sketch | str:
    """Inspect a specimen for the board that it is meant for."""
    try:
        return Sketch.inspect(specimen.image, model=model_named(specimen.model), storage=Storage(specimen.storage))
    except SketchRefused as refused:
        return refused.reason


def is_common(specimen: Specimen) -> bool:
    """Whether the password is one of the strings that every image has."""
    return specimen.password in ("OK", "Basic ", "mkr1000")


def test_there_are_enough_of_them(results: list[tuple[Specimen, Sketch | str]]) -> None:
    """Of both kinds, and of everything that there is a name for."""
    good = [specimen for specimen, _ in results if specimen.good]
    assert len(good) >= 350
    assert len(results) - len(good) >= 300
    assert {specimen.kind for specimen in good} >= {*LAYOUTS, *HARMLESS, *HAZARDS}


def test_no_good_sketch_is_refused(results: list[tuple[Specimen, Sketch | str]]) -> None:
    """An owner is never kept from flashing what would work."""
    assert [(one.name, result) for one, result in results if one.good and isinstance(result, str)] == []


def test_no_bad_file_passes_and_each_is_refused_for_what_it_is(
    results: list[tuple[Specimen, Sketch | str]],
) -> None:
    """A board never gets what would kill it."""
    wrong = [
        (one.name, one.kind, result)
        for one, result in results
        if not one.good and (isinstance(result, Sketch) or one.kind not in (result, "damaged"))
    ]
    assert wrong == []


def test_what_will_need_a_hand_is_told_and_nothing_else(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """A warning that is not true would soon not be read any more."""
    wrong = [
        (one.name, one.warnings, sketch.warnings)
        for one, sketch in sketches
        if {finding.code for finding in sketch.warnings} != one.warnings
    ]
    assert wrong == []


def test_what_a_sketch_says_of_itself_is_found(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """Library, model, version and, unless a compiler has put begin() elsewhere, the name."""
    wrong = [
        (one.name, sketch)
        for one, sketch in sketches
        if (sketch.library, sketch.version, sketch.ota) != (one.library, one.version, True)
        or sketch.model is None
        or sketch.model.id != one.model
        or (sketch.name != one.name_in_sketch and not (one.kind in OBSCURE and sketch.name is None))
    ]
    assert wrong == []


def test_the_password_is_among_the_candidates_wherever_it_is_in_the_image(
    sketches: list[tuple[Specimen, Sketch]],
) -> None:
    """It is the first one, unless a compiler has put begin() elsewhere; and there are never too many.

    Nobody finds the empty one, one of two letters, or one that every image has, where nothing points to it.
    """
    ranks = [
        (
            one.name,
            sketch.passwords.index(one.password) if one.password in sketch.passwords else None,
            WORST_RANK if one.kind in OBSCURE else 0,
        )
        for one, sketch in sketches
        if one.password_findable and not (one.kind in OBSCURE and (is_common(one) or len(one.password) < 4))
    ]
    assert [(name, rank) for name, rank, worst in ranks if rank is None or rank > worst] == []
    assert max(len(sketch.passwords) for _, sketch in sketches) <= MOST_CANDIDATES


def test_the_password_that_a_sketch_certainly_wants_is_stated(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """And none where it may want another."""
    wrong = [
        (one.name, sketch.stated_password)
        for one, sketch in sketches
        if sketch.stated_password != (one.password if one.stated else None)
    ]
    assert wrong == []


def test_the_password_is_recognised_as_a_literal(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """So a password that is known already can be told to be the one of a new sketch."""
    assert [
        one.name for one, sketch in sketches if one.password_findable and not sketch.has_literal(one.password)
    ] == []


def test_no_password_is_printed_by_accident(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """Neither logs nor error reports show what is in an image."""
    telling = [one.name for one, sketch in sketches if len(one.password) > 3 and one.password in repr(sketch)]
    assert [name for name in telling if "mkr1000" not in name] == []
